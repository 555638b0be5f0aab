import { decodeMetrics } from '@sluice/otlp/decode-metrics';
import { decodeTraces } from '@sluice/otlp/decode-traces';
import type { Metric } from '@sluice/otlp/model';
import { makeTraceRequest } from '@sluice/otlp/testing/requests';
import { validateRequest } from '@sluice/otlp/validate';
import { describe, expect, test } from 'vitest';
import { deriveSpanMetrics, LATENCY_BOUNDS, spanMetricsIdOf } from './derive-span-metrics.ts';
import { createSpanNameLimit, OVERFLOW_SPAN_NAME, toSpanNameLabel } from './span-name.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const options = () => ({ receivedAtMs: NOW_MS, tenant: 'default', names: createSpanNameLimit() });
const textAt = (attributes: Metric['metadata'], key: string): string => {
  const value = attributes.find((attribute) => attribute.key === key)?.value;
  return value?.type === 'string' ? value.value : '';
};

describe('span metrics', () => {
  const traces = makeTraceRequest({ spans: 400, services: 4, seed: 3, nowMs: NOW_MS });
  const derived = deriveSpanMetrics(traces, options())!;
  const resources = decodeMetrics(derived.bytes);
  const points = resources.flatMap(({ scopes }) => scopes.flatMap(({ metrics }) => metrics));

  test('are sound OTLP of as many points as they say', () => {
    const validation = validateRequest('metrics', derived.bytes, { nowMs: NOW_MS });
    expect(validation).toMatchObject({ status: 'ok', items: derived.points, rejected: 0, warnings: [] });
  });

  test('count what an independent count over the decoded spans finds', () => {
    const expected = new Map<string, { calls: bigint; sum: number; buckets: bigint[] }>();
    for (const { resource, scopes } of decodeTraces(traces)) {
      for (const span of scopes.flatMap(({ spans }) => spans)) {
        const kind = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'][span.kind];
        const status = ['UNSET', 'OK', 'ERROR'][span.status.code];
        const key = [
          textAt(resource.attributes, 'service.name'),
          toSpanNameLabel(span.name),
          kind,
          status,
        ].join('|');
        const entry = expected.get(key) ?? { calls: 0n, sum: 0, buckets: Array(15).fill(0n) };
        const seconds = Number(span.endTimeUnixNano - span.startTimeUnixNano) / 1e9;
        entry.calls += 1n;
        entry.sum += seconds;
        const place = LATENCY_BOUNDS.findIndex((bound) => seconds <= bound);
        entry.buckets[place < 0 ? 14 : place]! += 1n;
        expected.set(key, entry);
      }
    }
    const found = new Map<string, { calls: bigint; sum: number; buckets: readonly bigint[] }>();
    const keyOf = (attributes: Metric['metadata']): string =>
      [
        textAt(attributes, 'service'),
        textAt(attributes, 'span_name'),
        textAt(attributes, 'span_kind').replace('SPAN_KIND_', ''),
        textAt(attributes, 'status_code').replace('STATUS_CODE_', ''),
      ].join('|');
    for (const { name, data } of points) {
      if (data.type === 'sum') {
        expect([name, data.isMonotonic, data.aggregationTemporality]).toEqual([
          'traces_spanmetrics_calls_total',
          true,
          1,
        ]);
        for (const { attributes, value } of data.points)
          found.set(keyOf(attributes), {
            calls: value.type === 'int' ? value.value : -1n,
            sum: 0,
            buckets: [],
          });
      } else if (data.type === 'histogram') {
        expect([name, data.aggregationTemporality]).toEqual(['traces_spanmetrics_latency', 1]);
        for (const { attributes, sum, bucketCounts, count, explicitBounds } of data.points) {
          const key = keyOf(attributes);
          expect([explicitBounds, count]).toEqual([LATENCY_BOUNDS, found.get(key)!.calls]);
          found.set(key, { calls: count, sum: sum!, buckets: bucketCounts });
        }
      }
    }
    expect(found).toEqual(expected);
  });

  test('have the times of their spans and the slowest span as exemplar', () => {
    for (const { data } of points) {
      for (const point of data.points) {
        expect(point.startTimeUnixNano < point.timeUnixNano).toBe(true);
        expect(Math.abs(Number(point.timeUnixNano / 1_000_000n) - NOW_MS)).toBeLessThan(3_600_000);
      }
      if (data.type !== 'histogram') continue;
      for (const { exemplars } of data.points) {
        expect(exemplars).toHaveLength(1);
        expect(exemplars[0]!.traceId).toMatch(/^[0-9a-f]{32}$/);
      }
    }
  });

  test('are the same bytes for the same message, under an id of their own', () => {
    expect(deriveSpanMetrics(traces, options())!.bytes).toEqual(derived.bytes);
    expect(spanMetricsIdOf('a'.repeat(64))).toMatch(/^[0-9a-f]{64}$/);
    expect(spanMetricsIdOf('a'.repeat(64))).not.toBe(spanMetricsIdOf('b'.repeat(64)));
  });

  test('of spans whose clock is far off are dated at their arrival', () => {
    const old = makeTraceRequest({ spans: 5, services: 1, seed: 1, nowMs: Date.UTC(1999, 0, 1) });
    const metrics = decodeMetrics(deriveSpanMetrics(old, options())!.bytes);
    for (const { data } of metrics.flatMap(({ scopes }) => scopes.flatMap((scope) => scope.metrics)))
      for (const { timeUnixNano } of data.points) expect(timeUnixNano).toBe(BigInt(NOW_MS) * 1_000_000n);
  });

  test('there are none without spans', () => {
    expect(deriveSpanMetrics(new Uint8Array(), options())).toBeUndefined();
  });
});

describe('span names', () => {
  test.each([
    ['GET /orders/{id}', 'GET /orders/{id}'],
    ['GET /orders/123/items/9f86d081', 'GET /orders/{id}/items/{id}'],
    ['GET /api/v1/users/42?page=3&size=10', 'GET /api/v1/users/{id}'],
    ['job 3e4666bf-d5e5-4aa7-b8ce-cefe41c7568a', 'job {id}'],
    ['SELECT shop.orders', 'SELECT shop.orders'],
    ['s3.PutObject', 's3.PutObject'],
    ['GET /oauth2/token', 'GET /oauth2/token'],
    ['users/01HZX3T9Q6WJ8M5K2N7P4R1S0V', 'users/{id}'],
    ['process order-000123456789abcdef', 'process order-{id}'],
    ['HTTP/1.1 GET', 'HTTP/1.1 GET'],
    ['deploy feedbeef', 'deploy feedbeef'],
    ['', 'unknown'],
    ['x'.repeat(900), 'x'.repeat(200)],
  ])('%j counts as %j', (name, label) => {
    expect(toSpanNameLabel(name)).toBe(label);
  });

  test('beyond the limit of a service they count together, and silence frees places', () => {
    const names = createSpanNameLimit({ maxNames: 2 });
    const admit = (scope: string, label: string, atMs: number) => names.admit(scope, label, atMs);
    expect(['a', 'b', 'c', 'a'].map((label) => admit('shop', label, 0))).toEqual([
      'a',
      'b',
      OVERFLOW_SPAN_NAME,
      'a',
    ]);
    expect(admit('bank', 'c', 0)).toBe('c');
    expect(admit('shop', 'a', 3_600_000)).toBe('a');
    expect(admit('shop', 'c', 3_600_001)).toBe('c');
    expect(admit('shop', 'b', 3_600_002)).toBe(OVERFLOW_SPAN_NAME);
  });
});
