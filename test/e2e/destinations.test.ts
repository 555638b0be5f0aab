/** A running pipeline with a real server behind it: outages, refusals, and the way back from the dead letters. */
import { createFakeLoki } from '@sluice/backends/testing/fake-loki';
import { createFakeTempo } from '@sluice/backends/testing/fake-tempo';
import { METRIC } from '@sluice/core/names';
import { makeLogRequest, makeTraceRequest } from '@sluice/otlp/testing/requests';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeDataDir, removeDataDir, runCli, startLocalProcess } from './local-process.ts';
import { eventually, findLogs, findTrace, postOtlp, readMetric, tracesIn } from './pipeline-client.ts';

let dataDir = '';
beforeEach(() => {
  dataDir = makeDataDir();
});
afterEach(() => removeDataDir(dataDir));

const firstTraceOf = (bytes: Uint8Array) => [...tracesIn(bytes)][0]!;
const makeTrace = (seed: number): Uint8Array =>
  makeTraceRequest({ spans: 5, spansPerTrace: 5, services: 1, seed, nowMs: Date.now() });

test('an outage of Tempo and Loki holds up nothing else, and they get everything afterwards', async () => {
  const [tempo, loki] = [await createFakeTempo(), await createFakeLoki()];
  tempo.faults.setDown(true);
  loki.faults.setDown(true);
  const settings = { SLUICE_TEMPO_URL: tempo.url, SLUICE_LOKI_URL: loki.url };
  await using pipeline = await startLocalProcess(settings, dataDir);
  const logs = makeLogRequest({ records: 30, seed: 1, nowMs: Date.now() });
  expect(await postOtlp(pipeline.ingestUrl, 'logs', logs)).toBe(200);
  const requests = [1, 2, 3].map(makeTrace);
  for (const bytes of requests) expect(await postOtlp(pipeline.ingestUrl, 'traces', bytes)).toBe(200);
  const [traceId] = firstTraceOf(requests[2]!);
  await eventually('the trace in the embedded store', () => findTrace(pipeline.apiUrl, traceId));
  await eventually('the lines in the embedded store', async () =>
    (await findLogs(pipeline.apiUrl, {})).length === 30 ? true : undefined,
  );
  expect([tempo.spans(), loki.entries()]).toEqual([[], []]);
  tempo.faults.setDown(false);
  loki.faults.setDown(false);
  await eventually(
    'all lines in Loki',
    async () => (loki.entries().length === 30 ? true : undefined),
    60_000,
  );
  await eventually(
    'all spans in Tempo',
    async () => (tempo.spans().length === 15 ? true : undefined),
    60_000,
  );
  expect([tempo.duplicates(), loki.duplicates()]).toEqual([0, 0]);
  await Promise.all([tempo.close(), loki.close()]);
});

test('a wrong password is an alarm, not a loss', async () => {
  const tempo = await createFakeTempo({ authorization: 'Bearer right' });
  const settings = { SLUICE_TEMPO_URL: tempo.url, SLUICE_TEMPO_AUTH: 'wrong' };
  const gauge = `${METRIC.misconfigured}{signal="traces",sink="tempo"}`;
  {
    await using pipeline = await startLocalProcess(settings, dataDir);
    expect(await postOtlp(pipeline.ingestUrl, 'traces', makeTrace(1))).toBe(200);
    await eventually('the alarm', async () =>
      (await readMetric(pipeline.apiUrl, gauge)) === 1 ? true : undefined,
    );
    expect(pipeline.errors.filter((line) => line.includes('set up wrongly'))).toHaveLength(1);
    expect(pipeline.errors.join('\n')).not.toContain('Bearer wrong');
    await pipeline.end('SIGTERM');
  }
  await using _mended = await startLocalProcess({ ...settings, SLUICE_TEMPO_AUTH: 'right' }, dataDir);
  await eventually('the spans in Tempo', async () => (tempo.spans().length === 5 ? true : undefined), 60_000);
  await tempo.close();
});

test('what Tempo refuses is listed with the reason, and arrives by a redrive once it is mended', async () => {
  let strict = true;
  const [good, bad] = [makeTrace(1), makeTrace(2)];
  const [, badSpans] = firstTraceOf(bad);
  const tempo = await createFakeTempo({
    rejectSpan: ({ spanId }) => strict && badSpans.includes(spanId),
  });
  await using pipeline = await startLocalProcess({ SLUICE_TEMPO_URL: tempo.url }, dataDir);
  const env = { SLUICE_DATA_DIR: dataDir };
  expect(await postOtlp(pipeline.ingestUrl, 'traces', bad)).toBe(200);
  expect(await postOtlp(pipeline.ingestUrl, 'traces', good)).toBe(200);

  const listed = await eventually('the dead letter', async () => {
    const { stdout } = await runCli(['dlq', 'list', '--each', '--json'], env);
    const list = JSON.parse(stdout) as {
      messages: number;
      each: { id: string; sink: string; reason: string }[];
    };
    return list.messages > 0 ? list : undefined;
  });
  expect(listed).toMatchObject({
    messages: 1,
    each: [{ sink: 'tempo', reason: expect.stringContaining('rejected 5 of 5 spans') }],
  });
  const shown = await runCli(['dlq', 'show', listed.each[0]!.id.slice(0, 12)], env);
  expect(shown.stdout).toContain(firstTraceOf(bad)[0]);
  expect(tempo.spans()).toHaveLength(5);

  strict = false;
  expect(await runCli(['dlq', 'redrive', '--all'], env)).toMatchObject({ code: 0 });
  await eventually('the mended spans in Tempo', async () => (tempo.spans().length === 10 ? true : undefined));
  expect((await runCli(['dlq', 'list'], env)).stdout).toContain('no dead letters');
  await tempo.close();
});

test('what Loki finds too old is listed with the reason, and arrives by a redrive once it takes it', async () => {
  const nowMs = Date.now();
  const [fresh, old] = [0, 30].map((days) =>
    makeLogRequest({ records: 20, services: 1, seed: 1 + days, nowMs: nowMs - days * 86_400_000 }),
  ) as [Uint8Array, Uint8Array];
  const loki = await createFakeLoki();
  await using pipeline = await startLocalProcess({ SLUICE_LOKI_URL: loki.url }, dataDir);
  const env = { SLUICE_DATA_DIR: dataDir };
  expect(await postOtlp(pipeline.ingestUrl, 'logs', old)).toBe(200);
  expect(await postOtlp(pipeline.ingestUrl, 'logs', fresh)).toBe(200);
  await eventually('the dead letter', async () => {
    const { stdout } = await runCli(['dlq', 'list', '--queue', 'logs'], env);
    return /loki.*timestamp too old/.test(stdout) ? true : undefined;
  });
  await eventually('the fresh lines', async () => (loki.entries().length === 20 ? true : undefined));

  loki.limits.maxAgeMs = Number.POSITIVE_INFINITY;
  expect(await runCli(['dlq', 'redrive', '--sink', 'loki'], env)).toMatchObject({ code: 0 });
  await eventually('the old lines', async () => (loki.entries().length === 40 ? true : undefined));
  expect((await runCli(['dlq', 'list'], env)).stdout).toContain('no dead letters');
  expect(loki.duplicates()).toBe(0);
  await loki.close();
});

test('a stop does not wait for a Tempo that never answers, and nothing is lost by it', async () => {
  const tempo = await createFakeTempo();
  tempo.faults.setRandom(1, ['timeout']);
  const settings = { SLUICE_TEMPO_URL: tempo.url };
  {
    await using pipeline = await startLocalProcess(settings, dataDir);
    expect(await postOtlp(pipeline.ingestUrl, 'traces', makeTrace(1))).toBe(200);
    await eventually('a push that hangs', async () => (tempo.requests() > 0 ? true : undefined));
    const { code, seconds } = await pipeline.end('SIGTERM');
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(5);
  }
  tempo.faults.setRandom(0);
  await using _again = await startLocalProcess(settings, dataDir);
  await eventually('the spans in Tempo', async () => (tempo.spans().length === 5 ? true : undefined));
  await tempo.close();
});
