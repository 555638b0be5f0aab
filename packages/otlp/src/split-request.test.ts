import { createRandom } from '@sluice/core/testing/random';
import { describe, expect, test } from 'vitest';
import { decodeLogs } from './decode-logs.ts';
import { decodeMetrics } from './decode-metrics.ts';
import { decodeTraces } from './decode-traces.ts';
import { REQUEST_SCHEMA } from './schema.ts';
import { splitRequest } from './split-request.ts';
import { fromJson, NOW_MS, SPAN, traceRequest } from './testing/from-json.ts';
import { makeRandomMessage } from './testing/random-message.ts';
import { makeLogRequest, makeMetricRequest, makeTraceRequest } from './testing/requests.ts';
import { validateRequest } from './validate.ts';

const DECODERS = { traces: decodeTraces, logs: decodeLogs, metrics: decodeMetrics } as const;

/** Every item with the resource and scope it stands in: what a split must keep, in order. */
function itemsOf(signal: keyof typeof DECODERS, bytes: Uint8Array): unknown[] {
  // biome-ignore lint/suspicious/noExplicitAny: the three models have the same nesting
  const resources = DECODERS[signal](bytes) as readonly any[];
  return resources.flatMap(({ resource, schemaUrl, scopes }) =>
    // biome-ignore lint/suspicious/noExplicitAny: see above
    scopes.flatMap((scope: any) =>
      // biome-ignore lint/suspicious/noExplicitAny: see above
      (scope.spans ?? scope.records ?? scope.metrics).map((item: any) => ({
        resource,
        schemaUrl,
        scope: scope.scope,
        scopeSchemaUrl: scope.schemaUrl,
        item,
      })),
    ),
  );
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
