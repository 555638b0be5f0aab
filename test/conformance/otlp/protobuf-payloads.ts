/** OTLP requests in protobuf, from their parts: what a case does not name is sound and unique. */
import { randomBytes } from 'node:crypto';
import type { Signal } from '@sluice/core/names';
import {
  type Bytes,
  double,
  fixed32,
  fixed64,
  join,
  len,
  packed64,
  packedDoubles,
  sint,
  uint,
} from './wire.ts';

export const anyString = (text: string): Buffer => len(1, text);
export const anyBool = (value: boolean): Buffer => uint(2, value ? 1 : 0);
export const anyInt = (value: bigint | number): Buffer => uint(3, value);
export const anyDouble = (value: number): Buffer => double(4, value);
export const anyArray = (...values: readonly Bytes[]): Buffer => len(5, ...values.map((one) => len(1, one)));
export const anyKvlist = (...pairs: readonly Bytes[]): Buffer => len(6, ...pairs.map((pair) => len(1, pair)));
export const anyBytes = (value: Bytes): Buffer => len(7, value);
export const keyValue = (key: string, value: Bytes): Buffer => join(len(1, key), len(2, value));

/** One attribute of each kind that AnyValue has, the empty one included. */
export const everyKindOfValue: readonly Bytes[] = [
  keyValue('string', anyString('text')),
  keyValue('unicode', anyString('Grüße, 世界 👋')),
  keyValue('true', anyBool(true)),
  keyValue('int', anyInt(-9_007_199_254_740_993n)),
  keyValue('double', anyDouble(Math.PI)),
  keyValue('array', anyArray(anyString('a'), anyInt(1), anyBool(false))),
  keyValue('kvlist', anyKvlist(keyValue('inner', anyString('value')))),
  keyValue('bytes', anyBytes(Buffer.from([0, 255, 128]))),
  keyValue('empty', Buffer.alloc(0)),
];

export const traceId = (): Buffer => randomBytes(16);
export const spanId = (): Buffer => randomBytes(8);
export const nowNano = (): bigint => BigInt(Date.now()) * 1_000_000n;

export const resource = (...attributes: readonly Bytes[]): Buffer =>
  join(
    len(1, keyValue('service.name', anyString('conformance'))),
    ...attributes.map((attribute) => len(1, attribute)),
  );
export const scope = (): Buffer => join(len(1, 'conformance'), len(2, '1.0.0'));

interface SpanParts {
  readonly traceId?: Bytes;
  readonly spanId?: Bytes;
  readonly name?: Bytes | string;
  readonly start?: bigint;
  readonly end?: bigint;
  /** Further fields, written last. */
  readonly more?: readonly Bytes[];
}

export function span({ more = [], ...parts }: SpanParts = {}): Buffer {
  const end = parts.end ?? nowNano();
  return join(
    len(1, parts.traceId ?? traceId()),
    len(2, parts.spanId ?? spanId()),
    len(5, parts.name ?? 'GET /orders'),
    uint(6, 2),
    fixed64(7, parts.start ?? end - 5_000_000n),
    fixed64(8, end),
    ...more,
  );
}

/** Every field that a span has. */
export const fullSpan = (): Buffer =>
  span({
    more: [
      len(3, 'vendor=state'),
      len(4, spanId()),
      ...everyKindOfValue.map((attribute) => len(9, attribute)),
      uint(10, 1),
      len(11, fixed64(1, nowNano()), len(2, 'exception'), len(3, keyValue('k', anyString('v'))), uint(4, 2)),
      uint(12, 3),
      len(13, len(1, traceId()), len(2, spanId()), len(3, 's=1'), uint(5, 1), fixed32(6, 1)),
      uint(14, 4),
      len(15, len(2, 'broken'), uint(3, 2)),
      fixed32(16, 0x101),
    ],
  });

interface LogParts {
  readonly time?: bigint;
  readonly body?: Bytes;
  readonly more?: readonly Bytes[];
}

export function logRecord({
  time = nowNano(),
  body = anyString('order 7 paid'),
  more = [],
}: LogParts = {}): Buffer {
  return join(fixed64(1, time), fixed64(11, time), uint(2, 9), len(3, 'INFO'), len(5, body), ...more);
}

/** Every field that a log record has. */
export const fullLogRecord = (): Buffer =>
  logRecord({
    body: anyKvlist(...everyKindOfValue),
    more: [
      ...everyKindOfValue.map((attribute) => len(6, attribute)),
      uint(7, 1),
      fixed32(8, 1),
      len(9, traceId()),
      len(10, spanId()),
      len(12, 'order.paid'),
    ],
  });

const times = (at = nowNano()): Buffer => join(fixed64(2, at - 60_000_000_000n), fixed64(3, at));
export const CUMULATIVE = 2;
export const DELTA = 1;

export const numberPoint = (value: Bytes = double(4, 1.5), ...more: readonly Bytes[]): Buffer =>
  join(times(), value, len(7, keyValue('route', anyString('/orders'))), ...more);
export const histogramPoint = (
  counts: readonly number[],
  bounds: readonly number[],
  count?: number,
): Buffer =>
  join(
    times(),
    fixed64(4, count ?? counts.reduce((sum, one) => sum + one, 0)),
    double(5, 12.5),
    packed64(6, counts),
    packedDoubles(7, bounds),
  );
export const exponentialPoint = (): Buffer =>
  join(
    times(),
    fixed64(4, 6),
    double(5, 3),
    sint(6, -2),
    fixed64(7, 1),
    len(8, sint(1, -3), len(2, Buffer.from([2, 1]))),
    len(9, sint(1, 1), len(2, Buffer.from([2]))),
    double(12, 0.1),
    double(13, 9),
    double(14, 0.001),
  );
export const summaryPoint = (): Buffer =>
  join(
    times(),
    fixed64(4, 3),
    double(5, 6),
    len(6, double(1, 0.5), double(2, 2)),
    len(6, double(1, 1), double(2, 3)),
  );

export const gauge = (...points: readonly Bytes[]): Buffer => len(5, ...points.map((point) => len(1, point)));
export const sum = (points: readonly Bytes[], temporality = CUMULATIVE): Buffer =>
  len(7, ...points.map((point) => len(1, point)), uint(2, temporality), uint(3, 1));
export const histogram = (points: readonly Bytes[], temporality = DELTA): Buffer =>
  len(9, ...points.map((point) => len(1, point)), uint(2, temporality));
export const exponential = (points: readonly Bytes[], temporality = DELTA): Buffer =>
  len(10, ...points.map((point) => len(1, point)), uint(2, temporality));
export const summary = (points: readonly Bytes[]): Buffer => len(11, ...points.map((point) => len(1, point)));

export const metric = (data: Bytes, name: Bytes | string = 'orders.paid'): Buffer =>
  join(len(1, name), len(2, 'Orders that were paid.'), len(3, '{order}'), data);

/** One metric of every kind, with five points in all. */
export const everyKindOfMetric = (): readonly Buffer[] => [
  metric(gauge(numberPoint()), 'queue.length'),
  metric(sum([numberPoint(fixed64(6, 7))]), 'orders.paid'),
  metric(histogram([histogramPoint([1, 2, 3], [0.1, 1])]), 'order.duration'),
  metric(exponential([exponentialPoint()]), 'order.size'),
  metric(summary([summaryPoint()]), 'order.age'),
];

/** An export request of items, all in one resource and one scope: the shape is the same for every signal. */
export function request(...items: readonly Bytes[]): Buffer {
  return len(1, len(1, resource()), len(2, len(1, scope()), ...items.map((item) => len(2, item))));
}

export const ITEM: Readonly<Record<Signal, () => Buffer>> = {
  traces: () => span(),
  logs: () => logRecord(),
  metrics: () => metric(gauge(numberPoint())),
};

/** Every field of the signal. */
export const FULL_ITEMS: Readonly<Record<Signal, () => readonly Buffer[]>> = {
  traces: () => [fullSpan()],
  logs: () => [fullLogRecord()],
  metrics: everyKindOfMetric,
};

/** A sound request of `count` items. */
export function soundRequest(signal: Signal, count = 1): Buffer {
  return request(...Array.from({ length: count }, () => ITEM[signal]()));
}
