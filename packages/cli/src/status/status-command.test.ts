import { METRIC } from '@sluice/core/names';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createHurriedClock } from '@sluice/core/testing/hurried-clock';
import { describe, expect, test } from 'vitest';
import { run } from '../run.ts';
import { createFakeIo } from '../testing/fake-io.ts';
import { type ScriptedAnswer, type ScriptedServer, startServer } from '../testing/scripted-server.ts';

const START_MS = Date.UTC(2026, 0, 1);

/** The text that the pipeline itself would write. */
async function metricsText(
  accepted: number,
  { misconfigured = 0, evicted = undefined as number | undefined } = {},
): Promise<string> {
  const self = createSelfMetrics();
  self.gauge(METRIC.buildInfo, 'x').set(1);
  self.gauge(METRIC.startTime, 'x').set(START_MS / 1000 - 3600);
  const items = self.counter(METRIC.itemsAccepted, 'x');
  items.add(accepted, { signal: 'traces', tenant: 'a' });
  items.add(accepted, { signal: 'traces', tenant: 'b' });
  self.counter(METRIC.itemsRejected, 'x').add(3, { signal: 'logs', tenant: 'a', reason: 'invalid-trace-id' });
  const messages = self.gauge(METRIC.queueMessages, 'x');
  messages.set(5, { queue: 'traces', state: 'visible' });
  messages.set(2, { queue: 'traces', state: 'in-flight' });
  messages.set(1, { queue: 'traces', state: 'delayed' });
  messages.set(4, { queue: 'traces-dead', state: 'visible' });
  self.gauge(METRIC.queueOldestAge, 'x').set(90, { queue: 'traces' });
  const pushes = self.counter(METRIC.deliveries, 'x');
  pushes.add(10, { signal: 'traces', sink: 'tempo', outcome: 'ok' });
  pushes.add(2, { signal: 'traces', sink: 'tempo', outcome: 'retryable' });
  self.counter(METRIC.deliveredItems, 'x').add(accepted, { signal: 'traces', sink: 'tempo' });
  self.gauge(METRIC.misconfigured, 'x').set(misconfigured, { signal: 'traces', sink: 'tempo' });
  if (evicted !== undefined) {
    self.gauge(METRIC.logStoreBytes, 'x').set(3 * 1_048_576);
    self.gauge(METRIC.logStoreLines, 'x').set(1234);
    self.counter(METRIC.logStoreEvicted, 'x').add(evicted, { reason: 'size' });
    self.counter(METRIC.logStoreEvicted, 'x').add(99, { reason: 'retention' });
  }
  return self.render();
}

/** Counters grow by 100 a look and tenant. */
async function startPipeline(
  ready: ScriptedAnswer = { body: '{"status":"ready","checks":[]}' },
  options = {},
): Promise<ScriptedServer> {
  const texts = await Promise.all([100, 200, 300, 400].map((accepted) => metricsText(accepted, options)));
  let looks = 0;
  return startServer(({ path }) => {
    if (path === '/-/ready') return ready;
    return path === '/metrics' ? { body: texts[Math.min(looks++, texts.length - 1)]! } : { status: 404 };
  });
}

const ioFor = (server: ScriptedServer, options = {}) =>
  createFakeIo({ env: { SLUICE_API_URL: server.url }, clock: createHurriedClock(START_MS), ...options });

describe('sluice status', () => {
  test('tells queues, rates over the interval, dead letters and destinations', async () => {
    await using server = await startPipeline();
    const io = ioFor(server);
    expect(await run(['status', '--json', '--interval', '4'], io)).toBe(0);
    const status = JSON.parse(io.out());
    expect(status).toMatchObject({ url: server.url, ready: true, problems: [], uptimeSeconds: 3604 });
    expect(status.signals[0]).toEqual({
      signal: 'traces',
      accepted: 400,
      rejected: 0,
      perSecond: 50,
      waiting: 5,
      inFlight: 2,
      delayed: 1,
      oldestAgeSeconds: 90,
      deadLetters: 4,
    });
    expect(status.signals[1]).toMatchObject({ signal: 'logs', rejected: 3 });
    expect(status.destinations).toEqual([
      { signal: 'traces', sink: 'tempo', items: 200, perSecond: 25, failedPushes: 2, misconfigured: false },
    ]);
  });

  test('is two small tables for people', async () => {
    await using server = await startPipeline(undefined, { misconfigured: 1 });
    const io = ioFor(server);
    expect(await run(['status'], io)).toBe(0);
    expect(io.out()).toMatch(/^Sluice at http:\S+ is ready, up 1 h\n/);
    expect(io.out()).toMatch(/traces\s+200\s+400\s+0\s+5\s+2\s+1\s+1 min 30 s\s+4\n/);
    expect(io.out()).toMatch(/tempo\s+traces\s+100\s+200\s+2\s+refuses us: check its URL and credentials\n/);
  });

  test.each([
    [undefined, null, /^(?!.*log store)/s],
    [0, { lines: 1234, storedBytes: 3 * 1_048_576, evictedLines: 0 }, /\nlog store: 1,234 lines in 3 MiB\n$/],
    [
      50,
      { lines: 1234, storedBytes: 3 * 1_048_576, evictedLines: 50 },
      /3 MiB; its oldest 50 were evicted because it was full \(SLUICE_MAX_STORE_MIB\)\n$/,
    ],
  ])('the log store, with %s lines that it had to let go', async (evicted, logStore, text) => {
    await using server = await startPipeline(undefined, { evicted });
    const json = ioFor(server);
    await run(['status', '--json'], json);
    expect(JSON.parse(json.out()).logStore).toEqual(logStore);
    const io = ioFor(server);
    await run(['status'], io);
    expect(io.out()).toMatch(text);
  });

  test('a pipeline that is not ready says why, exit 1', async () => {
    const body =
      '{"status":"not ready","checks":[{"name":"data file","ok":false,"detail":"disk full"},{"name":"x","ok":true}]}';
    await using server = await startPipeline({ status: 503, body });
    const io = ioFor(server);
    expect(await run(['status'], io)).toBe(1);
    expect(io.out()).toMatch(/is not ready, up 1 h\n {2}data file: disk full\n/);
  });

  test('--watch looks again until Ctrl-C, clearing the terminal between', async () => {
    await using server = await startPipeline();
    const io = ioFor(server, { isTerminal: true });
    const fetch: typeof globalThis.fetch = (...args) => {
      if (server.asked.length >= 6) io.interrupt();
      return globalThis.fetch(...args);
    };
    const code = await run(['status', '--watch'], { ...io, fetch });
    expect([0, 130]).toContain(code);
    expect(io.out().split('\u001b[H\u001b[2J').length - 1).toBeGreaterThanOrEqual(2);
  });

  test('the key goes along, and a missing one is asked for', async () => {
    await using server = await startServer(({ headers }) =>
      headers.authorization === 'Bearer slk_x' ? { status: 404 } : { status: 401 },
    );
    const io = ioFor(server);
    expect(await run(['status'], io)).toBe(1);
    expect(io.err()).toMatch(
      /asks for a key \(HTTP 401\): put one with the scope query:read into SLUICE_KEY/,
    );
    const keyed = createFakeIo({ env: { SLUICE_API_URL: server.url, SLUICE_KEY: 'slk_x' } });
    expect(await run(['status'], keyed)).toBe(1);
    expect(keyed.err()).toMatch(/metrics answered HTTP 404: is it the API port of Sluice\?/);
  });

  test('metrics of something else are no pipeline', async () => {
    await using server = await startServer(() => ({ body: 'go_goroutines 5\n' }));
    const io = ioFor(server);
    expect(await run(['status'], io)).toBe(1);
    expect(io.err()).toMatch(/serves metrics, but not those of Sluice/);
  });

  test('nothing there is told with the remedy', async () => {
    const server = await startPipeline();
    await server[Symbol.asyncDispose]();
    const io = ioFor(server);
    expect(await run(['status'], io)).toBe(1);
    expect(io.err()).toMatch(/no pipeline answers at .*: start it with "npm start", or set SLUICE_API_URL/);
  });
});
