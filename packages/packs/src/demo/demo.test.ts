import { UsageError } from '@sluice/core/errors';
import { createHurriedClock } from '@sluice/core/testing/hurried-clock';
import { decodeLogs } from '@sluice/otlp/decode-logs';
import { decodeMetrics } from '@sluice/otlp/decode-metrics';
import { decodeTraces } from '@sluice/otlp/decode-traces';
import type { KeyValue, Span } from '@sluice/otlp/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OtlpCapture, startOtlpCapture } from '../testing/otlp-capture.ts';
import { checkEndpoint } from './check-endpoint.ts';
import { type DemoOutcome, runDemo } from './demo.ts';
import type { DemoOptions } from './demo-options.ts';
import { SERVICES } from './sketch.ts';

const START_MS = Date.UTC(2026, 0, 1);
const SECONDS = 150;

function run(
  url: string,
  lines: string[],
  options: Partial<Pick<DemoOptions, 'visitsPerSecond' | 'plays' | 'headers'>> & { seconds?: number } = {},
): Promise<DemoOutcome> {
  const { visitsPerSecond = 12, seconds = SECONDS, plays = ['shop'], headers = {} } = options;
  return runDemo(
    { plays, endpoint: url, headers, seed: 42, visitsPerSecond, durationMs: seconds * 1000 },
    {
      clock: createHurriedClock(START_MS),
      signal: new AbortController().signal,
      print: (line) => lines.push(line),
    },
  );
}

const textOf = (attributes: readonly KeyValue[], key: string): string | undefined => {
  const value = attributes.find((entry) => entry.key === key)?.value;
  return value?.type === 'string' ? value.value : undefined;
};

describe('150 s of the shop', () => {
  let capture: OtlpCapture;
  let outcome: DemoOutcome;
  const lines: string[] = [];
  let spans: (Span & { readonly service: string | undefined })[];

  beforeAll(async () => {
    capture = await startOtlpCapture();
    outcome = await run(capture.url, lines);
    spans = capture
      .bodiesOf('traces')
      .flatMap((body) => decodeTraces(body))
      .flatMap(({ resource, scopes }) =>
        scopes.flatMap((scope) =>
          scope.spans.map((span) => ({ ...span, service: textOf(resource.attributes, 'service.name') })),
        ),
      );
  });
  afterAll(() => capture[Symbol.asyncDispose]());

  test('reports exactly what the server got', () => {
    expect(outcome.sent.spans).toBe(spans.length);
    expect(outcome.failed).toEqual({ spans: 0, logs: 0, points: 0 });
    expect(lines.at(-1)).toBe(
      `sent ${spans.length} spans, ${outcome.sent.logs} logs, ${outcome.sent.points} points of ${outcome.visits} visits`,
    );
    expect(lines.filter((line) => / visits, /.test(line))).toHaveLength(SECONDS);
  });

  test('every visit is one trace with one root at the storefront, and every parent exists', () => {
    const byTrace = Map.groupBy(spans, ({ traceId }) => traceId);
    expect(byTrace.size).toBe(outcome.visits);
    for (const trace of byTrace.values()) {
      const ids = new Set(trace.map(({ spanId }) => spanId));
      expect(ids.size).toBe(trace.length);
      const roots = trace.filter(({ parentSpanId }) => parentSpanId === '');
      expect(roots.map(({ service }) => service)).toEqual(['storefront']);
      expect(trace.every(({ parentSpanId }) => parentSpanId === '' || ids.has(parentSpanId))).toBe(true);
    }
  });

  test('times are in order and lie in the seconds that were played', () => {
    const fromNs = BigInt(START_MS - 60_000) * 1_000_000n;
    const untilNs = BigInt(START_MS + SECONDS * 1000 + 1000) * 1_000_000n;
    expect(spans.filter((span) => span.endTimeUnixNano < span.startTimeUnixNano)).toEqual([]);
    expect(spans.filter((span) => span.startTimeUnixNano < fromNs || span.endTimeUnixNano > untilNs)).toEqual(
      [],
    );
  });

  test('all services take part, with errors, retries, database and messaging spans', () => {
    expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(SERVICES));
    const failed = spans.filter(({ status }) => status.code === 2);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThan(spans.length / 4);
    expect(failed.every(({ attributes }) => textOf(attributes, 'error.type') !== undefined)).toBe(true);
    const keys = new Set(spans.flatMap(({ attributes }) => attributes.map(({ key }) => key)));
    for (const key of ['db.query.text', 'messaging.system', 'http.request.resend_count', 'http.route'])
      expect(keys).toContain(key);
    expect(spans.some(({ events }) => events.some(({ name }) => name === 'exception'))).toBe(true);
  });

  test('every log record belongs to a span that was sent', () => {
    const known = new Set(spans.map(({ traceId, spanId }) => `${traceId}/${spanId}`));
    const records = capture
      .bodiesOf('logs')
      .flatMap((body) => decodeLogs(body))
      .flatMap(({ scopes }) => scopes.flatMap((scope) => scope.records));
    expect(records.length).toBe(outcome.sent.logs);
    expect(records.filter(({ traceId, spanId }) => !known.has(`${traceId}/${spanId}`))).toEqual([]);
    expect(new Set(records.map(({ severityText }) => severityText))).toEqual(
      new Set(['INFO', 'WARN', 'ERROR']),
    );
  });

  test('counters, an up-down counter, histograms and gauges arrive', () => {
    const metrics = capture
      .bodiesOf('metrics')
      .flatMap((body) => decodeMetrics(body))
      .flatMap(({ scopes }) => scopes.flatMap((scope) => scope.metrics));
    const types = new Map(metrics.map(({ name, data }) => [name, data.type]));
    expect(Object.fromEntries(types)).toMatchObject({
      'http.server.request.duration': 'histogram',
      'shop.orders': 'sum',
      'shop.order.value': 'histogram',
      'shop.payment.attempts': 'sum',
      'shop.cart.items': 'sum',
      'shop.inventory.stock': 'gauge',
    });
  });

  test('the payment gateway fails in the last 20 s of two minutes, and says so', () => {
    const brownout = lines.flatMap((line) =>
      line.includes('payment gateway failing') ? [line.slice(0, 8)] : [],
    );
    expect([brownout[0], brownout.at(-1), brownout.length]).toEqual(['00:01:40', '00:01:59', 20]);
  });
});

test('without the shop only the metrics of the chosen systems go out, with the key, and troubles are told', async () => {
  await using capture = await startOtlpCapture();
  const lines: string[] = [];
  const outcome = await run(capture.url, lines, {
    plays: ['loom'],
    seconds: 95,
    headers: { authorization: 'Bearer k' },
  });
  const jobs = capture
    .bodiesOf('metrics')
    .flatMap((body) => decodeMetrics(body))
    .map(({ resource }) => textOf(resource.attributes, 'service.name'));
  expect(new Set(jobs)).toEqual(new Set(['loom']));
  expect(capture.requests.every(({ headers }) => headers.authorization === 'Bearer k')).toBe(true);
  expect(outcome).toMatchObject({ visits: 0, sent: { spans: 0, logs: 0 }, failed: { points: 0 } });
  expect(outcome.sent.points).toBeGreaterThan(100);
  expect(lines.filter((line) => line.endsWith('restarts'))).toEqual([
    '00:00:00  LOOM: loom-1:8000 restarts',
    '00:01:30  LOOM: loom-2:8000 restarts',
  ]);
  expect(lines.at(-1)).toBe(`sent 0 spans, 0 logs, ${outcome.sent.points} points`);
});

test('what could not be sent is told with the reason, and counted', async () => {
  await using capture = await startOtlpCapture(() => 400);
  const lines: string[] = [];
  const outcome = await run(capture.url, lines, { seconds: 2 });
  expect(outcome.sent).toEqual({ spans: 0, logs: 0, points: 0 });
  expect(outcome.failed.spans).toBeGreaterThan(0);
  expect(lines.at(-1)).toMatch(/^could not send \d+ spans, \d+ logs, \d+ points: .*Bad Request/);
});

describe('the endpoint is checked first', () => {
  const check = (url: string, headers: Record<string, string> = {}): Promise<void> =>
    checkEndpoint(url, { headers, fetch });

  test('an endpoint that takes an empty request is fine, and gets the headers', async () => {
    await using capture = await startOtlpCapture();
    await expect(check(capture.url, { authorization: 'Bearer x' })).resolves.toBeUndefined();
    expect(capture.requests[0]?.headers.authorization).toBe('Bearer x');
  });

  test.each([
    [401, /asks for a key \(HTTP 401\): put one into SLUICE_KEY/],
    [404, /is SLUICE_URL \(or OTEL_EXPORTER_OTLP_ENDPOINT\) an OTLP\/HTTP endpoint/],
  ])('HTTP %i is told with the remedy', async (status, message) => {
    await using capture = await startOtlpCapture(() => status);
    await expect(check(capture.url)).rejects.toThrow(message);
  });

  test('nothing listening is told with the remedy', async () => {
    const capture = await startOtlpCapture();
    await capture[Symbol.asyncDispose]();
    await expect(check(capture.url)).rejects.toThrow(UsageError);
    await expect(check(capture.url)).rejects.toThrow(
      /nothing answers at .*: start the pipeline with "npm start"/,
    );
  });
});
