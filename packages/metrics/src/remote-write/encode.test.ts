import { createRandom } from '@sluice/core/testing/random';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Level, NativeLevels, SeriesSnapshot } from '../model/snapshot.ts';
import {
  decodeWriteRequestV1,
  decodeWriteRequestV2,
  findViolations,
  STALE_BITS,
  seriesText,
  type WriteRequest,
  type WrittenPoint,
} from '../testing/decode-remote-write.ts';
import {
  MINUTE_MS,
  makeCounter,
  makeGauge,
  makeHistogram,
  makeSnapshot,
  makeSummary,
  TICK_MS,
} from '../testing/make-snapshot.ts';
import { createEncoderV1, encodeMetadataV1 } from './encode-v1.ts';
import { createEncoderV2 } from './encode-v2.ts';
import { createSeriesExpander } from './expand-series.ts';
import { type PlanOptions, planPush } from './plan-push.ts';
import type { WireSample } from './wire-sample.ts';
import { compareByBytes } from './wire-series.ts';

const expander = createSeriesExpander();
const encoders = { '1.0': createEncoderV1(), '2.0': createEncoderV2() };

function encodeAs(version: '1.0' | '2.0', samples: readonly WireSample[], from = expander): WriteRequest {
  const bytes = version === '1.0' ? encoders['1.0'](samples) : encoders['2.0'](samples, from.symbols());
  return version === '1.0' ? decodeWriteRequestV1(bytes) : decodeWriteRequestV2(bytes);
}

function pushOf(series: readonly SeriesSnapshot[], options: Partial<PlanOptions> = {}) {
  return planPush(makeSnapshot(series), { expander, announcedTickMs: TICK_MS - MINUTE_MS, ...options });
}

const NATIVE: NativeLevels = {
  scale: 1,
  zeroThreshold: 1e-6,
  zeroCount: 2,
  positive: new Map<number, Level>([
    [-3, 1],
    [-2, 4],
    [5, 10n],
  ]),
  negative: new Map([[0, 3]]),
};

const EVERY_KIND: readonly SeriesSnapshot[] = [
  makeCounter('requests_total', { level: 12 }),
  makeCounter('bytes_total', { level: 2n ** 60n, labels: { zone: 'ä\u{1f30d}', Zone: 'x', empty: '' } }),
  makeGauge('temperature_celsius', { last: -3.5 }),
  makeHistogram('latency_seconds', { bounds: [0.1, 1, 10], buckets: [1, 3, 6, 7], sum: 12.5 }),
  makeHistogram('depth_meters', { bounds: [-1, 0], buckets: [1, 2, 2n], sum: undefined }),
  makeSummary('rpc_seconds', {
    quantiles: [
      { quantile: 0.5, value: 0.2 },
      { quantile: 1, value: Number.NaN },
    ],
    sum: 7,
    count: 9,
  }),
];

describe.each(['1.0', '2.0'] as const)('remote write %s', (version) => {
  test('shows every kind of series under the names that Prometheus has for it', () => {
    const request = encodeAs(version, pushOf(EVERY_KIND).levels);
    const ids = 'instance="i-1",job="shop/cart"';
    expect(request.series.map(({ labels, points }) => [seriesText(labels), points[0]!.value])).toEqual([
      [`requests_total{${ids}}`, 12],
      [`bytes_total{Zone="x",${ids},zone="ä\u{1f30d}"}`, 2 ** 60],
      [`temperature_celsius{${ids}}`, -3.5],
      [`latency_seconds_bucket{${ids},le="0.1"}`, 1],
      [`latency_seconds_bucket{${ids},le="1.0"}`, 3],
      [`latency_seconds_bucket{${ids},le="10.0"}`, 6],
      [`latency_seconds_bucket{${ids},le="+Inf"}`, 7],
      [`latency_seconds_count{${ids}}`, 7],
      [`latency_seconds_sum{${ids}}`, 12.5],
      [`depth_meters_bucket{${ids},le="-1.0"}`, 1],
      [`depth_meters_bucket{${ids},le="0.0"}`, 2],
      [`depth_meters_bucket{${ids},le="+Inf"}`, 2],
      [`depth_meters_count{${ids}}`, 2],
      [`rpc_seconds{${ids},quantile="0.5"}`, 0.2],
      [`rpc_seconds{${ids},quantile="1.0"}`, Number.NaN],
      [`rpc_seconds_count{${ids}}`, 9],
      [`rpc_seconds_sum{${ids}}`, 7],
    ]);
    expect(findViolations(request, { version })).toEqual([]);
    expect(request.series.every(({ points }) => points.length === 1 && points[0]!.timeMs === TICK_MS)).toBe(
      true,
    );
  });

  test.each([
    ['zero', 0],
    ['minus zero', -0],
    ['infinity', Number.POSITIVE_INFINITY],
    ['minus infinity', Number.NEGATIVE_INFINITY],
    ['not a number', Number.NaN],
    ['the smallest double', 5e-324],
    ['the largest double', Number.MAX_VALUE],
  ])('carries %s to the bit', (_name, last) => {
    const [series] = encodeAs(version, pushOf([makeGauge('g', { last })]).levels).series;
    expect(series!.points[0]!.value).toBe(last);
    expect(series!.points[0]!.bits).not.toBe(STALE_BITS);
  });

  test('exemplars stand at the bucket of their value, and only once', () => {
    const exemplar = (value: number, ageMs: number) => ({
      labels: [
        { name: 'trace_id', value: 'ab'.repeat(16) },
        { name: 'span_id', value: 'cd'.repeat(8) },
      ],
      value,
      timeMs: TICK_MS - ageMs,
    });
    const exemplars = [exemplar(0.05, 10), exemplar(5, 20), exemplar(99, 30), exemplar(1, 2 * MINUTE_MS)];
    const push = pushOf([
      makeHistogram('h', { bounds: [0.1, 10], buckets: [1, 2, 3], sum: 5, exemplars }),
      makeCounter('c', { level: 1, exemplars: [exemplar(1, 5)] }),
    ]);
    const request = encodeAs(version, push.levels);
    expect(request.series.map(({ exemplars: own }) => own.map(({ value }) => value))).toEqual([
      [0.05],
      [5],
      [99],
      [],
      [],
      [1],
    ]);
    expect(request.series[5]!.exemplars[0]).toEqual({
      labels: [
        ['span_id', 'cd'.repeat(8)],
        ['trace_id', 'ab'.repeat(16)],
      ],
      value: 1,
      timeMs: TICK_MS - 5,
    });
    expect(findViolations(request, { version })).toEqual([]);
  });

  test('an exponential histogram is a native one where that is asked for', () => {
    const series = makeHistogram('h', { bounds: [1], buckets: [9, 20], sum: 3.5, native: NATIVE });
    const request = encodeAs(version, pushOf([series], { nativeHistograms: true }).levels);
    expect(request.series).toHaveLength(1);
    expect(request.series[0]!.points[0]!.native).toEqual({
      count: 20n,
      sum: 3.5,
      schema: 1,
      zeroThreshold: 1e-6,
      zeroCount: 2n,
      positive: new Map([
        [-2, 1n],
        [-1, 4n],
        [6, 10n],
      ]),
      negative: new Map([[1, 3n]]),
    });
    expect(pushOf([series]).levels).toHaveLength(4);
  });

  test('what comes out is what went in, for any labels and values', () => {
    const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,20}$/).filter((text) => !text.startsWith('__'));
    const value = fc.string({ unit: 'grapheme', maxLength: 200 }).filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(fc.dictionary(name, value), fc.double(), (labels, level) => {
        const { __proto__: _ignored, ...clean } = labels as Record<string, string>;
        const request = encodeAs(version, pushOf([makeGauge('m', { last: level, labels: clean })]).levels);
        expect(findViolations(request, { version })).toEqual([]);
        expect(request.series[0]!.points[0]!.value).toBe(level);
        const expected = Object.entries({ instance: 'i-1', job: 'shop/cart', ...clean }).filter(
          ([, v]) => v !== '',
        );
        expect(Object.fromEntries(request.series[0]!.labels.slice())).toEqual({
          __name__: 'm',
          ...Object.fromEntries(expected),
        });
      }),
      { numRuns: 100, seed: 1 },
    );
  });
});

test('2.0 carries type, help, unit and start with each series, and every string once', () => {
  const push = planPush(
    makeSnapshot(EVERY_KIND, { families: { requests_total: { help: 'Requests.', unit: '{request}' } } }),
    { expander, announcedTickMs: TICK_MS },
  );
  const { series, symbols } = encodeAs('2.0', push.levels);
  expect(series[0]!.metadata).toEqual({ type: 1, help: 'Requests.', unit: '{request}' });
  expect(series.map(({ metadata }) => metadata!.type)).toEqual([
    1, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 5, 5, 5, 5,
  ]);
  expect(series.map(({ points }) => points[0]!.startMs > 0)).toEqual(
    series.map(({ labels }) => !seriesText(labels).startsWith('temp')),
  );
  expect(symbols[0]).toBe('');
  expect(new Set(symbols).size).toBe(symbols.length);
});

test('1.0 describes families in a request of their own', () => {
  const { families } = makeSnapshot(EVERY_KIND, { families: { rpc_seconds: { help: 'Calls.', unit: 's' } } });
  const { metadata, series } = decodeWriteRequestV1(encodeMetadataV1(families));
  expect(series).toEqual([]);
  expect(metadata.get('rpc_seconds')).toEqual({ type: 5, help: 'Calls.', unit: 's' });
  expect([...metadata.keys()]).toEqual([...families.keys()]);
});

test('names are ordered by their bytes, not by UTF-16 units', () => {
  const names = ['\u{1f600}', '\ufb01', 'b', 'a', '', 'ä', 'aa'];
  const byBytes = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(names.toSorted(compareByBytes)).toEqual(byBytes);
});

describe('what is kept from tick to tick', () => {
  test('a cache that is too small, and symbols that are numbered anew, change no byte', () => {
    const random = createRandom(7);
    const tiny = createSeriesExpander({ maxCachedWires: 20 });
    for (let tick = 0; tick < 40; tick++) {
      const series = Array.from({ length: 1 + random.below(12) }, () =>
        makeHistogram(`h_${random.below(30)}`, {
          bounds: random.chance(0.5) ? [1, 2] : [1, 2, 3],
          buckets: [1, 2, 3, 4],
          sum: random.chance(0.5) ? 1 : undefined,
          labels: { id: String(random.below(50)) },
        }),
      );
      const unique = [...new Map(series.map((one) => [one.id, one])).values()].map((one) => ({
        ...one,
        buckets: one.buckets.slice(0, one.bounds.length + 1),
      }));
      const plan = (from: typeof tiny) =>
        planPush(makeSnapshot(unique), { expander: from, announcedTickMs: TICK_MS });
      const fresh = createSeriesExpander();
      const expected = encodeAs('2.0', plan(fresh).levels, fresh);
      expect(encodeAs('2.0', plan(tiny).levels, tiny)).toEqual(expected);
      expect(encodeAs('1.0', plan(tiny).levels).series).toHaveLength(expected.series.length);
    }
  });
});

describe('native histograms', () => {
  test.each([
    ['a scale finer than Prometheus has is merged', { ...NATIVE, scale: 10 }, 8, [1, 2]],
    ['a scale at the limit is kept', { ...NATIVE, scale: 8 }, 8, [-2, -1, 6]],
  ])('%s', (_name, native, schema, indexes) => {
    const series = makeHistogram('h', { bounds: [1], buckets: [9, 20], sum: 1, native });
    const [written] = encodeAs('2.0', pushOf([series], { nativeHistograms: true }).levels).series;
    const { native: got } = written!.points[0] as Required<WrittenPoint>;
    expect(got.schema).toBe(schema);
    const keys = [...got.positive].filter(([, count]) => count > 0n).map(([index]) => index);
    expect(keys).toEqual(schema === 8 && native.scale === 10 ? [0, 2] : indexes);
  });

  test('a scale coarser than Prometheus has is shown in its explicit buckets', () => {
    const series = makeHistogram('h', {
      bounds: [1],
      buckets: [9, 20],
      sum: 1,
      native: { ...NATIVE, scale: -5 },
    });
    expect(pushOf([series], { nativeHistograms: true }).levels).toHaveLength(4);
  });
});
