/** Walks the points of gauges, sums and summaries, and the exemplars of every kind of point. */
import { checkOptionalId } from './check-ids.ts';
import { checkKeyValue } from './check-values.ts';
import { type Fault, type Findings, timeMsAt } from './findings.ts';
import { NO_RECORDED_VALUE } from './model.ts';
import { cursor, enter, readTag, readVarint, skipFixed, skipUnknown, varintLow } from './wire-check.ts';

/** What a metric's accepted points have in common, and how many of them give cause for a warning. */
export interface PointNotes {
  earliestMs: number;
  latestMs: number;
  /** Points whose start lies after their time. */
  lateStarts: number;
  /** Points with neither a value nor the flag that says so. */
  withoutValue: number;
  /** Histogram points whose count is not the sum of their buckets. */
  miscounted: number;
}

const NUMBER_POINT_FIELDS = 0b1_1111_1100;
const SUMMARY_POINT_FIELDS = 0b1_1111_1100;
const QUANTILE_FIELDS = 0b110;
const EXEMPLAR_FIELDS = 0b1111_1100;

export function checkNumberPoint(
  findings: Findings,
  from: number,
  end: number,
  notes: PointNotes,
): Fault | undefined {
  const { bytes } = findings;
  let startAt = -1;
  let timeAt = -1;
  let flags = 0;
  let hasValue = false;
  let fault: Fault | undefined;
  let at = from;
  while (at < end) {
    const tag = readTag(bytes, at, end);
    at = cursor;
    switch (tag) {
      case (7 << 3) | 2: {
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
      case (4 << 3) | 1: // as_double
      case (6 << 3) | 1: // as_int
        hasValue = true;
        at = skipFixed(at, end, 8);
        break;
      case (5 << 3) | 2: {
        const stop = enter(bytes, at, end);
        fault = checkExemplar(findings, cursor, stop) ?? fault;
        at = stop;
        break;
      }
      case 8 << 3:
        at = readVarint(bytes, at, end);
        flags = varintLow;
        break;
      default:
        at = skipUnknown(bytes, at, end, tag, NUMBER_POINT_FIELDS);
        findings.unknownItemFields++;
    }
  }
  if (!hasValue && (flags & NO_RECORDED_VALUE) === 0) notes.withoutValue++;
  return fault ?? takeTimes(findings, startAt, timeAt, notes);
}

export function checkSummaryPoint(
  findings: Findings,
  from: number,
  end: number,
  notes: PointNotes,
): Fault | undefined {
  const { bytes } = findings;
  let startAt = -1;
  let timeAt = -1;
  let fault: Fault | undefined;
  let at = from;
  while (at < end) {
    const tag = readTag(bytes, at, end);
    at = cursor;
    switch (tag) {
      case (7 << 3) | 2: {
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
      case (4 << 3) | 1: // count
      case (5 << 3) | 1: // sum
        at = skipFixed(at, end, 8);
        break;
      case (6 << 3) | 2: {
        const stop = enter(bytes, at, end);
        fault = checkQuantile(findings, cursor, stop) ?? fault;
        at = stop;
        break;
      }
      case 8 << 3:
        at = readVarint(bytes, at, end);
        break;
      default:
        at = skipUnknown(bytes, at, end, tag, SUMMARY_POINT_FIELDS);
        findings.unknownItemFields++;
    }
  }
  return fault ?? takeTimes(findings, startAt, timeAt, notes);
}

function checkQuantile({ bytes, view }: Findings, from: number, end: number): Fault | undefined {
  let quantile = 0;
  let at = from;
  while (at < end) {
    const tag = readTag(bytes, at, end);
    at = cursor;
    if (tag === ((1 << 3) | 1) || tag === ((2 << 3) | 1)) {
      const next = skipFixed(at, end, 8);
      if (tag === ((1 << 3) | 1)) quantile = view.getFloat64(at, true);
      at = next;
    } else at = skipUnknown(bytes, at, end, tag, QUANTILE_FIELDS);
  }
  if (quantile >= 0 && quantile <= 1) return undefined;
  return {
    reason: 'invalid-quantile',
    detail: `quantile is ${quantile}; it must lie between 0 and 1`,
  };
}

/** Ids of an exemplar may be absent, but decoders behind us refuse ids of another size. */
export function checkExemplar({ bytes }: Findings, from: number, end: number): Fault | undefined {
  let traceAt = 0;
  let traceEnd = 0;
  let spanAt = 0;
  let spanEnd = 0;
  let at = from;
  while (at < end) {
    const tag = readTag(bytes, at, end);
    at = cursor;
    switch (tag) {
      case (7 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkKeyValue(bytes, cursor, stop, 0);
        at = stop;
        break;
      }
      case (4 << 3) | 2:
        spanEnd = enter(bytes, at, end);
        spanAt = cursor;
        at = spanEnd;
        break;
      case (5 << 3) | 2:
        traceEnd = enter(bytes, at, end);
        traceAt = cursor;
        at = traceEnd;
        break;
      case (2 << 3) | 1: // time_unix_nano
      case (3 << 3) | 1: // as_double
      case (6 << 3) | 1: // as_int
        at = skipFixed(at, end, 8);
        break;
      default:
        at = skipUnknown(bytes, at, end, tag, EXEMPLAR_FIELDS);
    }
  }
  const fault =
    checkOptionalId('trace_id', bytes, traceAt, traceEnd) ??
    checkOptionalId('span_id', bytes, spanAt, spanEnd);
  return fault && { reason: 'invalid-exemplar-id', detail: `exemplar ${fault.detail}` };
}

/** The last check of a point: it needs a time; takes it into the metric's range. */
export function takeTimes(
  { view }: Findings,
  startAt: number,
  timeAt: number,
  notes: PointNotes,
): Fault | undefined {
  const timeMs = timeAt < 0 ? 0 : timeMsAt(view, timeAt);
  if (timeMs === 0) {
    return { reason: 'point-without-time', detail: 'time_unix_nano is 0; every data point needs its time' };
  }
  if (timeMs < notes.earliestMs) notes.earliestMs = timeMs;
  if (timeMs > notes.latestMs) notes.latestMs = timeMs;
  if (startAt >= 0 && timeMsAt(view, startAt) > timeMs) notes.lateStarts++;
  return undefined;
}
