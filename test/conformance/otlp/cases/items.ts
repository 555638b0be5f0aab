/** Items that no backend can take: they are rejected by count and reason, and their neighbours are taken. */
import type { Signal } from '@sluice/core/names';
import { type ConformanceCase, post, postJson, type Theme } from '../conformance-case.ts';
import { expectExport } from '../expect-answer.ts';
import { type Json, jsonLogRecord, jsonMetric, jsonPoint, jsonRequest, jsonSpan } from '../json-payloads.ts';
import {
  anyString,
  CUMULATIVE,
  gauge,
  histogram,
  histogramPoint,
  ITEM,
  keyValue,
  logRecord,
  metric,
  nowNano,
  numberPoint,
  request,
  span,
  spanId,
  sum,
  traceId,
} from '../protobuf-payloads.ts';
import type { Target } from '../target.ts';
import { fixed64, join, len, uint } from '../wire.ts';

interface Row {
  readonly name: string;
  readonly bad: () => Uint8Array;
  /** Default 1. */
  readonly rejected?: number;
}

const ZERO_16 = Buffer.alloc(16);
const ZERO_8 = Buffer.alloc(8);

const SPANS: readonly Row[] = [
  { name: 'no trace id', bad: () => span({ traceId: Buffer.alloc(0) }) },
  { name: 'a trace id of 15 bytes', bad: () => span({ traceId: traceId().subarray(1) }) },
  { name: 'a trace id of 17 bytes', bad: () => span({ traceId: join(traceId(), 'x') }) },
  { name: 'a trace id in hex text', bad: () => span({ traceId: Buffer.from(traceId().toString('hex')) }) },
  { name: 'a trace id of zeros', bad: () => span({ traceId: ZERO_16 }) },
  { name: 'no span id', bad: () => span({ spanId: Buffer.alloc(0) }) },
  { name: 'a span id of 7 bytes', bad: () => span({ spanId: spanId().subarray(1) }) },
  { name: 'a span id of 16 bytes', bad: () => span({ spanId: traceId() }) },
  { name: 'a span id of zeros', bad: () => span({ spanId: ZERO_8 }) },
  { name: 'a parent span id of 4 bytes', bad: () => span({ more: [len(4, spanId().subarray(4))] }) },
];

const LOGS: readonly Row[] = [
  { name: 'a trace id of 15 bytes', bad: () => logRecord({ more: [len(9, traceId().subarray(1))] }) },
  { name: 'a span id of 9 bytes', bad: () => logRecord({ more: [len(10, join(spanId(), 'x'))] }) },
  { name: 'a trace id in hex text', bad: () => logRecord({ more: [len(9, traceId().toString('hex'))] }) },
];

const METRICS: readonly Row[] = [
  { name: 'no name', bad: () => metric(gauge(numberPoint()), '') },
  { name: 'a point without a time', bad: () => metric(gauge(fixed64(6, 7))) },
  {
    name: 'more buckets than bounds allow',
    bad: () => metric(histogram([histogramPoint([1, 2, 3, 4], [0.1, 1])])),
  },
  {
    name: 'fewer buckets than bounds ask for',
    bad: () => metric(histogram([histogramPoint([1, 2], [0.1, 1])])),
  },
  { name: 'bounds that fall', bad: () => metric(histogram([histogramPoint([1, 2, 3], [1, 0.1])])) },
  { name: 'a sum without a temporality', bad: () => metric(sum([numberPoint()], 0)) },
  {
    name: 'a histogram without a temporality',
    bad: () => metric(histogram([histogramPoint([1, 2], [1])], 0)),
  },
  {
    name: 'three points, all of unknown temporality',
    bad: () => metric(sum([numberPoint(), numberPoint(), numberPoint()], 0)),
    rejected: 3,
  },
];

const WARNED: readonly (Row & { readonly signal: Signal })[] = [
  {
    name: 'a span that ends before it starts',
    signal: 'traces',
    bad: () => span({ start: nowNano(), end: nowNano() - 10_000_000_000n }),
  },
  {
    name: 'a span an hour in the future',
    signal: 'traces',
    bad: () => span({ end: nowNano() + 3_600_000_000_000n }),
  },
  {
    name: 'a log record a day in the future',
    signal: 'logs',
    bad: () => logRecord({ time: nowNano() + 86_400_000_000_000n }),
  },
];

const PLAIN: readonly (Row & { readonly signal: Signal })[] = [
  {
    name: 'a span that starts and ends at once',
    signal: 'traces',
    bad: () => {
      const now = nowNano();
      return span({ start: now, end: now });
    },
  },
  { name: 'a log record without a trace', signal: 'logs', bad: () => logRecord() },
  {
    name: 'a log record with a body of attributes only',
    signal: 'logs',
    bad: () => logRecord({ body: Buffer.alloc(0), more: [len(6, keyValue('k', anyString('v')))] }),
  },
  {
    name: 'a histogram without buckets',
    signal: 'metrics',
    bad: () => metric(histogram([histogramPoint([], [], 4)])),
  },
  {
    name: 'a histogram of one bucket',
    signal: 'metrics',
    bad: () => metric(histogram([histogramPoint([4], [])])),
  },
  {
    name: 'a sum in cumulative temporality',
    signal: 'metrics',
    bad: () => metric(sum([numberPoint()], CUMULATIVE)),
  },
  {
    name: 'a point without a value but with the flag that says so',
    signal: 'metrics',
    bad: () => metric(gauge(join(fixed64(3, nowNano()), uint(8, 1)))),
  },
];

const JSON_ROWS: readonly (readonly [name: string, signal: Signal, item: () => Json])[] = [
  ['a trace id that is not hex', 'traces', () => jsonSpan({ traceId: 'z'.repeat(32) })],
  ['a trace id of 31 digits', 'traces', () => jsonSpan({ traceId: 'a'.repeat(31) })],
  ['a trace id in base64', 'traces', () => jsonSpan({ traceId: traceId().toString('base64') })],
  ['a trace id of zeros', 'traces', () => jsonSpan({ traceId: '0'.repeat(32) })],
  ['no trace id', 'traces', () => jsonSpan({ traceId: '' })],
  ['a span id of 15 digits', 'traces', () => jsonSpan({ spanId: 'a'.repeat(15) })],
  ['a span id in base64', 'traces', () => jsonSpan({ spanId: spanId().toString('base64') })],
  ['a trace id of 31 digits', 'logs', () => jsonLogRecord({ traceId: 'a'.repeat(31) })],
  ['no name', 'metrics', () => jsonMetric({ name: '', gauge: { dataPoints: [jsonPoint()] } })],
  ['a point without a time', 'metrics', () => jsonMetric({ gauge: { dataPoints: [{ asInt: '1' }] } })],
];

const SUBJECT = { traces: 'span', logs: 'log record', metrics: 'metric' } as const;

const rejecting = (signal: Signal, rows: readonly Row[]): readonly ConformanceCase[] =>
  rows.map(({ name, bad, rejected = 1 }) => ({
    name: `a ${SUBJECT[signal]} with ${name} is rejected, its neighbours are taken`,
    basis: 'promise' as const,
    run: async (target: Target) => {
      const answer = await post(target, request(ITEM[signal](), bad(), ITEM[signal]()), { signal });
      expectExport(answer, { signal, rejected });
    },
  }));

export const items: Theme = {
  name: 'items',
  cases: [
    ...rejecting('traces', SPANS),
    ...rejecting('logs', LOGS),
    ...rejecting('metrics', METRICS),
    ...JSON_ROWS.map(([name, signal, item]) => ({
      name: `in JSON, a ${SUBJECT[signal]} with ${name} is rejected, its neighbours are taken`,
      basis: 'promise' as const,
      run: async (target: Target) => {
        const good = { traces: jsonSpan, logs: jsonLogRecord, metrics: jsonMetric }[signal];
        const answer = await postJson(target, jsonRequest(signal, good(), item(), good()), signal);
        expectExport(answer, { signal, encoding: 'json', rejected: 1 });
      },
    })),
    ...WARNED.map(({ name, signal, bad }) => ({
      name: `${name} is taken with a warning`,
      basis: 'promise' as const,
      run: async (target: Target) =>
        expectExport(await post(target, request(bad()), { signal }), { signal, rejected: 0, says: /\S/ }),
    })),
    ...PLAIN.map(({ name, signal, bad }) => ({
      name: `${name} is taken without a word`,
      basis: 'promise' as const,
      run: async (target: Target) =>
        expectExport(await post(target, request(bad()), { signal }), { signal, says: 'none' }),
    })),
    {
      name: 'a request whose spans are all bad is answered 200 with all of them counted',
      basis: 'promise',
      async run(target) {
        const bad = Array.from({ length: 7 }, () => span({ traceId: ZERO_16 }));
        expectExport(await post(target, request(...bad)), { rejected: 7 });
      },
    },
    {
      name: 'the counts of different reasons add up and both are named',
      basis: 'promise',
      async run(target) {
        const bad = [span({ traceId: ZERO_16 }), span({ spanId: ZERO_8 }), span({ spanId: ZERO_8 })];
        expectExport(await post(target, request(...bad, span())), {
          rejected: 3,
          says: /trace.id[\s\S]*span.id/,
        });
      },
    },
    {
      name: 'the reason says where the rejected item stands',
      basis: 'promise',
      async run(target) {
        const answer = await post(target, request(span(), span(), span({ traceId: ZERO_16 })));
        expectExport(answer, { rejected: 1, says: /spans\[2\]/ });
      },
    },
    {
      name: 'one bad point does not take the other points of its metric with it',
      basis: 'promise',
      async run(target) {
        const answer = await post(
          target,
          request(metric(gauge(numberPoint(), fixed64(6, 7), numberPoint()))),
          { signal: 'metrics' },
        );
        expectExport(answer, { signal: 'metrics', rejected: 1 });
      },
    },
    {
      name: 'a thousand bad spans among a thousand good ones are counted exactly',
      basis: 'promise',
      async run(target) {
        const mixed = Array.from({ length: 2000 }, (_, i) =>
          i % 2 === 0 ? span() : span({ spanId: ZERO_8 }),
        );
        expectExport(await post(target, request(...mixed)), { rejected: 1000 });
      },
    },
    {
      name: 'a field that OTLP does not have at the top of a request is warned about',
      basis: 'promise',
      async run(target) {
        expectExport(await post(target, join(request(span()), len(77, 'what is this'))), { says: /77/ });
      },
    },
  ],
};
