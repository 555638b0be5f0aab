import { createRandom } from '@sluice/core/testing/random';
import { describe, expect, test } from 'vitest';
import { decodeLogs } from './decode-logs.ts';
import { decodeMetrics } from './decode-metrics.ts';
import { decodeTraces } from './decode-traces.ts';
import { divideMessage } from './divide-message.ts';
import { ProtoWriter } from './proto-writer.ts';
import { REQUEST_SCHEMA } from './schema.ts';
import { splitRequest } from './split-request.ts';
import { fromJson, metricRequest, NOW_MS, NOW_NANO, SPAN, traceRequest } from './testing/from-json.ts';
import { makeRandomMessage } from './testing/random-message.ts';
import { makeLogRequest, makeMetricRequest, makeTraceRequest } from './testing/requests.ts';
import { validateRequest } from './validate.ts';

const DECODERS = { traces: decodeTraces, logs: decodeLogs, metrics: decodeMetrics } as const;

/** Every item (of metrics, every point) with what it stands in: what a split must keep, in order. */
function itemsOf(signal: keyof typeof DECODERS, bytes: Uint8Array): unknown[] {
  // biome-ignore lint/suspicious/noExplicitAny: the three models have the same nesting
  const resources = DECODERS[signal](bytes) as readonly any[];
  return resources.flatMap(({ resource, schemaUrl, scopes }) =>
    // biome-ignore lint/suspicious/noExplicitAny: see above
    scopes.flatMap((scope: any) =>
      // biome-ignore lint/suspicious/noExplicitAny: see above
      (scope.spans ?? scope.records ?? scope.metrics.flatMap(pointsOf)).map((item: any) => ({
        resource,
        schemaUrl,
        scope: scope.scope,
        scopeSchemaUrl: scope.schemaUrl,
        item,
      })),
    ),
  );
}

// biome-ignore lint/suspicious/noExplicitAny: see above
function pointsOf({ data, ...metric }: any): readonly unknown[] {
  const { points, ...kind } = data;
  return points.length === 0
    ? [{ ...metric, ...kind }]
    : points.map((point: unknown) => ({ ...metric, ...kind, point }));
}

function concat(parts: readonly { readonly bytes: Uint8Array }[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map(({ bytes }) => bytes)));
}

describe.each([
  ['traces', makeTraceRequest({ spans: 60, services: 4 })],
  ['logs', makeLogRequest({ records: 60, services: 4 })],
  ['metrics', makeMetricRequest({ points: 200, services: 4 })],
] as const)('a request of %s', (signal, bytes) => {
  test.each([600, 4_000, 12_000])(
    'is split into parts of at most %i bytes with the same items',
    (maxBytes) => {
      const largestItem = 3_500;
      const parts = splitRequest(signal, bytes, maxBytes);
      expect(parts.length).toBeGreaterThan(1);
      for (const part of parts)
        expect(part.bytes.length).toBeLessThanOrEqual(Math.max(maxBytes, largestItem));
      expect(itemsOf(signal, concat(parts))).toEqual(itemsOf(signal, bytes));
      const total = validateRequest(signal, bytes, { nowMs: NOW_MS });
      const counts = parts.map((part) => {
        const result = validateRequest(signal, part.bytes, { nowMs: NOW_MS });
        return result.status === 'ok' && result.rejected === 0 ? result.items : -1;
      });
      expect(parts.map(({ items }) => items)).toEqual(counts);
      expect(total).toMatchObject({ items: counts.reduce((sum, count) => sum + count, 0) });
    },
  );

  test('that fits is one part', () => {
    expect(splitRequest(signal, bytes, bytes.length)).toHaveLength(1);
  });
});

test('parts are as full as the limit allows', () => {
  const bytes = traceRequest(...Array.from({ length: 100 }, () => SPAN));
  const [first, second] = splitRequest('traces', bytes, 1_000);
  expect(first!.bytes.length).toBeGreaterThan(900);
  expect(first!.bytes.length).toBeLessThanOrEqual(1_000);
  expect(second!.items).toBe(first!.items);
});

describe('a metric that is too large', () => {
  const point = (index: number) => ({
    timeUnixNano: NOW_NANO,
    asInt: String(index),
    attributes: [{ key: 'host', value: { stringValue: `host-${index}` } }],
  });
  const points = Array.from({ length: 1_000 }, (_, index) => point(index));
  const metric = {
    name: 'requests',
    unit: '1',
    description: 'What a busy gateway counts.',
    metadata: [{ key: 'owner', value: { stringValue: 'web' } }],
    sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: points },
  };

  test('is divided between its points, each part under its name, unit and temporality', () => {
    const bytes = metricRequest(metric);
    const parts = splitRequest('metrics', bytes, 4_000);
    expect(parts.length).toBeGreaterThan(bytes.length / 4_000);
    for (const part of parts) expect(part.bytes.length).toBeLessThanOrEqual(4_000);
    expect(parts.length).toBeLessThan((1.2 * bytes.length) / 4_000);
    expect(parts.reduce((sum, { items }) => sum + items, 0)).toBe(1_000);
    expect(itemsOf('metrics', concat(parts))).toEqual(itemsOf('metrics', bytes));
  });

  test('leaves its small neighbours whole and in their place', () => {
    const small = { ...metric, name: 'small', sum: { ...metric.sum, dataPoints: points.slice(0, 3) } };
    const bytes = metricRequest(small, metric, small);
    const parts = splitRequest('metrics', bytes, 4_000);
    expect(itemsOf('metrics', concat(parts))).toEqual(itemsOf('metrics', bytes));
    const counts = decodeMetrics(concat(parts)).flatMap(({ scopes }) =>
      scopes.flatMap((scope) =>
        scope.metrics.filter(({ name }) => name === 'small').map(({ data }) => data.points.length),
      ),
    );
    expect(counts).toEqual([3, 3]);
  });

  test('with a description that is larger still is repeated only for as many points', () => {
    const bytes = metricRequest({ ...metric, description: 'x'.repeat(10_000) });
    const parts = splitRequest('metrics', bytes, 1_000);
    expect(parts.reduce((sum, part) => sum + part.bytes.length, 0)).toBeLessThan(3 * bytes.length);
    expect(itemsOf('metrics', concat(parts))).toEqual(itemsOf('metrics', bytes));
  });

  test('whose data stands in two fields is left to who reads it', () => {
    const gauge = { name: 'g', gauge: { dataPoints: points.slice(0, 20) } };
    const twice = new ProtoWriter();
    const resource = twice.begin(1);
    const scope = twice.begin(2);
    const field = twice.begin(2);
    for (const one of [gauge, gauge]) twice.raw(metricBytes(one));
    for (const mark of [field, scope, resource]) twice.end(mark);
    const bytes = twice.finish();
    const parts = splitRequest('metrics', bytes, 200);
    expect(parts.map(({ items }) => items)).toEqual([40]);
  });
});

test('an item over the limit is a part of its own', () => {
  const large = { ...SPAN, name: 'x'.repeat(5_000) };
  const parts = splitRequest('traces', traceRequest(SPAN, large, SPAN), 1_000);
  expect(parts.map(({ items }) => items)).toEqual([1, 1, 1]);
  expect(parts[1]!.bytes.length).toBeGreaterThan(5_000);
});

test('an envelope over the limit is not repeated for every item', () => {
  const resource = { attributes: [{ key: 'large', value: { stringValue: 'x'.repeat(10_000) } }] };
  const spans = Array.from({ length: 2_000 }, () => SPAN);
  const bytes = fromJson('traces', { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
  const parts = splitRequest('traces', bytes, 1_000);
  expect(parts.reduce((sum, part) => sum + part.bytes.length, 0)).toBeLessThan(3 * bytes.length);
  expect(itemsOf('traces', concat(parts))).toHaveLength(2_000);
});

test('a request without items keeps its resources, and no bytes make no part', () => {
  const bytes = fromJson('traces', {
    resourceSpans: [{ resource: { droppedAttributesCount: 3 } }, { scopeSpans: [{ scope: { name: 'a' } }] }],
  });
  const parts = splitRequest('traces', bytes, 1_000);
  expect(parts.map(({ items }) => items)).toEqual([0]);
  expect(decodeTraces(parts[0]!.bytes)).toEqual(decodeTraces(bytes));
  expect(splitRequest('traces', new Uint8Array(), 1_000)).toEqual([]);
});

test('random requests keep their items at any limit', () => {
  const random = createRandom(11);
  for (let i = 0; i < 300; i++) {
    const signal = random.pick(['traces', 'logs', 'metrics'] as const);
    const bytes = makeRandomMessage(REQUEST_SCHEMA[signal], random);
    const parts = splitRequest(signal, bytes, random.pick([0, 50, 400, 3_000]));
    expect(itemsOf(signal, concat(parts))).toEqual(itemsOf(signal, bytes));
  }
});

test('malformed bytes are refused', () => {
  expect(() => splitRequest('logs', Uint8Array.of(0x0a, 0x09, 0x12), 100)).toThrow('runs past the end');
});

/** The message of one metric, without the tags and lengths around it. */
function metricBytes(metric: object): Uint8Array {
  const bytes = metricRequest(metric);
  let range = { content: 0, end: bytes.length };
  for (const field of [1, 2, 2]) range = divideMessage(bytes, range, field).inner[0]!;
  return bytes.subarray(range.content, range.end);
}
