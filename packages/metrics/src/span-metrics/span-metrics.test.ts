import { createRandom } from '@sluice/core/testing/random';
import { decodeTraces } from '@sluice/otlp/decode-traces';
import type { KeyValue } from '@sluice/otlp/model';
import { makeTraceRequest } from '@sluice/otlp/testing/requests';
import { labelValue } from '@sluice/promql/model/labels';
import { describe, expect, test } from 'vitest';
import { DamagedBytes } from '../codec/byte-reader.ts';
import { createMetricsSettings } from '../metrics-settings.ts';
import type { MetricPoint } from '../model/metric-point.ts';
import { createSeriesCache } from '../translate/series-cache.ts';
import { countSpans, LATENCY_BOUNDS, spanMetricsIdOf } from './count-spans.ts';
import { decodeSpanCounts, encodeSpanCounts } from './span-counts-codec.ts';
import { createSpanNameLimit, OVERFLOW_SPAN_NAME, toSpanNameLabel } from './span-name.ts';
import { createSpanSeriesCache, translateSpanCounts } from './translate-span-counts.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const options = () => ({ receivedAtMs: NOW_MS, tenant: 'default', names: createSpanNameLimit() });
const textAt = (attributes: readonly KeyValue[], key: string): string => {
  const value = attributes.find((attribute) => attribute.key === key)?.value;
  return value?.type === 'string' ? value.value : '';
};
const createTranslate = (changes: Parameters<typeof createMetricsSettings>[0] = {}) => {
  const caches = { series: createSeriesCache(), spanSeries: createSpanSeriesCache() };
  return (services: ReturnType<typeof decodeSpanCounts>) =>
    translateSpanCounts(services, createMetricsSettings(changes), { receivedAtMs: NOW_MS, ...caches });
};
const throughQueue = (traces: Uint8Array): ReturnType<typeof decodeSpanCounts> =>
  decodeSpanCounts(encodeSpanCounts(countSpans(traces, options()), NOW_MS));

describe('span metrics', () => {
  const traces = makeTraceRequest({ spans: 400, services: 4, seed: 3, nowMs: NOW_MS });
  const services = countSpans(traces, options());
  const translate = createTranslate();
  const { points } = translate(throughQueue(traces));

  test('count what an independent count over the decoded spans finds', () => {
    const expected = new Map<string, { calls: number; sum: number; buckets: number[] }>();
    for (const { resource, scopes } of decodeTraces(traces)) {
      for (const span of scopes.flatMap(({ spans }) => spans)) {
        const kind = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'][span.kind];
        const status = ['UNSET', 'OK', 'ERROR'][span.status.code];
        const service = textAt(resource.attributes, 'service.name');
        const key = [service, toSpanNameLabel(span.name), kind, status].join('|');
        const entry = expected.get(key) ?? { calls: 0, sum: 0, buckets: Array<number>(15).fill(0) };
        const nanos = Number(span.endTimeUnixNano - span.startTimeUnixNano);
        entry.calls += 1;
        entry.sum += nanos;
        const place = LATENCY_BOUNDS.findIndex((bound) => nanos / 1e9 <= bound);
        entry.buckets[place < 0 ? 14 : place]! += 1;
        expected.set(key, entry);
      }
    }
    for (const entry of expected.values()) entry.sum /= 1e9;
    const found = new Map<string, { calls: number; sum: number; buckets: readonly number[] }>();
    const keyOf = ({ series: { labels } }: MetricPoint): string =>
      [
        labelValue(labels, 'service'),
        labelValue(labels, 'span_name'),
        labelValue(labels, 'span_kind').replace('SPAN_KIND_', ''),
        labelValue(labels, 'status_code').replace('STATUS_CODE_', ''),
      ].join('|');
    for (const point of points) {
      const { name, kind } = point.series.family;
      if (name === 'traces_spanmetrics_calls_total') {
        expect([kind, point.type, point.mode]).toEqual(['counter', 'number', 'delta']);
        const calls = point.type === 'number' ? Number(point.value) : Number.NaN;
        found.set(keyOf(point), { calls, sum: 0, buckets: [] });
      } else if (point.type === 'histogram') {
        expect([name, kind, point.mode]).toEqual(['traces_spanmetrics_latency', 'histogram', 'delta']);
        expect(point.bounds).toEqual(LATENCY_BOUNDS);
        const entry = found.get(keyOf(point))!;
        entry.sum = point.sum!;
        entry.buckets = point.counts.map(Number);
      } else expect(name).toBe('target_info');
    }
    expect(found).toEqual(expected);
  });

  test('name the job and one target of each service', () => {
    const jobs = new Set(points.map(({ series }) => series.job));
    expect(jobs.size).toBe(4);
    const targets = points.filter(({ series }) => series.family.name === 'target_info');
    expect(targets.map(({ series }) => series.job).sort()).toEqual([...jobs].sort());
    expect(targets.every((point) => point.type === 'number' && point.value === 1)).toBe(true);
    expect(createTranslate({ targetInfo: false })(throughQueue(traces)).points).toHaveLength(
      points.length - 4,
    );
  });

  test('are of the same series, message after message', () => {
    const again = translate(throughQueue(traces)).points;
    expect(again.map(({ series }) => series)).toEqual(points.map(({ series }) => series));
    expect(again.every(({ series }, i) => series === points[i]!.series)).toBe(true);
  });

  test('have the times of their spans, and the slowest of a message as exemplars', () => {
    const ids = new Set(
      decodeTraces(traces).flatMap(({ scopes }) =>
        scopes.flatMap(({ spans }) => spans.map(({ traceId, spanId }) => `${traceId}/${spanId}`)),
      ),
    );
    const exemplars = points.flatMap((point) => point.exemplars);
    expect(exemplars).toHaveLength(16);
    for (const { labels } of exemplars)
      expect(ids).toContain(`${labelValue(labels, 'trace_id')}/${labelValue(labels, 'span_id')}`);
    const sums = points.flatMap((point) => (point.type === 'histogram' ? point.counts : []));
    expect(Math.min(...exemplars.map(({ value }) => value))).toBeGreaterThan(0.35);
    expect(sums.length).toBeGreaterThan(0);
    for (const { timeMs } of points) expect(Math.abs(timeMs - NOW_MS)).toBeLessThan(3_600_000);
  });

  test('are the same bytes for the same message, under an id of their own', () => {
    const bytes = encodeSpanCounts(services, NOW_MS);
    expect(encodeSpanCounts(countSpans(traces, options()), NOW_MS)).toEqual(bytes);
    expect(bytes.length / services.reduce((sum, { groups }) => sum + groups.length, 0)).toBeLessThan(30);
    expect(spanMetricsIdOf('a'.repeat(64))).toMatch(/^[0-9a-f]{64}$/);
    expect(spanMetricsIdOf('a'.repeat(64))).not.toBe(spanMetricsIdOf('b'.repeat(64)));
  });

  test('come through the queue as they were, deflated where there are many', () => {
    expect(throughQueue(traces)).toEqual(
      services.map(({ attributes, groups }) => ({
        attributes,
        groups: groups.map(({ spanName, kind, status, count, sumNanos, buckets, timeMs, exemplar }) => ({
          spanName,
          kind,
          status,
          count,
          sumNanos,
          buckets,
          timeMs,
          exemplar,
        })),
      })),
    );
    const many = makeTraceRequest({ spans: 3000, services: 6, seed: 4, nowMs: NOW_MS });
    const decoded = throughQueue(many);
    expect(decoded.flatMap(({ groups }) => groups).reduce((sum, { count }) => sum + count, 0)).toBe(3000);
  });

  test('that are damaged throw only what says so', () => {
    const random = createRandom(11);
    const bytes = encodeSpanCounts(services, NOW_MS);
    let damaged = 0;
    for (let i = 0; i < 2000; i++) {
      const copy = bytes.slice(0, random.chance(0.3) ? random.below(bytes.length) : bytes.length);
      for (let changes = random.below(4); changes > 0; changes--)
        copy[random.below(Math.max(1, copy.length))] = random.below(256);
      try {
        translate(decodeSpanCounts(copy));
      } catch (error) {
        expect(error).toBeInstanceOf(DamagedBytes);
        damaged += 1;
      }
    }
    expect(damaged).toBeGreaterThan(500);
  });

  test('of spans whose clock is far off are dated at their arrival', () => {
    const old = makeTraceRequest({ spans: 5, services: 1, seed: 1, nowMs: Date.UTC(1999, 0, 1) });
    const times = translate(throughQueue(old)).points.map(({ timeMs }) => timeMs);
    expect(new Set(times)).toEqual(new Set([NOW_MS]));
  });

  test('whose labels are too large are refused with the reason, calls and latency alike', () => {
    const { points: none, rejected } = createTranslate({ maxLabelBytes: 60 })(throughQueue(traces));
    expect(none).toEqual([]);
    const groups = services.reduce((sum, service) => sum + service.groups.length, 0);
    expect(rejected).toMatchObject([{ reason: 'labels-too-large', count: groups * 2 }]);
  });

  test('without spans there are none', () => {
    expect(countSpans(new Uint8Array(), options())).toEqual([]);
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
