import type { Signal } from '@sluice/core/names';
import { describe, expect, test } from 'vitest';
import { decodeLogs } from './decode-logs.ts';
import { decodeMetrics } from './decode-metrics.ts';
import { decodeTraces } from './decode-traces.ts';
import { ProtoWriter } from './proto-writer.ts';
import {
  fromJson,
  GAUGE,
  LOG_RECORD,
  logRequest,
  metricRequest,
  NOW_MS,
  NOW_NANO,
  NUMBER_POINT,
  SPAN,
  TRACE_ID,
  traceRequest,
} from './testing/from-json.ts';
import { makeLogRequest, makeMetricRequest, makeTraceRequest } from './testing/requests.ts';
import { type ValidRequest, validateRequest } from './validate.ts';

function validate(signal: Signal, bytes: Uint8Array): ValidRequest {
  const result = validateRequest(signal, bytes, { nowMs: NOW_MS });
  if (result.status !== 'ok') throw new Error(result.message);
  return result;
}

function hours(count: number): string {
  return `${NOW_MS + count * 3_600_000}000000`;
}

describe('a sound request', () => {
  test.each([
    ['traces', makeTraceRequest({ spans: 60, nowMs: NOW_MS }), 60],
    ['logs', makeLogRequest({ records: 60, nowMs: NOW_MS }), 60],
    ['metrics', makeMetricRequest({ points: 60, nowMs: NOW_MS }), 60],
  ] as const)('of %s is accepted whole, as the very same bytes', (signal, bytes, items) => {
    const result = validate(signal, bytes);
    expect(result).toMatchObject({ items, rejected: 0, rejections: [], warnings: [] });
    expect(result.bytes).toBe(bytes);
  });

  test('of no bytes at all is an empty request', () => {
    expect(validate('traces', new Uint8Array())).toEqual({
      status: 'ok',
      items: 0,
      bytes: new Uint8Array(),
      rejected: 0,
      rejections: [],
      warnings: [],
    });
  });

  test('in a slice of a larger buffer is read from its own start', () => {
    const request = makeTraceRequest({ spans: 3, nowMs: NOW_MS });
    const slice = Buffer.concat([Buffer.alloc(7, 0xff), request, Buffer.alloc(5, 0xff)]).subarray(
      7,
      7 + request.length,
    );
    expect(validate('traces', slice)).toMatchObject({ items: 3, rejected: 0 });
  });

  test('tells the time range of its items', () => {
    const spans = [-2, 0, -1].map((hour) => ({
      ...SPAN,
      startTimeUnixNano: hours(hour - 0.5),
      endTimeUnixNano: hours(hour),
    }));
    expect(validate('traces', traceRequest(...spans))).toMatchObject({
      earliestMs: NOW_MS - 2.5 * 3_600_000,
      latestMs: NOW_MS,
    });
  });

  test('whose data field is set twice has the points of the last kind', () => {
    const writer = new ProtoWriter();
    const metric = { name: 'm', gauge: { dataPoints: [NUMBER_POINT, NUMBER_POINT] } };
    const summary = { name: 'm', summary: { dataPoints: [{ timeUnixNano: NOW_NANO }] } };
    const both = [metricRequest(metric), metricRequest(summary)].map(
      (bytes) => bytes.subarray(6), // behind the tags and lengths of resource, scope and metric
    );
    const resource = writer.begin(1);
    const scope = writer.begin(2);
    const merged = writer.begin(2);
    for (const bytes of both) writer.raw(bytes);
    writer.end(merged);
    writer.end(scope);
    writer.end(resource);
    expect(validate('metrics', writer.finish()).items).toBe(1);
  });
});

describe('a span is rejected, and nothing else with it,', () => {
  test.each([
    ['without a trace id', { traceId: '' }, 'invalid-trace-id', 'trace_id is empty'],
    ['with a short trace id', { traceId: '5b8eff' }, 'invalid-trace-id', 'trace_id has 3 bytes (0x5b8eff)'],
    ['with a trace id of zeros', { traceId: '0'.repeat(32) }, 'invalid-trace-id', 'all zero'],
    ['without a span id', { spanId: '' }, 'invalid-span-id', 'span_id is empty'],
    ['with a span id of zeros', { spanId: '0'.repeat(16) }, 'invalid-span-id', 'all zero'],
    ['with a long span id', { spanId: TRACE_ID }, 'invalid-span-id', 'span_id has 16 bytes'],
    [
      'with a short parent id',
      { parentSpanId: 'ab' },
      'invalid-parent-span-id',
      'parent_span_id has 1 bytes',
    ],
    ['with a wrong link', { links: [{ traceId: 'abcd' }] }, 'invalid-link-id', 'link trace_id has 2 bytes'],
    [
      'with an id in base64',
      { traceId: 'W47/95gDgQPSabYzgT/GDA==' },
      'invalid-trace-id',
      '"W47/95gDgQPSabYzgT/GDA=="',
    ],
  ])('%s', (_, change, reason, detail) => {
    const other = { ...SPAN, name: 'other' };
    const result = validate('traces', traceRequest(other, { ...SPAN, ...change }, other));
    expect(result).toMatchObject({ items: 2, rejected: 1, rejections: [{ reason, count: 1 }] });
    expect(result.rejections[0]?.example).toContain('resourceSpans[0].scopeSpans[0].spans[1]: ');
    expect(result.rejections[0]?.example).toContain(detail);
    const names = decodeTraces(result.bytes)[0]?.scopes[0]?.spans.map(({ name }) => name);
    expect(names).toEqual(['other', 'other']);
  });

  test('and what stands around it keeps its place when lengths shrink by a byte', () => {
    // Enough spans that the scope's length takes two bytes before the cut and one after it.
    const wrong = { ...SPAN, traceId: 'ab' };
    const bytes = fromJson('traces', {
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'cart' } }] },
          scopeSpans: [{ scope: { name: 'a' }, spans: [wrong, wrong, wrong], schemaUrl: 'u' }],
          schemaUrl: 'v',
        },
        { scopeSpans: [{ spans: [SPAN, wrong] }, { spans: [wrong] }] },
      ],
    });
    const result = validate('traces', bytes);
    expect(result).toMatchObject({ items: 1, rejected: 5 });
    const [first, second] = decodeTraces(result.bytes);
    expect(first).toMatchObject({
      schemaUrl: 'v',
      scopes: [{ scope: { name: 'a' }, schemaUrl: 'u', spans: [] }],
    });
    expect(first?.resource.attributes).toHaveLength(1);
    expect(second?.scopes.map(({ spans }) => spans.length)).toEqual([1, 0]);
  });
});

test.each([
  ['a trace id of 15 bytes', { traceId: TRACE_ID.slice(2) }, 'invalid-trace-id'],
  ['a span id of 4 bytes', { spanId: 'abcdef01' }, 'invalid-span-id'],
])('a log record with %s is rejected', (_, change, reason) => {
  const result = validate('logs', logRequest({ ...LOG_RECORD, ...change }, LOG_RECORD));
  expect(result).toMatchObject({ items: 1, rejected: 1, rejections: [{ reason, count: 1 }] });
  expect(decodeLogs(result.bytes)[0]?.scopes[0]?.records).toHaveLength(1);
});

describe('of a metric', () => {
  const histogram = { timeUnixNano: NOW_NANO, count: '3', bucketCounts: ['1', '2'], explicitBounds: [1] };
  const inHistogram = (point: object) => ({
    name: 'latency',
    histogram: { aggregationTemporality: 2, dataPoints: [histogram, point] },
  });

  test.each([
    [
      'a point without a time',
      { name: 'g', gauge: { dataPoints: [NUMBER_POINT, { asInt: '1' }] } },
      'point-without-time',
      'metrics[0].gauge.dataPoints[1]: ',
    ],
    [
      'a point whose exemplar has a wrong id',
      {
        name: 'g',
        gauge: { dataPoints: [NUMBER_POINT, { ...NUMBER_POINT, exemplars: [{ traceId: 'ab' }] }] },
      },
      'invalid-exemplar-id',
      'exemplar trace_id has 1 bytes',
    ],
    [
      'a point with too few buckets',
      inHistogram({ ...histogram, bucketCounts: ['3'] }),
      'bucket-bounds-mismatch',
      '1 bucket_counts and 1 explicit_bounds',
    ],
    [
      'a point with bounds but no buckets',
      inHistogram({ ...histogram, bucketCounts: [] }),
      'bucket-bounds-mismatch',
      '0 bucket_counts',
    ],
    [
      'a point with falling bounds',
      inHistogram({ ...histogram, bucketCounts: ['1', '1', '1'], explicitBounds: [2, 1] }),
      'bounds-not-increasing',
      'rise strictly',
    ],
    [
      'a point with a bound that is no number',
      inHistogram({ ...histogram, explicitBounds: ['NaN'] }),
      'bounds-not-increasing',
      'rise strictly',
    ],
    [
      'a summary with an impossible quantile',
      {
        name: 's',
        summary: {
          dataPoints: [
            { timeUnixNano: NOW_NANO },
            { timeUnixNano: NOW_NANO, quantileValues: [{ quantile: 1.5 }] },
          ],
        },
      },
      'invalid-quantile',
      'quantile is 1.5',
    ],
  ])('%s is rejected alone', (_, metric, reason, detail) => {
    const result = validate('metrics', metricRequest(metric, GAUGE));
    expect(result).toMatchObject({ items: 2, rejected: 1, rejections: [{ reason, count: 1 }] });
    expect(result.rejections[0]?.example).toContain(detail);
    const points = decodeMetrics(result.bytes)[0]?.scopes[0]?.metrics.map(({ data }) => data.points.length);
    expect(points).toEqual([1, 1]);
  });

  test.each([
    ['no name', { ...GAUGE, name: '' }, 1, 'metric-without-name'],
    [
      'no temporality',
      { name: 's', sum: { dataPoints: [NUMBER_POINT, NUMBER_POINT] } },
      2,
      'invalid-temporality',
    ],
    [
      'an unknown temporality',
      { name: 'h', histogram: { aggregationTemporality: 3, dataPoints: [histogram] } },
      1,
      'invalid-temporality',
    ],
  ])('with %s all points are rejected', (_, metric, rejected, reason) => {
    const result = validate('metrics', metricRequest(metric, GAUGE));
    expect(result).toMatchObject({ items: 1, rejected, rejections: [{ reason, count: rejected }] });
    expect(decodeMetrics(result.bytes)[0]?.scopes[0]?.metrics).toHaveLength(1);
  });

  test('a point that says it has no recorded value needs none', () => {
    const stale = { timeUnixNano: NOW_NANO, flags: 1 };
    const metrics = [
      { name: 'g', gauge: { dataPoints: [stale] } },
      {
        name: 'h',
        histogram: { aggregationTemporality: 2, dataPoints: [{ ...stale, explicitBounds: [1] }] },
      },
      {
        name: 'e',
        exponentialHistogram: { aggregationTemporality: 1, dataPoints: [{ ...stale, zeroCount: '7' }] },
      },
    ];
    expect(validate('metrics', metricRequest(...metrics))).toMatchObject({
      items: 3,
      rejected: 0,
      warnings: [],
    });
  });

  test('counts beyond 2^53 are added up exactly', () => {
    const point = (count: bigint) => ({
      timeUnixNano: NOW_NANO,
      count: String(count),
      bucketCounts: [String(2n ** 62n), String(2n ** 62n + 1n)],
      explicitBounds: [1],
    });
    const request = (count: bigint) =>
      metricRequest({ name: 'h', histogram: { aggregationTemporality: 2, dataPoints: [point(count)] } });
    expect(validate('metrics', request(2n ** 63n + 1n)).warnings).toEqual([]);
    expect(validate('metrics', request(2n ** 63n)).warnings).toHaveLength(1);
  });
});

describe('accepted with a warning:', () => {
  const point = (change: object) =>
    metricRequest({ name: 'g', gauge: { dataPoints: [{ ...NUMBER_POINT, ...change }] } });

  test.each([
    ['a span without a name', 'traces', traceRequest({ ...SPAN, name: '' }), 'has no name'],
    [
      'a span without a start',
      'traces',
      traceRequest({ ...SPAN, startTimeUnixNano: '0' }),
      'no start_time_unix_nano',
    ],
    [
      'a span without an end',
      'traces',
      traceRequest({ ...SPAN, endTimeUnixNano: '0' }),
      'no end_time_unix_nano',
    ],
    [
      'a span that ends a nanosecond before it starts',
      'traces',
      traceRequest({ ...SPAN, endTimeUnixNano: String(BigInt(NOW_NANO) - 1n) }),
      'ends before it starts',
    ],
    ['a link without ids', 'traces', traceRequest({ ...SPAN, links: [{}] }), 'link without a trace_id'],
    [
      'a span of the future',
      'traces',
      traceRequest({ ...SPAN, endTimeUnixNano: hours(0.2) }),
      'in the future',
    ],
    [
      'a span of three weeks ago',
      'traces',
      traceRequest({ ...SPAN, startTimeUnixNano: hours(-504), endTimeUnixNano: hours(-504) }),
      'more than 14 days old',
    ],
    [
      'a record of last week',
      'logs',
      logRequest({ ...LOG_RECORD, timeUnixNano: hours(-169), observedTimeUnixNano: hours(-169) }),
      'more than 7 days old',
    ],
    [
      'a point of this morning',
      'metrics',
      point({ timeUnixNano: hours(-2), startTimeUnixNano: hours(-3) }),
      'more than an hour old',
    ],
    [
      'a record without a time',
      'logs',
      logRequest({ body: { stringValue: 'x' } }),
      'neither time_unix_nano nor',
    ],
    [
      'a record with a trace id of zeros',
      'logs',
      logRequest({ ...LOG_RECORD, traceId: '0'.repeat(32) }),
      'all-zero trace_id',
    ],
    [
      'a record with a span id of zeros',
      'logs',
      logRequest({ ...LOG_RECORD, spanId: '0'.repeat(16) }),
      'all-zero span_id',
    ],
    ['a metric without data', 'metrics', metricRequest({ name: 'm' }), 'has no data'],
    ['a metric without points', 'metrics', metricRequest({ name: 'm', gauge: {} }), 'no data points'],
    [
      'a point that starts late',
      'metrics',
      point({ startTimeUnixNano: hours(1) }),
      'start after their own time',
    ],
    ['a point without a value', 'metrics', point({ asInt: null }), 'points without a value'],
  ] as const)('%s', (_, signal, bytes, text) => {
    const result = validate(signal, bytes);
    expect(result.rejected).toBe(0);
    expect(result.warnings).toEqual([expect.stringContaining(text)]);
  });

  test('of a backfill are one, with their count, and none within what the backends take', () => {
    const record = (hour: number) => ({
      ...LOG_RECORD,
      timeUnixNano: hours(hour),
      observedTimeUnixNano: '0',
    });
    const old = Array.from({ length: 50 }, (_, i) => record(-200 - i));
    expect(validate('logs', logRequest(record(0), ...old)).warnings).toEqual([
      expect.stringMatching(/logRecords\[1\] is more than 7 days old: .* \(50 times\)$/),
    ]);
    expect(validate('logs', logRequest(record(-1), record(-160))).warnings).toEqual([]);
    const span = { ...SPAN, startTimeUnixNano: hours(-330), endTimeUnixNano: hours(-330) };
    expect(validate('traces', traceRequest(span)).warnings).toEqual([]);
  });

  test('a count that is not the sum of the buckets', () => {
    const points = [{ timeUnixNano: NOW_NANO, count: '4', bucketCounts: ['1', '2'], explicitBounds: [1] }];
    const exponential = [
      { timeUnixNano: NOW_NANO, count: '4', zeroCount: '1', positive: { bucketCounts: ['1'] } },
    ];
    const result = validate(
      'metrics',
      metricRequest(
        { name: 'h', histogram: { aggregationTemporality: 2, dataPoints: points } },
        { name: 'e', exponentialHistogram: { aggregationTemporality: 2, dataPoints: exponential } },
      ),
    );
    expect(result).toMatchObject({ items: 2, rejected: 0 });
    expect(result.warnings).toEqual([expect.stringMatching(/not the sum of their buckets \(2 times\)$/)]);
  });

  test('fields that OTLP does not have, and those of its early versions', () => {
    const writer = new ProtoWriter();
    writer.raw(traceRequest(SPAN));
    writer.string(7, 'new');
    const resource = writer.begin(1);
    const legacy = writer.begin(1000);
    writer.end(legacy);
    writer.end(resource);
    const result = validate('traces', writer.finish());
    expect(result).toMatchObject({ items: 1, rejected: 0 });
    expect(result.warnings).toEqual([
      'field 7 of the request is not known to OTLP and is passed over',
      expect.stringContaining('resourceSpans[1] has items under the field of an instrumentation library'),
    ]);
  });
});
