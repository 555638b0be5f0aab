import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { makeTraceRequest } from '@sluice/otlp/testing/requests';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeDataDir, removeDataDir, runCli, runLocalProcess, startLocalProcess } from './local-process.ts';
import { postOtlp, readMetric } from './pipeline-client.ts';

let dataDir = '';
beforeEach(() => {
  dataDir = makeDataDir();
});
afterEach(() => removeDataDir(dataDir));

test('a start is ready after less than 2 s of CPU and answers on both ports', async () => {
  await using pipeline = await startLocalProcess({}, dataDir);
  expect(pipeline.startCpuSeconds ?? 0).toBeLessThan(2);
  const ready = await fetch(`${pipeline.apiUrl}/-/ready`);
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', checks: expect.any(Array) }]);
  const page = await (await fetch(`${pipeline.apiUrl}/`)).text();
  // A tail never ends by itself.
  const links = [...page.matchAll(/href="([^"]+)"/g)]
    .map(([, href]) => href!)
    .filter((href) => !/tail/.test(href));
  expect(links.length).toBeGreaterThan(10);
  for (const href of links) {
    const { status } = await fetch(`${pipeline.apiUrl}${href.replaceAll('&amp;', '&')}`);
    expect({ href, status }).toEqual({ href, status: 200 });
  }
  expect(await postOtlp(pipeline.ingestUrl, 'traces', makeTraceRequest({ spans: 1 }))).toBe(200);
  expect(pipeline.errors).toEqual([]);
});

describe('a start that cannot be is explained in one line and ends with 1:', () => {
  const refusedWith = async (
    overrides: Readonly<Record<string, string>>,
    pattern: RegExp,
    dir = dataDir,
  ): Promise<void> => {
    const { code, stdout, stderr } = await runLocalProcess(overrides, dir);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.trim()).toMatch(pattern);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  };

  test.each(['SLUICE_INGEST_PORT', 'SLUICE_API_PORT'])('the port of %s is in use', async (setting) => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    try {
      await refusedWith({ [setting]: String(port) }, new RegExp(`port ${port} .* in use.*${setting}`));
    } finally {
      server.close();
    }
  });

  test('the data directory cannot be made', async () => {
    const file = join(dataDir, 'file');
    writeFileSync(file, '');
    await refusedWith({}, /SLUICE_DATA_DIR/, join(file, 'data'));
  });

  test.runIf(existsSync('/proc/self'))('the data directory is where none can be', async () => {
    await refusedWith({}, /cannot be made.*SLUICE_DATA_DIR/, '/proc/sluice');
  });

  test('the data file is damaged', async () => {
    writeFileSync(join(dataDir, 'sluice.db'), 'this is no database, whatever its name says'.repeat(200));
    await refusedWith({}, /sluice\.db.*move it away/);
  });

  test('the data file is a folder', async () => {
    mkdirSync(join(dataDir, 'sluice.db'));
    await refusedWith({}, /sluice\.db/);
  });

  test('several settings are wrong: all are named', async () => {
    await refusedWith(
      { SLUICE_INGEST_PORT: 'http', SLUICE_TICK_SECONDS: '0', SLUICE_TEMPO_URL: 'tempo' },
      /TEMPO_URL.*INGEST_PORT.*TICK_SECONDS/,
    );
  });

  test('the address is not of this machine', async () => {
    await using keyed = await makeKeyedDir();
    await refusedWith({ SLUICE_HOST: '192.0.2.1' }, /192\.0\.2\.1 .*SLUICE_HOST/, keyed.dir);
  });

  test('other machines could reach it and there is no key', async () => {
    await refusedWith({ SLUICE_HOST: '0.0.0.0' }, /no API key.*npx sluice keys create/);
  });

  test('another process uses the data directory', async () => {
    await using _first = await startLocalProcess({}, dataDir);
    await refusedWith({}, /already runs on.*SLUICE_DATA_DIR/);
  });
});

describe('keys', () => {
  test('open every other address, and only they', async () => {
    await using keyed = await makeKeyedDir();
    await using pipeline = await startLocalProcess({ SLUICE_HOST: '0.0.0.0' }, keyed.dir);
    const { ingestUrl, apiUrl } = pipeline;
    const body = makeTraceRequest({ spans: 1 });
    const key = { 'x-api-key': keyed.secret };
    expect(await postOtlp(ingestUrl, 'traces', body)).toBe(401);
    expect(await postOtlp(ingestUrl, 'traces', body, key)).toBe(200);
    expect((await fetch(`${apiUrl}/jaeger/api/services`)).status).toBe(401);
    expect((await fetch(`${apiUrl}/jaeger/api/services`, { headers: key })).status).toBe(200);
    expect((await fetch(`${apiUrl}/-/ready`)).status).toBe(200);
  });

  test('are checked on loopback when they are presented', async () => {
    await using pipeline = await startLocalProcess({}, dataDir);
    const headers = { authorization: 'Bearer slk_nonsense' };
    expect(await postOtlp(pipeline.ingestUrl, 'traces', makeTraceRequest({ spans: 1 }), headers)).toBe(401);
    expect((await fetch(`${pipeline.apiUrl}/jaeger/api/services`, { headers })).status).toBe(401);
  });
});

describe('a stop', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s drains under load and ends with 0 within 5 s',
    async (signal) => {
      await using pipeline = await startLocalProcess({}, dataDir);
      let accepted = 0;
      let loading = true;
      const load = Array.from({ length: 4 }, async (_, worker) => {
        for (let i = 0; loading; i++) {
          const body = makeTraceRequest({ spans: 50, seed: worker * 100_000 + i });
          if ((await postOtlp(pipeline.ingestUrl, 'traces', body)) !== 200) return;
          accepted += 50;
        }
      });
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const { code, seconds } = await pipeline.end(signal);
      loading = false;
      await Promise.all(load);
      expect(code).toBe(0);
      expect(seconds).toBeLessThan(5);
      expect(accepted).toBeGreaterThan(0);

      await using again = await startLocalProcess({}, dataDir);
      expect(again.errors).toEqual([]);
      expect(
        await readMetric(again.apiUrl, 'sluice_queue_messages{queue="traces-dead",state="visible"}'),
      ).toBe(0);
    },
  );
});

/** A data directory with a key for sending and reading, and the key. */
async function makeKeyedDir(): Promise<{ readonly dir: string; readonly secret: string } & AsyncDisposable> {
  const dir = makeDataDir();
  const { stdout, stderr, code } = await runCli(
    ['keys', 'create', 'test', '--scope', 'ingest:write', '--scope', 'query:read', '--json'],
    { SLUICE_DATA_DIR: dir },
  );
  const secret = /slk_[0-9A-Za-z]{36}/.exec(stdout)?.[0];
  if (secret === undefined) throw new Error(`no key was created (${code}): ${stderr}`);
  return { dir, secret, [Symbol.asyncDispose]: async () => removeDataDir(dir) };
}
