import { gzipSync } from 'node:zlib';
import { encodeJsonRequest } from '@sluice/otlp/encode-json';
import { encodeExportResponse, encodeStatus, STATUS_CODE } from '@sluice/otlp/responses';
import { makeLogRequest, makeMetricRequest, makeTraceRequest } from '@sluice/otlp/testing/requests';
import { validateRequest } from '@sluice/otlp/validate';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../run.ts';
import { createFakeIo, type FakeIoOptions } from '../testing/fake-io.ts';
import {
  type AskedRequest,
  type ScriptedAnswer,
  type ScriptedServer,
  startServer,
} from '../testing/scripted-server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../testing/temporary-folder.ts';

const traces = makeTraceRequest({ spans: 6 });
const logs = makeLogRequest({ records: 5 });
const metrics = makeMetricRequest({ points: 4 });
const tracesJson = encodeJsonRequest('traces', traces);
const countOf = (signal: 'traces' | 'logs' | 'metrics', bytes: Uint8Array): number => {
  const validation = validateRequest(signal, bytes, { nowMs: Date.now() });
  return validation.status === 'ok' ? validation.items : Number.NaN;
};

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await createTemporaryFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

/** What a pipeline would answer to something sound. */
function accept(rejected = 0, message = ''): (request: AskedRequest) => ScriptedAnswer {
  return ({ path, headers }) => {
    const encoding = headers['content-type'] === 'application/json' ? 'json' : 'protobuf';
    const signal = path.slice('/v1/'.length) as 'traces';
    return {
      headers: { 'content-type': headers['content-type'] as string },
      body: encodeExportResponse(signal, encoding, { rejected, message }),
    };
  };
}

async function send(
  server: Pick<ScriptedServer, 'url'> | undefined,
  argv: readonly string[],
  options: FakeIoOptions = {},
) {
  const { env, ...rest } = options;
  const io = createFakeIo({
    cwd: folder.path,
    env: { SLUICE_URL: server?.url ?? 'http://127.0.0.1:1', ...env },
    ...rest,
  });
  const code = await run(['send', '--json', ...argv], io);
  const report = io.out() === '' ? undefined : JSON.parse(io.out());
  return { code, io, report, files: report?.files ?? [], totals: report?.totals };
}

describe('what is in a file', () => {
  test.each([
    ['traces.pb', traces, ['/v1/traces'], 'application/x-protobuf', countOf('traces', traces)],
    ['logs.pb.gz', gzipSync(logs), ['/v1/logs'], 'application/x-protobuf', countOf('logs', logs)],
    ['unnamed', metrics, ['/v1/metrics'], 'application/x-protobuf', countOf('metrics', metrics)],
    [
      'pretty.json',
      JSON.stringify(JSON.parse(tracesJson), undefined, 2),
      ['/v1/traces'],
      'application/json',
      6,
    ],
    ['single.json', tracesJson, ['/v1/traces'], 'application/json', 6],
    ['bom.json', `\uFEFF${tracesJson}`, ['/v1/traces'], 'application/json', 6],
    [
      'lines.ndjson',
      `${tracesJson}\n\n${tracesJson}\r\n`,
      ['/v1/traces', '/v1/traces'],
      'application/json',
      12,
    ],
    [
      'lines.jsonl.gz',
      gzipSync(`${tracesJson}\n${tracesJson}`),
      ['/v1/traces', '/v1/traces'],
      'application/json',
      12,
    ],
    [
      'lines-by-content.txt',
      `${tracesJson}\n${tracesJson}\n`,
      ['/v1/traces', '/v1/traces'],
      'application/json',
      12,
    ],
  ])('%s is told by its content and sent as it is', async (name, content, paths, contentType, items) => {
    await using server = await startServer(accept());
    await folder.write(name, content);
    const { code, files, totals } = await send(server, [name]);
    expect(code).toBe(0);
    expect(server.asked.map(({ path }) => path)).toEqual(paths);
    expect(new Set(server.asked.map(({ headers }) => headers['content-type']))).toEqual(
      new Set([contentType]),
    );
    expect(files).toHaveLength(1);
    expect(totals).toMatchObject({ requests: paths.length, accepted: items, rejected: 0, refused: 0 });
    if (contentType === 'application/x-protobuf') {
      const raw = name.endsWith('.gz') ? logs : (content as Uint8Array);
      expect(Buffer.from(server.asked[0]!.body).equals(raw)).toBe(true);
    }
  });

  test('folders are searched through, patterns matched, and each file is sent once', async () => {
    await using server = await startServer(accept());
    await folder.write('a/one.pb', traces);
    await folder.write('a/b/two.json', tracesJson);
    await folder.write('a/readme.md', 'no telemetry');
    await folder.write('three.ndjson', tracesJson);
    const { code, files } = await send(server, ['a', '*.ndjson', 'three.ndjson']);
    expect(code).toBe(0);
    expect(files.map(({ file }: { file: string }) => file)).toEqual([
      'a/b/two.json',
      'a/one.pb',
      'three.ndjson',
    ]);
  });

  test('standard input is read too, in chunks that end anywhere', async () => {
    await using server = await startServer(accept());
    const bytes = gzipSync(`${tracesJson}\n${tracesJson}\n`);
    const stdin = [bytes.subarray(0, 7), bytes.subarray(7, 100), bytes.subarray(100)];
    const { code, totals } = await send(server, ['-'], { stdin });
    expect([code, totals.requests]).toEqual([0, 2]);
  });

  test.each([
    ['an empty file', 'x.pb', '', /the file is empty/],
    [
      'JSON of something else',
      'x.json',
      '{"hello": 1}',
      /cannot tell the signal: the top-level keys are "hello"/,
    ],
    [
      'JSON that is broken',
      'x.json',
      '{"hello": 1,}',
      /this is not JSON: unexpected text at line 1, column 13/,
    ],
    ['a JSON array', 'x.json', '[1, 2]', /there is no top-level key/],
    ['damaged gzip', 'x.gz', gzipSync(traces).subarray(0, 40), /gzip data is damaged or cut short/],
    ['bytes of no kind', 'x.bin', Buffer.from('ffffffffffffff', 'hex'), /not an OTLP request of any signal/],
  ])('%s is reported and fails', async (_, name, content, reason) => {
    await using server = await startServer(accept());
    await folder.write(name, content);
    const { code, files } = await send(server, [name]);
    expect(code).toBe(1);
    expect(server.asked).toEqual([]);
    expect(files[0].refused).toBe(1);
    expect(files[0].notes[0].reason).toMatch(reason);
  });

  test('with --signal, malformed content goes out so that the server can say what is wrong', async () => {
    await using server = await startServer(() => ({
      status: 400,
      headers: { 'content-type': 'application/json' },
      body: encodeStatus('json', { code: STATUS_CODE.invalidArgument, message: 'no JSON at $' }),
    }));
    await folder.write('x.json', '{"resourceSpans": [');
    const { code, files } = await send(server, ['--signal', 'traces', 'x.json']);
    expect([code, files[0].notes[0].reason]).toEqual([1, 'HTTP 400: no JSON at $']);
    expect(server.asked).toHaveLength(1);
  });

  test.each([
    ['missing.pb', /there is no file missing\.pb/],
    ['*.none', /pattern \*\.none matches no file/],
    ['.', /folder \. holds no \.pb/],
  ])('%s names nothing: one line, exit 1', async (operand, message) => {
    const { code, io } = await send(undefined, [operand]);
    expect(code).toBe(1);
    expect(io.err()).toMatch(message);
  });
});

describe('what the server answers', () => {
  test('rejected items and warnings are told with the reason', async () => {
    await using server = await startServer((request, index) =>
      accept(index === 0 ? 2 : 0, index === 0 ? 'bad ids' : 'old names')(request),
    );
    await folder.write('two.ndjson', `${tracesJson}\n${tracesJson}\n`);
    const { code, files } = await send(server, ['--concurrency', '1', 'two.ndjson']);
    expect(code).toBe(1);
    expect(files[0]).toMatchObject({ accepted: 10, rejected: 2, warned: 1, refused: 0 });
    expect(files[0].notes).toEqual([
      { kind: 'rejected', reason: 'bad ids', count: 1, line: 1 },
      { kind: 'warned', reason: 'old names', count: 1, line: 2 },
    ]);
  });

  test('400 is final: sent once, reported with the reason of the status', async () => {
    await using server = await startServer(() => ({
      status: 400,
      headers: { 'content-type': 'application/x-protobuf' },
      body: encodeStatus('protobuf', { code: STATUS_CODE.invalidArgument, message: 'field 1 ends early' }),
    }));
    await folder.write('x.pb', traces);
    const { code, files } = await send(server, ['x.pb']);
    expect([code, server.asked.length, files[0].refused]).toEqual([1, 1, 1]);
    expect(files[0].notes[0].reason).toBe('HTTP 400: field 1 ends early');
  });

  test.each([429, 502, 503, 504])('%i is tried again, after the time that was asked for', async (status) => {
    await using server = await startServer((request, index) =>
      index < 2 ? { status, headers: { 'retry-after': '7' } } : accept()(request),
    );
    await folder.write('x.pb', traces);
    const { code, files, io } = await send(server, ['x.pb']);
    expect([code, files[0].retries, files[0].accepted]).toEqual([0, 2, 6]);
    expect(io.clock.slept).toEqual([7000, 7000]);
  });

  test('a reset is tried again with back-off', async () => {
    await using server = await startServer((request, index) =>
      index < 3 ? { reset: true } : accept()(request),
    );
    await folder.write('x.pb', traces);
    const { code, io } = await send(server, ['x.pb']);
    expect([code, io.clock.slept.length]).toEqual([0, 3]);
    // Half of the step is sure, the other half is drawn.
    for (const [index, stepMs] of [500, 1000, 2000].entries()) {
      expect(io.clock.slept[index]).toBeGreaterThanOrEqual(stepMs / 2);
      expect(io.clock.slept[index]).toBeLessThanOrEqual(stepMs);
    }
  });

  test('it gives up after --retry-for and says so', async () => {
    await using server = await startServer(() => ({
      status: 503,
      headers: { 'content-type': 'text/plain' },
      body: 'down for repair',
    }));
    await folder.write('x.pb', traces);
    const { code, files } = await send(server, ['--retry-for', '5', 'x.pb']);
    expect(code).toBe(1);
    expect(files[0].notes[0].reason).toMatch(/^HTTP 503: down for repair; gave up after \d tries$/);
  });

  test('what is too large goes in halves, and no item is lost', async () => {
    const limit = traces.length * 0.6;
    const received: number[] = [];
    await using server = await startServer((request) => {
      if (request.body.length > limit) return { status: 413 };
      received.push(countOf('traces', request.body));
      return accept()(request);
    });
    await folder.write('x.pb', traces);
    const { code, files } = await send(server, ['x.pb']);
    expect([code, files[0].accepted, files[0].refused]).toEqual([0, 6, 0]);
    expect(received.length).toBeGreaterThan(1);
    expect(received.reduce((a, b) => a + b)).toBe(6);
  });

  test.each([
    [401, /refuses the key: HTTP 401; put a key with the scope ingest:write into SLUICE_KEY/],
    [404, /is no OTLP endpoint: HTTP 404; check SLUICE_URL/],
  ])('%i ends everything at once with the remedy', async (status, message) => {
    await using server = await startServer(() => ({ status }));
    await folder.write('x.ndjson', `${tracesJson}\n`.repeat(50));
    const { code, io } = await send(server, ['x.ndjson']);
    expect(code).toBe(1);
    expect(io.err()).toMatch(message);
    expect(io.err().split('\n')).toHaveLength(2);
    expect(server.asked.length).toBeLessThanOrEqual(4);
  });

  test('nothing listening is told with the remedy', async () => {
    const server = await startServer(accept());
    await server[Symbol.asyncDispose]();
    await folder.write('x.pb', traces);
    const { code, io } = await send(server, ['x.pb']);
    expect(code).toBe(1);
    expect(io.err()).toMatch(
      /^sluice: nothing listens at http:\S+: start the pipeline with "npm start", or set SLUICE_URL/,
    );
  });

  test('an answer that is no OTLP is taken, with a warning', async () => {
    await using server = await startServer(() => ({
      headers: { 'content-type': 'application/json' },
      body: '<html>',
    }));
    await folder.write('x.json', tracesJson);
    const { code, files } = await send(server, ['x.json']);
    expect([code, files[0].warned]).toEqual([0, 1]);
    expect(files[0].notes[0].reason).toMatch(/is this an OTLP endpoint/);
  });
});

describe('options', () => {
  test('the key goes along as a bearer token', async () => {
    await using server = await startServer(accept());
    await folder.write('x.pb', traces);
    await send(server, ['x.pb'], { env: { SLUICE_KEY: 'slk_secret' } });
    expect(server.asked[0]!.headers.authorization).toBe('Bearer slk_secret');
  });

  test('--repeat sends everything again, --rate spaces items out evenly', async () => {
    await using server = await startServer(accept());
    await folder.write('x.pb', traces);
    const { totals, io } = await send(server, ['--repeat', '4', '--rate', '3', '--concurrency', '1', 'x.pb']);
    expect(totals).toMatchObject({ requests: 4, accepted: 24 });
    expect(io.clock.slept).toEqual([2000, 2000, 2000]);
  });

  test('--dry-run judges here and sends nothing', async () => {
    const bad = JSON.parse(tracesJson);
    bad.resourceSpans[0].scopeSpans[0].spans[0].traceId = '00';
    await folder.write('bad.json', JSON.stringify(bad));
    await folder.write('broken.json', '{"resourceSpans": 5}');
    await folder.write('good.pb', traces);
    const { code, files } = await send(undefined, ['--dry-run', '.']);
    expect(code).toBe(1);
    expect(
      files.map(({ file, accepted, rejected, refused }: Record<string, unknown>) => [
        file,
        accepted,
        rejected,
        refused,
      ]),
    ).toEqual([
      ['bad.json', 5, 1, 0],
      ['broken.json', 0, 0, 1],
      ['good.pb', 6, 0, 0],
    ]);
  });

  test('on a terminal there is progress, and a table with the reasons below', async () => {
    await using server = await startServer(accept(1, 'bad \u001b[31mids'));
    await folder.write('x.pb', traces);
    const io = createFakeIo({
      cwd: folder.path,
      env: { SLUICE_URL: server.url, NO_COLOR: '1' },
      isTerminal: true,
    });
    expect(await run(['send', 'x.pb'], io)).toBe(1);
    expect(io.err()).toContain('1 requests, 6 items');
    expect(io.out()).toMatch(
      /^FILE\s+SIGNAL\s+REQUESTS\s+ACCEPTED\s+REJECTED\s+WARNED\s+REFUSED\nx\.pb\s+traces\s+1\s+5\s+1\s+0\s+0\n/,
    );
    expect(io.out()).toContain('  x.pb: rejected: bad \\x1b[31mids\n');
    expect(io.out()).toContain('sent 1 request: 5 items accepted, 1 rejected, 0 requests refused\n');
  });

  test('reasons that differ in places only are told once with their number', async () => {
    await folder.write(
      'x.ndjson',
      Array.from({ length: 30 }, (_, i) => `{"resourceSpans": ${i}}`).join('\n'),
    );
    const io = createFakeIo({ cwd: folder.path });
    expect(await run(['send', '--dry-run', 'x.ndjson'], io)).toBe(1);
    expect(io.out().match(/refused: /g)).toHaveLength(1);
    expect(io.out()).toMatch(/x\.ndjson:1: refused: .*\(30 times\)/);
  });
});

test('Ctrl-C ends the sending with 130 and a report of what was sent', async () => {
  const io = createFakeIo({ cwd: folder.path, env: {} });
  await using server = await startServer((request, index) => {
    if (index === 1) io.interrupt();
    return accept()(request);
  });
  await folder.write('x.ndjson', `${tracesJson}\n`.repeat(200));
  const code = await run(['send', '--json', '--concurrency', '1', 'x.ndjson'], {
    ...io,
    env: { SLUICE_URL: server.url },
  });
  expect(code).toBe(130);
  expect(JSON.parse(io.out()).totals.requests).toBeLessThan(10);
});
