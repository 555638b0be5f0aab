/** Writes export requests for tests and benches from short descriptions, as an SDK would send them. */
import { ProtoWriter } from '@sluice/otlp/proto-writer';
import { type PlainValue, writeAttributes } from '@sluice/otlp/testing/write-attributes';

export interface RequestSpec {
  readonly resource?: Readonly<Record<string, PlainValue>>;
  readonly scope?: {
    readonly name?: string;
    readonly version?: string;
    readonly attributes?: Readonly<Record<string, PlainValue>>;
  };
  readonly schemaUrl?: string;
  readonly metrics: readonly MetricSpec[];
}

export interface MetricSpec {
  readonly name: string;
  readonly unit?: string;
  readonly help?: string;
  readonly type: 'gauge' | 'sum' | 'histogram' | 'exponential' | 'summary';
  /** 0 unspecified, 1 delta, 2 cumulative. */
  readonly temporality?: number;
  readonly isMonotonic?: boolean;
  readonly points: readonly PointSpec[];
}

export interface PointSpec {
  readonly attributes?: Readonly<Record<string, PlainValue>>;
  readonly startMs?: number;
  readonly timeMs: number;
  readonly flags?: number;
  /** A bigint is sent as int64, a number as double. */
  readonly value?: number | bigint;
  readonly count?: bigint;
  readonly sum?: number;
  readonly bounds?: readonly number[];
  readonly counts?: readonly bigint[];
  readonly scale?: number;
  readonly zeroCount?: bigint;
  readonly zeroThreshold?: number;
  readonly positive?: BucketsSpec;
  readonly negative?: BucketsSpec;
  readonly quantiles?: readonly (readonly [number, number])[];
  readonly exemplars?: readonly ExemplarSpec[];
}

export interface BucketsSpec {
  readonly offset: number;
  readonly counts: readonly bigint[];
}

export interface ExemplarSpec {
  readonly timeMs: number;
  readonly value: number;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly attributes?: Readonly<Record<string, PlainValue>>;
}

const DATA_FIELD = { gauge: 5, sum: 7, histogram: 9, exponential: 10, summary: 11 } as const;
const ATTRIBUTES_FIELD = { gauge: 7, sum: 7, histogram: 9, exponential: 1, summary: 7 } as const;
const FLAGS_FIELD = { gauge: 8, sum: 8, histogram: 10, exponential: 10, summary: 8 } as const;
const EXEMPLARS_FIELD = { gauge: 5, sum: 5, histogram: 8, exponential: 11, summary: 0 } as const;

export function encodeMetrics(...requests: readonly RequestSpec[]): Uint8Array {
  const writer = new ProtoWriter(4096);
  for (const { resource = {}, scope, schemaUrl, metrics } of requests) {
    const outer = writer.begin(1);
    const own = writer.begin(1);
    writeAttributes(writer, 1, resource);
    writer.end(own);
    const inner = writer.begin(2);
    if (scope !== undefined) {
      const mark = writer.begin(1);
      if (scope.name !== undefined) writer.string(1, scope.name);
      if (scope.version !== undefined) writer.string(2, scope.version);
      writeAttributes(writer, 3, scope.attributes ?? {});
      writer.end(mark);
    }
    for (const metric of metrics) writeMetric(writer, metric);
    if (schemaUrl !== undefined) writer.string(3, schemaUrl);
    writer.end(inner);
    writer.end(outer);
  }
  return writer.finish();
}

function writeMetric(writer: ProtoWriter, metric: MetricSpec): void {
  const mark = writer.begin(2);
  writer.string(1, metric.name);
  if (metric.help !== undefined) writer.string(2, metric.help);
  if (metric.unit !== undefined) writer.string(3, metric.unit);
  const data = writer.begin(DATA_FIELD[metric.type]);
  // A delta of the second before, unless it says otherwise.
  const isDelta = metric.temporality === 1;
  for (const point of metric.points) {
    const startMs = point.startMs ?? (isDelta ? point.timeMs - 1000 : undefined);
    writePoint(writer, metric.type, startMs === undefined ? point : { ...point, startMs });
  }
  if (metric.temporality !== undefined) writer.uint(2, metric.temporality);
  if (metric.isMonotonic === true) writer.bool(3, true);
  writer.end(data);
  writer.end(mark);
}

function writePoint(writer: ProtoWriter, type: MetricSpec['type'], point: PointSpec): void {
  const mark = writer.begin(1);
  if (point.startMs !== undefined) writer.fixed64(2, toNanos(point.startMs));
  writer.fixed64(3, toNanos(point.timeMs));
  if (type === 'gauge' || type === 'sum') {
    if (typeof point.value === 'bigint') writer.fixed64(6, BigInt.asUintN(64, point.value));
    else if (point.value !== undefined) writer.double(4, point.value);
  } else {
    writer.fixed64(4, point.count ?? 0n);
    if (point.sum !== undefined) writer.double(5, point.sum);
  }
  if (type === 'histogram') {
    if (point.counts !== undefined) writer.packedFixed64(6, point.counts);
    if (point.bounds !== undefined) writer.packedDouble(7, point.bounds);
  }
  if (type === 'exponential') writeExponential(writer, point);
  for (const [quantile, value] of point.quantiles ?? []) {
    const own = writer.begin(6);
    writer.double(1, quantile);
    writer.double(2, value);
    writer.end(own);
  }
  for (const exemplar of point.exemplars ?? []) writeExemplar(writer, EXEMPLARS_FIELD[type], exemplar);
  writeAttributes(writer, ATTRIBUTES_FIELD[type], point.attributes ?? {});
  if (point.flags !== undefined) writer.uint(FLAGS_FIELD[type], point.flags);
  writer.end(mark);
}

function writeExponential(writer: ProtoWriter, point: PointSpec): void {
  writer.sint32(6, point.scale ?? 0);
  writer.fixed64(7, point.zeroCount ?? 0n);
  if (point.zeroThreshold !== undefined) writer.double(14, point.zeroThreshold);
  for (const [field, buckets] of [
    [8, point.positive],
    [9, point.negative],
  ] as const) {
    if (buckets === undefined) continue;
    const own = writer.begin(field);
    writer.sint32(1, buckets.offset);
    writer.packedUint64(2, buckets.counts);
    writer.end(own);
  }
}

function writeExemplar(writer: ProtoWriter, field: number, exemplar: ExemplarSpec): void {
  const own = writer.begin(field);
  writer.fixed64(2, toNanos(exemplar.timeMs));
  writer.double(3, exemplar.value);
  if (exemplar.spanId !== undefined) writer.bytes(4, Buffer.from(exemplar.spanId, 'hex'));
  if (exemplar.traceId !== undefined) writer.bytes(5, Buffer.from(exemplar.traceId, 'hex'));
  writeAttributes(writer, 7, exemplar.attributes ?? {});
  writer.end(own);
}

function toNanos(ms: number): bigint {
  return BigInt(Math.round(ms)) * 1_000_000n;
}
