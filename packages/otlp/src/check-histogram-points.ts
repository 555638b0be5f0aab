/** Walks the points of histograms: bucket counts, bounds and the count must agree (OTLP metrics data model). */
import { checkExemplar, type PointNotes, takeTimes } from './check-number-points.ts';
import { checkKeyValue } from './check-values.ts';
import type { Fault, Findings } from './findings.ts';
import { NO_RECORDED_VALUE } from './model.ts';
import {
  cursor,
  enter,
  fail,
  readTag,
  readVarint,
  skipFixed,
  skipUnknown,
  varintHigh,
  varintLow,
} from './wire-check.ts';

export type CheckPoint = (
  findings: Findings,
  from: number,
  end: number,
  notes: PointNotes,
) => Fault | undefined;

const HISTOGRAM_POINT_FIELDS = 0b1_1111_1111_1100;
const EXPONENTIAL_POINT_FIELDS = 0b111_1111_1111_1110;
const BUCKETS_FIELDS = 0b110;
const WORD = 4_294_967_296;

/** An exact sum of 64-bit counts, in halves. */
interface Sum {
  low: number;
  high: number;
}

export const checkHistogramPoint: CheckPoint = (findings, from, end, notes) => {
  const { bytes, view } = findings;
  const counted: Sum = { low: 0, high: 0 };
  let countAt = -1;
  let startAt = -1;
  let timeAt = -1;
  let flags = 0;
  let buckets = 0;
  let bounds = 0;
  let lastBound = Number.NEGATIVE_INFINITY;
  let rising = true;
  let fault: Fault | undefined;
  let at = from;
  const takeCount = (place: number): void => {
    buckets++;
    counted.low += view.getUint32(place, true);
    counted.high += view.getUint32(place + 4, true);
  };
  const takeBound = (place: number): void => {
    const bound = view.getFloat64(place, true);
    if (!(bound > lastBound) && !(bounds === 0 && bound === lastBound)) rising = false;
    lastBound = bound;
    bounds++;
  };
  while (at < end) {
    const tag = readTag(bytes, at, end);
    at = cursor;
    switch (tag) {
      case (9 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkKeyValue(bytes, cursor, stop, 0);
        at = stop;
        break;
      }
      case (2 << 3) | 1:
        startAt = at;
        at = skipFixed(at, end, 8);
        break;
      case (3 << 3) | 1:
        timeAt = at;
        at = skipFixed(at, end, 8);
        break;
      case (4 << 3) | 1:
        countAt = at;
        at = skipFixed(at, end, 8);
        break;
      case (5 << 3) | 1: // sum
      case (11 << 3) | 1: // min
      case (12 << 3) | 1: // max
        at = skipFixed(at, end, 8);
        break;
      case (6 << 3) | 2:
      case (7 << 3) | 2: {
        const stop = enter(bytes, at, end);
        if ((stop - cursor) % 8 !== 0) fail('a list of 64-bit values is not a multiple of 8 bytes long', at);
        for (at = cursor; at < stop; at += 8) {
          if (tag === ((6 << 3) | 2)) takeCount(at);
          else takeBound(at);
        }
        break;
      }
      case (6 << 3) | 1:
      case (7 << 3) | 1: {
        const next = skipFixed(at, end, 8);
        if (tag === ((6 << 3) | 1)) takeCount(at);
        else takeBound(at);
        at = next;
        break;
      }
      case (8 << 3) | 2: {
        const stop = enter(bytes, at, end);
        fault = checkExemplar(findings, cursor, stop) ?? fault;
        at = stop;
        break;
      }
      case 10 << 3:
        at = readVarint(bytes, at, end);
        flags = varintLow;
        break;
      default:
        at = skipUnknown(bytes, at, end, tag, HISTOGRAM_POINT_FIELDS);
        findings.unknownItemFields++;
    }
  }
  if ((flags & NO_RECORDED_VALUE) === 0) {
    fault ??= bucketFault(buckets, bounds, rising);
    if (buckets > 0 && !isSum(findings, countAt, counted)) notes.miscounted++;
  }
  return fault ?? takeTimes(findings, startAt, timeAt, notes);
};

export const checkExponentialPoint: CheckPoint = (findings, from, end, notes) => {
  const { bytes, view } = findings;
  const counted: Sum = { low: 0, high: 0 };
  let zeroCountAt = -1;
  let countAt = -1;
  let startAt = -1;
  let timeAt = -1;
  let flags = 0;
  let fault: Fault | undefined;
  let at = from;
  while (at < end) {
    const tag = readTag(bytes, at, end);
    at = cursor;
    switch (tag) {
      case (1 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkKeyValue(bytes, cursor, stop, 0);
        at = stop;
        break;
      }
      case (2 << 3) | 1:
        startAt = at;
        at = skipFixed(at, end, 8);
        break;
      case (3 << 3) | 1:
        timeAt = at;
        at = skipFixed(at, end, 8);
        break;
      case (4 << 3) | 1:
        countAt = at;
        at = skipFixed(at, end, 8);
        break;
      case (7 << 3) | 1:
        zeroCountAt = at;
        at = skipFixed(at, end, 8);
        break;
      case (5 << 3) | 1: // sum
      case (12 << 3) | 1: // min
      case (13 << 3) | 1: // max
      case (14 << 3) | 1: // zero_threshold
        at = skipFixed(at, end, 8);
        break;
      case 6 << 3: // scale
      case 10 << 3:
        at = readVarint(bytes, at, end);
        if (tag === 10 << 3) flags = varintLow;
        break;
      case (8 << 3) | 2: // positive
      case (9 << 3) | 2: {
        const stop = enter(bytes, at, end);
        sumBuckets(bytes, cursor, stop, counted);
        at = stop;
        break;
      }
      case (11 << 3) | 2: {
        const stop = enter(bytes, at, end);
        fault = checkExemplar(findings, cursor, stop) ?? fault;
        at = stop;
        break;
      }
      default:
        at = skipUnknown(bytes, at, end, tag, EXPONENTIAL_POINT_FIELDS);
        findings.unknownItemFields++;
    }
  }
  if ((flags & NO_RECORDED_VALUE) === 0) {
    if (zeroCountAt >= 0) {
      counted.low += view.getUint32(zeroCountAt, true);
      counted.high += view.getUint32(zeroCountAt + 4, true);
    }
    if (!isSum(findings, countAt, counted)) notes.miscounted++;
  }
  return fault ?? takeTimes(findings, startAt, timeAt, notes);
};

function sumBuckets(bytes: Uint8Array, from: number, end: number, sum: Sum): void {
  let at = from;
  while (at < end) {
    const tag = readTag(bytes, at, end);
    at = cursor;
    if (tag === ((2 << 3) | 2)) {
      const stop = enter(bytes, at, end);
      for (at = cursor; at < stop; ) {
        at = readVarint(bytes, at, stop);
        sum.low += varintLow;
        sum.high += varintHigh;
      }
    } else if (tag === 2 << 3 || tag === 1 << 3) {
      at = readVarint(bytes, at, end);
      if (tag === 2 << 3) {
        sum.low += varintLow;
        sum.high += varintHigh;
      }
    } else at = skipUnknown(bytes, at, end, tag, BUCKETS_FIELDS);
  }
}

function bucketFault(buckets: number, bounds: number, rising: boolean): Fault | undefined {
  if (buckets !== bounds + 1 && !(buckets === 0 && bounds === 0)) {
    return {
      reason: 'bucket-bounds-mismatch',
      detail: `${buckets} bucket_counts and ${bounds} explicit_bounds; there must be one more count than bounds`,
    };
  }
  if (rising) return undefined;
  return { reason: 'bounds-not-increasing', detail: 'explicit_bounds must rise strictly' };
}

/** Senders that collect while they count get this wrong by a few, and no backend refuses it. */
function isSum({ view }: Findings, countAt: number, sum: Sum): boolean {
  const low = countAt < 0 ? 0 : view.getUint32(countAt, true);
  const high = countAt < 0 ? 0 : view.getUint32(countAt + 4, true);
  const carry = Math.floor(sum.low / WORD);
  return sum.low - carry * WORD === low && sum.high + carry === high;
}
