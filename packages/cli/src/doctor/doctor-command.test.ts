import { join } from 'node:path';
import { DATA_FILE } from '@sluice/core/names';
import { systemClock } from '@sluice/core/ports/clock';
import { openDatabase } from '@sluice/platform/embedded/database';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../run.ts';
import { createFakeIo } from '../testing/fake-io.ts';
import { type AskedRequest, type ScriptedAnswer, startServer } from '../testing/scripted-server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../testing/temporary-folder.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await createTemporaryFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

const FREE_PORTS = { SLUICE_INGEST_PORT: '0', SLUICE_API_PORT: '0' };

async function doctor(env: Record<string, string> = {}, argv: readonly string[] = []) {
  const io = createFakeIo({ cwd: folder.path, env: { ...FREE_PORTS, ...env } });
  const code = await run(['doctor', '--json', ...argv], io);
  const { checks } = JSON.parse(io.out()) as {
    checks: { name: string; status: string; detail: string; remedy?: string }[];
  };
  return { code, checks, of: (name: string) => checks.filter((check) => check.name === name) };
}

describe('sluice doctor', () => {
  test('a machine that is fine passes everything', async () => {
    const { code, checks } = await doctor();
    expect(code).toBe(0);
    expect(checks.map(({ name }) => name)).toEqual([
      'node',
      'settings',
      'data directory',
      'disk',
      'dead letters',
      'ports',
      'ports',
      'keys',
    ]);
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([]);
  });

  test('is a line per check for people', async () => {
    const io = createFakeIo({ cwd: folder.path, env: FREE_PORTS });
    expect(await run(['doctor'], io)).toBe(0);
    expect(io.out()).toMatch(/^ok {4}node {12}version /);
    expect(io.out()).toMatch(/8 checks: 0 failed, \d warnings?\n$/);
  });

  test('bad settings fail, with all of them named', async () => {
    const { code, of } = await doctor({ SLUICE_LOG_LEVEL: 'loud', SLUICE_TICK_SECONDS: '0' });
    expect(code).toBe(1);
    expect(of('settings').map(({ status }) => status)).toEqual(['fail', 'fail']);
  });

  test('a data directory below a file cannot be made', async () => {
    await folder.write('file', 'x');
    const { code, of } = await doctor({ SLUICE_DATA_DIR: 'file/data' });
    expect([code, of('data directory')[0]!.status]).toEqual([1, 'fail']);
  });

  test('a port that another program holds fails with the setting to change', async () => {
    await using server = await startServer(() => ({ body: 'something else' }));
    const { port } = new URL(server.url);
    const { code, of } = await doctor({ SLUICE_INGEST_PORT: port });
    expect(code).toBe(1);
    expect(of('ports')[0]).toMatchObject({
      status: 'fail',
      detail: `${port}: in use by another program`,
      remedy: expect.stringContaining('SLUICE_INGEST_PORT'),
    });
  });

  test('a port on which Sluice serves is fine', async () => {
    await using ingest = await startServer(() => ({ status: 405 }));
    await using api = await startServer(() => ({ body: 'Sluice is healthy.\n' }));
    const { of } = await doctor({
      SLUICE_INGEST_PORT: new URL(ingest.url).port,
      SLUICE_API_PORT: new URL(api.url).port,
    });
    expect(of('ports').map(({ status, detail }) => [status, detail.replace(/^\d+/, 'N')])).toEqual([
      ['ok', 'N: Sluice serves there'],
      ['ok', 'N: Sluice serves there'],
    ]);
  });

  test('a public address without a key fails, with one it passes', async () => {
    const env = { SLUICE_HOST: '0.0.0.0' };
    expect((await doctor(env)).of('keys')[0]).toMatchObject({
      status: 'fail',
      remedy: expect.stringContaining('sluice keys create'),
    });
    await run(['keys', 'create', 'x'], createFakeIo({ cwd: folder.path }));
    expect((await doctor(env)).of('keys')[0]).toMatchObject({ status: 'ok', detail: '1 usable key' });
  });

  test('dead letters are a warning that says where to look', async () => {
    const database = openDatabase({ path: join(folder.path, '.sluice', DATA_FILE.database) });
    await createEmbeddedQueue({ database, name: 'logs-dead', clock: systemClock }).send([
      { body: 'x', attributes: {} },
    ]);
    await database.close();
    const { code, of } = await doctor();
    expect([code, of('dead letters')]).toEqual([
      0,
      [{ name: 'dead letters', status: 'warn', detail: '1 message', remedy: '"sluice dlq list" tells why' }],
    ]);
    expect((await doctor()).of('data directory')[0]!.detail).toMatch(/, \d.*iB$/);
  });
});

describe('destinations', () => {
  test.each([
    [204, 'ok', /takes what we send/],
    [400, 'ok', /takes what we send/],
    [401, 'fail', /refuses our credentials \(HTTP 401\)/],
    [404, 'fail', /answers HTTP 404/],
    [302, 'fail', /answers HTTP 302/],
    [503, 'warn', /answers HTTP 503 just now/],
  ])('HTTP %i is %s', async (status, verdict, detail) => {
    await using server = await startServer(() => ({ status, headers: { location: 'http://127.0.0.1:1/' } }));
    const { of } = await doctor({
      SLUICE_LOKI_URL: server.url,
      SLUICE_LOKI_AUTH: '12:token',
      SLUICE_TEMPO_URL: server.url,
    });
    for (const name of ['tempo', 'loki']) {
      expect(of(name)[0]).toMatchObject({ status: verdict, detail: expect.stringMatching(detail) });
    }
    const loki = server.asked.find(({ path }) => path === '/loki/api/v1/push');
    expect(loki?.headers.authorization).toBe(`Basic ${Buffer.from('12:token').toString('base64')}`);
    expect(server.asked.some(({ path }) => path === '/v1/traces')).toBe(true);
  });

  test('one that is not there is told without its credentials', async () => {
    const server = await startServer(() => ({}));
    await server[Symbol.asyncDispose]();
    const { code, of } = await doctor({ SLUICE_TEMPO_URL: server.url, SLUICE_TEMPO_AUTH: 'verysecret' });
    expect([code, of('tempo')[0]!.status]).toEqual([1, 'fail']);
    expect(of('tempo')[0]!.detail).toMatch(/cannot be reached/);
    expect(JSON.stringify(of('tempo'))).not.toContain('verysecret');
  });
});

describe('--probe', () => {
  /** A pipeline in one server: what was posted is found after `delay` looks. */
  function pipeline({
    delay = 0,
    refuse = false,
    lose = '',
  } = {}): (request: AskedRequest) => ScriptedAnswer {
    const posted: string[] = [];
    let looks = 0;
    return ({ path, body, method }) => {
      if (method === 'POST') {
        if (refuse) return { status: 400, headers: { 'content-type': 'text/plain' }, body: 'no' };
        if (path !== lose) posted.push(Buffer.from(body).toString());
        return { headers: { 'content-type': 'application/json' }, body: '{}' };
      }
      const id = /[0-9a-f]{32}/.exec(decodeURIComponent(path))?.[0] ?? 'none';
      const kind = path.startsWith('/jaeger') ? 'resourceSpans' : 'resourceLogs';
      const found = looks++ >= delay ? posted.filter((text) => text.includes(id) && text.includes(kind)) : [];
      return { status: found.length > 0 || kind === 'resourceLogs' ? 200 : 404, body: found.join('') };
    };
  }

  const probe = (url: string, env = {}) =>
    doctor({ SLUICE_URL: url, SLUICE_API_URL: url, ...env }, ['--probe']);

  test('a trace and a log record go through and are found again', async () => {
    await using server = await startServer(pipeline({ delay: 3 }));
    const { code, of } = await probe(server.url);
    expect(code).toBe(0);
    expect(of('probe').map(({ status, detail }) => [status, detail.replace(/\d+ ms/, 'N ms')])).toEqual([
      ['ok', 'a trace was found again after N ms'],
      ['ok', 'a log record was found again after N ms'],
    ]);
    expect(server.asked.map(({ path }) => path.split('?')[0]!.replace(/[0-9a-f]{32}/, 'ID'))).toContain(
      '/jaeger/api/traces/ID',
    );
  });

  test('what is accepted but never found fails', async () => {
    await using server = await startServer(pipeline({ lose: '/v1/logs' }));
    const { code, of } = await probe(server.url);
    expect(code).toBe(1);
    expect(of('probe')[1]).toMatchObject({
      status: 'fail',
      detail: 'the log record was accepted but not found within 15 s',
      remedy: expect.stringContaining('sluice status'),
    });
  });

  test('what is refused, or sent to nobody, fails with the reason', async () => {
    const server = await startServer(pipeline({ refuse: true }));
    expect((await probe(server.url)).of('probe')[0]!.detail).toBe('the trace was not accepted: HTTP 400: no');
    await server[Symbol.asyncDispose]();
    expect((await probe(server.url)).of('probe')[0]!.detail).toMatch(/did not come through: nothing listens/);
  });

  /** Inflates as `gunzipSync` does, all members; a lossy one keeps what the first member held. */
  function tempo({ lossy }: { lossy: boolean }): (request: AskedRequest) => ScriptedAnswer {
    let kept = '';
    return ({ method, path, body }) => {
      const hex = Buffer.from(body).toString('hex');
      if (method === 'POST') kept += lossy ? hex.slice(0, hex.length / 2) : hex;
      const id = /[0-9a-f]{32}/.exec(path)?.[0] ?? 'none';
      return { status: method === 'POST' || kept.includes(id) ? 200 : 404 };
    };
  }

  test.each([
    [false, 'false', 'ok', /^the destination reads all members: SLUICE_TEMPO_JOIN_GZIP=true is safe/],
    [false, 'true', 'ok', /^on, and the destination reads all members/],
    [true, 'false', 'ok', /^off, and must stay off: /],
    [true, 'true', 'fail', /^spans are being lost: /],
  ])(
    'a Tempo that loses gzip members (%s) with joining set to %s is %s',
    async (lossy, joined, verdict, detail) => {
      await using server = await startServer(pipeline());
      await using backend = await startServer(tempo({ lossy }));
      const { of } = await probe(server.url, {
        SLUICE_TEMPO_URL: backend.url,
        SLUICE_TEMPO_JOIN_GZIP: joined,
      });
      expect(of('joined gzip')).toMatchObject([{ status: verdict, detail: expect.stringMatching(detail) }]);
    },
  );

  test('a Tempo whose traces cannot be looked up proves nothing', async () => {
    await using server = await startServer(pipeline());
    await using backend = await startServer(({ method }) => ({ status: method === 'POST' ? 200 : 404 }));
    const { of } = await probe(server.url, { SLUICE_TEMPO_URL: backend.url, SLUICE_TEMPO_JOIN_GZIP: 'true' });
    expect(of('joined gzip')).toMatchObject([
      { status: 'warn', detail: expect.stringMatching(/^not proved: /) },
    ]);
  });
});
