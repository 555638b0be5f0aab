/** Decodes the points of histograms and exponential histograms. */
import { decodeKeyValue } from './decode-attributes.ts';
import { decodeExemplar } from './decode-number-points.ts';
import type { Exemplar, ExponentialHistogramPoint, HistogramPoint, KeyValue } from './model.ts';
import type { ProtoReader } from './proto-reader.ts';

const HISTOGRAM_POINT_FIELDS = 0b1_1111_1111_1100;
const EXPONENTIAL_POINT_FIELDS = 0b111_1111_1111_1110;
const BUCKETS_FIELDS = 0b110;

/** Reads the HistogramDataPoint that comes next. */
export function decodeHistogramPoint(reader: ProtoReader): HistogramPoint {
  const outer = reader.enter();
  const attributes: KeyValue[] = [];
  const exemplars: Exemplar[] = [];
  const bucketCounts: bigint[] = [];
  const explicitBounds: number[] = [];
  const point: Writable<HistogramPoint> = {
    attributes,
    startTimeUnixNano: 0n,
    timeUnixNano: 0n,
    flags: 0,
    count: 0n,
    bucketCounts,
    explicitBounds,
    exemplars,
  };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case (2 << 3) | 1:
        point.startTimeUnixNano = reader.fixed64();
        break;
      case (3 << 3) | 1:
        point.timeUnixNano = reader.fixed64();
        break;
      case (4 << 3) | 1:
        point.count = reader.fixed64();
        break;
      case (5 << 3) | 1:
        point.sum = reader.double();
        break;
      case (6 << 3) | 2:
        reader.packed(() => bucketCounts.push(reader.fixed64()));
        break;
      case (6 << 3) | 1:
        bucketCounts.push(reader.fixed64());
        break;
      case (7 << 3) | 2:
        reader.packed(() => explicitBounds.push(reader.double()));
        break;
      case (7 << 3) | 1:
        explicitBounds.push(reader.double());
        break;
      case (8 << 3) | 2:
        exemplars.push(decodeExemplar(reader));
        break;
      case (9 << 3) | 2:
        attributes.push(decodeKeyValue(reader));
        break;
      case 10 << 3:
        point.flags = reader.uint32();
        break;
      case (11 << 3) | 1:
        point.min = reader.double();
        break;
      case (12 << 3) | 1:
        point.max = reader.double();
        break;
      default:
        reader.skip(tag, HISTOGRAM_POINT_FIELDS);
    }
  }
  reader.leave(outer);
  return point;
}

/** Reads the ExponentialHistogramDataPoint that comes next. */
export function decodeExponentialPoint(reader: ProtoReader): ExponentialHistogramPoint {
  const outer = reader.enter();
  const attributes: KeyValue[] = [];
  const exemplars: Exemplar[] = [];
  const positive: Buckets = { offset: 0, bucketCounts: [] };
  const negative: Buckets = { offset: 0, bucketCounts: [] };
  const point: Writable<ExponentialHistogramPoint> = {
    attributes,
    startTimeUnixNano: 0n,
    timeUnixNano: 0n,
    flags: 0,
    count: 0n,
    scale: 0,
    zeroCount: 0n,
    zeroThreshold: 0,
    positive,
    negative,
    exemplars,
  };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case (1 << 3) | 2:
        attributes.push(decodeKeyValue(reader));
        break;
      case (2 << 3) | 1:
        point.startTimeUnixNano = reader.fixed64();
        break;
      case (3 << 3) | 1:
        point.timeUnixNano = reader.fixed64();
        break;
      case (4 << 3) | 1:
        point.count = reader.fixed64();
        break;
      case (5 << 3) | 1:
        point.sum = reader.double();
        break;
      case 6 << 3:
        point.scale = reader.sint32();
        break;
      case (7 << 3) | 1:
        point.zeroCount = reader.fixed64();
        break;
      case (8 << 3) | 2:
        decodeBuckets(reader, positive);
        break;
      case (9 << 3) | 2:
        decodeBuckets(reader, negative);
        break;
      case 10 << 3:
        point.flags = reader.uint32();
        break;
      case (11 << 3) | 2:
        exemplars.push(decodeExemplar(reader));
        break;
      case (12 << 3) | 1:
        point.min = reader.double();
        break;
      case (13 << 3) | 1:
        point.max = reader.double();
        break;
      case (14 << 3) | 1:
        point.zeroThreshold = reader.double();
        break;
      default:
        reader.skip(tag, EXPONENTIAL_POINT_FIELDS);
    }
  }
  reader.leave(outer);
  return point;
}

type Writable<T> = { -readonly [Field in keyof T]: T[Field] };

interface Buckets {
  offset: number;
  readonly bucketCounts: bigint[];
}

function decodeBuckets(reader: ProtoReader, buckets: Buckets): void {
  const outer = reader.enter();
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 1 << 3) buckets.offset = reader.sint32();
    else if (tag === ((2 << 3) | 2)) reader.packed(() => buckets.bucketCounts.push(reader.uint64()));
    else if (tag === 2 << 3) buckets.bucketCounts.push(reader.uint64());
    else reader.skip(tag, BUCKETS_FIELDS);
  }
  reader.leave(outer);
}
