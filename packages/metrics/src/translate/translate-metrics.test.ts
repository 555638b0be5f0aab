import { decodeMetrics } from '@sluice/otlp/decode-metrics';
import { describe, expect, test } from 'vitest';
import { createMetricsSettings, type MetricsSettings } from '../metrics-settings.ts';
import {
  encodeMetrics,
  type MetricSpec,
  type PointSpec,
  type RequestSpec,
} from '../testing/encode-metrics.ts';
import { seriesText } from '../testing/metrics-world.ts';
import { createSeriesCache } from './series-cache.ts';
import { translateMetrics } from './translate-metrics.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;

function translate(requests: readonly RequestSpec[], changes: Partial<MetricsSettings> = {}) {
  const settings = createMetricsSettings({ targetInfo: false, ...changes });
  return translateMetrics(decodeMetrics(encodeMetrics(...requests)), settings, { receivedAtMs: NOW_MS });
}

function one(
  metric: Partial<MetricSpec>,
  point: Partial<PointSpec> = {},
  request: Partial<RequestSpec> = {},
) {
  const points = [{ timeMs: NOW_MS, startMs: NOW_MS - 1000, value: 1, ...point }];
  const base = { name: 'm', type: 'sum', temporality: 1, isMonotonic: true, points } as const;
  return { metrics: [{ ...base, ...metric }], ...request };
}

const labelsOf = (request: RequestSpec, changes: Partial<MetricsSettings> = {}) =>
  Object.fromEntries(
    translate([request], changes).points[0]!.series.labels.map(({ name, value }) => [name, value]),
  );

describe('labels', () => {
  test.each<[string, Record<string, string | bigint | number | boolean>, Record<string, string>]>([
    ['characters outside become underscores', { 'http.route': '/a' }, { http_route: '/a' }],
    ['a digit in front is marked', { '2xx': 'y' }, { key_2xx: 'y' }],
    ['one underscore in front is marked', { _private: 'y' }, { key_private: 'y' }],
    [
      'names that meet are joined in the order of their keys',
      { 'a.b': '2', a_b: '3', 'a-b': '1' },
      { a_b: '1;2;3' },
    ],
    ['empty values are no labels', { empty: '' }, {}],
    ['numbers and truth values are written out', { n: 5n, d: 1.5, t: true }, { n: '5', d: '1.5', t: 'true' }],
    ['job and instance of a point are kept apart', { job: 'x' }, { job: 'shop/cart', exported_job: 'x' }],
    ['separators of label keys are replaced', { a: 'x\u0000y\u0001' }, { a: 'x\ufffdy\ufffd' }],
  ])('%s', (_, attributes, expected) => {
    const resource = { 'service.name': 'cart', 'service.namespace': 'shop' };
    const labels = labelsOf(one({}, { attributes }, { resource }));
    expect(labels).toEqual({ __name__: 'm_total', job: 'shop/cart', ...expected });
  });

  test('lists and bytes are JSON and base64', () => {
    const labels = labelsOf(
      one(
        {},
        { attributes: { list: ['a', 1n, 2.5, true, new Uint8Array([1])], raw: new Uint8Array([255]) } },
      ),
    );
    expect(labels).toMatchObject({ list: '["a",1,2.5,true,"AQ=="]', raw: '/w==' });
  });

  test('the instance is a label of cumulative sources and left out of deltas', () => {
    const resource = { 'service.name': 'cart', 'service.instance.id': 'i1', 'host.name': 'h' };
    expect(labelsOf(one({}, {}, { resource }))).toEqual({ __name__: 'm_total', job: 'cart' });
    const cumulative = one({ temporality: 2 }, { attributes: { 'thread.id': 4n } }, { resource });
    expect(labelsOf(cumulative)).toEqual({
      __name__: 'm_total',
      job: 'cart',
      instance: 'i1',
      thread_id: '4',
    });
    expect(labelsOf(one({}, { attributes: { 'thread.id': 4n } }, { resource }))).not.toHaveProperty(
      'thread_id',
    );
  });

  test('promoted attributes and scopes are labels', () => {
    const request = one(
      {},
      {},
      {
        resource: { 'service.name': 'cart', 'cloud.region': 'eu' },
        scope: { name: 'lib', version: '1', attributes: { 'short.name': 'x' } },
        schemaUrl: 'https://schema',
      },
    );
    const scope = {
      otel_scope_name: 'lib',
      otel_scope_version: '1',
      otel_scope_schema_url: 'https://schema',
      otel_scope_short_name: 'x',
    };
    expect(labelsOf(request, { promotedAttributes: ['cloud.region'] })).toEqual({
      __name__: 'm_total',
      job: 'cart',
      cloud_region: 'eu',
      ...scope,
    });
    expect(labelsOf(request, { scopeLabels: false })).toEqual({ __name__: 'm_total', job: 'cart' });
  });

  test('UTF-8 names stay as they are by option', () => {
    const labels = labelsOf(one({ name: 'größe.x' }, { attributes: { 'http.route': '/' } }), {
      utf8Names: true,
    });
    expect(labels).toEqual({ __name__: 'größe.x_total', 'http.route': '/' });
  });
});

describe('target_info', () => {
  const resource = {
    'service.name': 'cart',
    'service.instance.id': 'i1',
    'host.name': 'h',
    'cloud.region': 'eu',
  };
  const infos = (request: RequestSpec) =>
    translate([request], { targetInfo: true })
      .points.filter(({ series }) => series.family.name === 'target_info')
      .map(({ series, timeMs }) => [seriesText(series), timeMs]);

  test('has the attributes of the resource, at the time of its newest point', () => {
    expect(infos(one({ temporality: 2 }, {}, { resource }))).toEqual([
      ['target_info{cloud_region="eu",host_name="h",instance="i1"}', NOW_MS],
    ]);
  });
  test('of deltas has no instance', () => {
    expect(infos(one({}, {}, { resource }))).toEqual([['target_info{cloud_region="eu"}', NOW_MS]]);
  });
  test('is not there without other points, without attributes, or without a service', () => {
    expect(infos({ resource, metrics: [] })).toEqual([]);
    expect(infos(one({}, {}, { resource: { 'service.name': 'cart' } }))).toEqual([]);
    expect(infos(one({}, {}, { resource: { 'cloud.region': 'eu' } }))).toEqual([]);
  });
});

describe('kinds and values', () => {
  test.each<[string, Partial<MetricSpec>, Partial<PointSpec>, object]>([
    ['delta counter', {}, { value: 5n }, { type: 'number', mode: 'delta', value: 5, origin: '' }],
    ['integers beyond 2^53 are exact', {}, { value: 2n ** 60n }, { value: 2n ** 60n }],
    [
      'cumulative counter',
      { temporality: 2 },
      { value: 0.5 },
      { mode: 'cumulative', value: 0.5, startMs: NOW_MS - 1000 },
    ],
    ['gauge', { type: 'gauge' }, { value: Number.NaN }, { mode: 'state', value: Number.NaN, startMs: 0 }],
    [
      'sum that may fall',
      { isMonotonic: false, temporality: 2 },
      { value: -3n },
      { mode: 'cumulative', value: -3 },
    ],
    [
      'histogram',
      { type: 'histogram' },
      { bounds: [1, 2], counts: [1n, 0n, 3n], count: 4n, sum: 7 },
      { type: 'histogram', bounds: [1, 2], counts: [1, 0, 3], sum: 7 },
    ],
    [
      'histogram without buckets',
      { type: 'histogram' },
      { count: 4n },
      { bounds: [], counts: [4], sum: undefined },
    ],
    [
      'histogram whose last bound is infinite',
      { type: 'histogram' },
      { bounds: [1, Number.POSITIVE_INFINITY], counts: [1n, 2n, 3n], count: 6n },
      { bounds: [1], counts: [1, 5] },
    ],
    [
      'exponential histogram',
      { type: 'exponential' },
      { scale: 3, count: 6n, zeroCount: 1n, positive: { offset: -2, counts: [2n, 0n, 3n] }, sum: 1 },
      {
        type: 'exponential',
        native: expect.objectContaining({
          scale: 3,
          zeroCount: 1,
          positive: new Map([
            [-2, 2],
            [0, 3],
          ]),
        }),
      },
    ],
    [
      'summary',
      { type: 'summary' },
      { count: 4n, sum: 2, quantiles: [[0.5, 1]] },
      { type: 'summary', mode: 'cumulative', count: 4, sum: 2, quantiles: [{ quantile: 0.5, value: 1 }] },
    ],
    ['no recorded value', { type: 'gauge' }, { flags: 1 }, { type: 'stale' }],
  ])('%s', (_, metric, point, expected) => {
    const { points, rejected } = translate([one(metric, point)]);
    expect(rejected).toEqual([]);
    expect(points[0]).toMatchObject(expected);
  });

  test('exemplars keep their ids, and their attributes while those are short', () => {
    const traceId = 'ab'.repeat(16);
    const spanId = 'cd'.repeat(8);
    const exemplars = [
      { timeMs: NOW_MS, value: 2, traceId, spanId, attributes: { 'user.tier': 'gold' } },
      { timeMs: NOW_MS - 1, value: 1, traceId, spanId, attributes: { long: 'x'.repeat(100) } },
      { timeMs: NOW_MS - 2, value: 0, traceId, spanId },
    ];
    const { points } = translate([one({}, { exemplars })]);
    const ids = [
      { name: 'span_id', value: spanId },
      { name: 'trace_id', value: traceId },
    ];
    expect(points[0]!.exemplars).toEqual([
      { timeMs: NOW_MS - 1, value: 1, labels: ids },
      { timeMs: NOW_MS, value: 2, labels: [...ids, { name: 'user_tier', value: 'gold' }] },
    ]);
  });

  test('the same stream has the same origin in any order of attributes, another resource another', () => {
    const of = (resource: Record<string, string>): string =>
      translate([one({ temporality: 2 }, {}, { resource })]).points[0]!.origin;
    expect(of({ a: '1', b: '2' })).toBe(of({ b: '2', a: '1' }));
    expect(of({ a: '1', b: '2' })).not.toBe(of({ a: '1', b: '3' }));
    expect(of({ a: '1' })).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('bad points are refused one by one', () => {
  const infinite = Number.POSITIVE_INFINITY;
  test.each<[string, Partial<MetricSpec>, Partial<PointSpec>]>([
    ['point-without-time', {}, { timeMs: 0 }],
    ['time-too-far-ahead', {}, { timeMs: NOW_MS + 3 * DAY_MS }],
    ['time-too-far-ahead', {}, { timeMs: 1.8e13 }],
    ['time-too-far-behind', {}, { timeMs: NOW_MS - 40 * DAY_MS }],
    ['temporality-unspecified', { temporality: 0 }, {}],
    ['temporality-unspecified', { type: 'histogram', temporality: 7 }, { count: 1n }],
    ['delta-without-start', {}, { startMs: 0 }],
    ['counter-not-finite', {}, { value: Number.NaN }],
    ['counter-not-finite', { isMonotonic: false }, { value: infinite }],
    ['counter-negative', {}, { value: -1 }],
    ['bucket-bounds-mismatch', { type: 'histogram' }, { bounds: [1, 2] }],
    ['bucket-bounds-mismatch', { type: 'histogram' }, { bounds: [1], counts: [1n] }],
    ['bounds-not-increasing', { type: 'histogram' }, { bounds: [2, 1], counts: [1n, 1n, 1n] }],
    ['bounds-not-increasing', { type: 'histogram' }, { bounds: [Number.NaN], counts: [1n, 1n] }],
    [
      'too-many-buckets',
      { type: 'histogram' },
      { bounds: [1, 2, 3, 4, 5], counts: [1n, 1n, 1n, 1n, 1n, 1n] },
    ],
    [
      'too-many-buckets',
      { type: 'exponential' },
      { positive: { offset: 0, counts: [1n, 1n, 1n, 1n, 1n, 1n] } },
    ],
    ['sum-not-finite', { type: 'histogram' }, { count: 1n, sum: Number.NaN }],
    ['sum-not-finite', { type: 'summary' }, { count: 1n, sum: infinite }],
    ['scale-out-of-range', { type: 'exponential' }, { scale: 21 }],
    ['name-vanishes', { name: '...' }, {}],
    ['label-name-vanishes', {}, { attributes: { '...': 'x' } }],
    ['label-name-vanishes', {}, { attributes: { '': 'x' } }],
    ['reserved-label', { type: 'histogram' }, { attributes: { le: '1' }, count: 1n }],
    ['labels-too-large', {}, { attributes: { a: 'x'.repeat(600) } }],
  ])('%s', (reason, metric, point) => {
    const good = one({ name: 'good' });
    const bad = one(metric, point);
    const { points, rejected } = translate([{ ...bad, metrics: [...bad.metrics, ...good.metrics] }], {
      maxBuckets: 4,
      maxLabelBytes: 500,
    });
    expect(rejected).toEqual([{ reason, count: 1, example: expect.stringMatching(/metric/) }]);
    expect(points).toHaveLength(1);
  });

  test('a value that is missing without the flag', () => {
    const points: PointSpec[] = [{ timeMs: NOW_MS }, { timeMs: NOW_MS, value: 1 }];
    const { rejected, points: kept } = translate([{ metrics: [{ name: 'm', type: 'gauge', points }] }]);
    expect(rejected).toEqual([
      { reason: 'no-value', count: 1, example: 'metric m, point 0: the point has no value' },
    ]);
    expect(kept).toHaveLength(1);
  });

  test('an attribute with two values, but not one that is sent twice alike', () => {
    const request = decodeMetrics(encodeMetrics(one({}, { attributes: { a: '1' } })));
    const point = request[0]!.scopes[0]!.metrics[0]!.data.points[0]! as unknown as { attributes: object[] };
    const settings = createMetricsSettings();
    point.attributes.push({ key: 'a', value: { type: 'string', value: '1' } });
    expect(translateMetrics(request, settings, { receivedAtMs: NOW_MS }).rejected).toEqual([]);
    point.attributes.push({ key: 'a', value: { type: 'string', value: '2' } });
    const { rejected } = translateMetrics(request, settings, { receivedAtMs: NOW_MS });
    expect(rejected).toMatchObject([{ reason: 'duplicate-attribute', count: 1 }]);
  });

  test('a resource or scope that cannot be labels costs its own points only', () => {
    const { points, rejected } = translate(
      [
        one({}, {}, { resource: { '...': 'x' } }),
        one({}, {}, { scope: { name: 'lib', attributes: { name: 'x' } } }),
        one({}, {}, { resource: { 'service.name': 'fine' } }),
      ],
      { promotedAttributes: ['...'] },
    );
    expect(rejected).toMatchObject([{ reason: 'label-name-vanishes', count: 1 }]);
    expect(points.map(({ series }) => series.job)).toEqual(['', 'fine']);
  });

  test('starts after the point are counted, and warned of', () => {
    const { points, warnings } = translate([one({}, { startMs: NOW_MS + 5 })]);
    expect(points).toHaveLength(1);
    expect(warnings).toEqual(['1 points start after their own time']);
  });
});

describe('the cache of series', () => {
  test('answers the same objects, whatever order the points come in', () => {
    const cache = createSeriesCache();
    const settings = createMetricsSettings({ targetInfo: false });
    const points = (kinds: string[]): PointSpec[] =>
      kinds.map((kind) => ({ timeMs: NOW_MS, value: 1, attributes: { kind, list: ['x'] } }));
    const run = (kinds: string[]) => {
      const bytes = encodeMetrics({ metrics: [{ name: 'm', type: 'gauge', points: points(kinds) }] });
      return translateMetrics(decodeMetrics(bytes), settings, { receivedAtMs: NOW_MS, cache }).points;
    };
    const [a, b] = run(['a', 'b']);
    const [b2, a2, c] = run(['b', 'a', 'c']);
    expect(a2!.series).toBe(a!.series);
    expect(b2!.series).toBe(b!.series);
    expect(seriesText(c!.series)).toBe('m{kind="c",list="["x"]"}');
  });

  test('begins anew when it is full', () => {
    const cache = createSeriesCache(2);
    const first = cache.ofContext('x');
    for (let i = 0; i < 3; i++) cache.grown();
    expect(cache.ofContext('x')).not.toBe(first);
  });
});
