/** Walks one log record: its form, its ids and its times. */
import { checkOptionalId, isZero } from './check-ids.ts';
import { checkAnyValue, checkKeyValue } from './check-values.ts';
import { type Findings, timeMsAt } from './findings.ts';
import { checkText, cursor, enter, readTag, skipFixed, skipUnknown, skipVarint } from './wire-check.ts';

const LOG_RECORD_FIELDS = 0b1_1111_1110_1110;

/** Counts, warns or rejects the record between `from` and `end`; its field starts at `start`. */
export function checkLogRecord(findings: Findings, start: number, from: number, end: number): void {
  const { bytes, view } = findings;
  let traceAt = 0;
  let traceEnd = 0;
  let spanAt = 0;
  let spanEnd = 0;
  let timeAt = -1;
  let observedAt = -1;
  let at = from;
  while (at < end) {
    let tag = bytes[at++]!;
    if (tag >= 0x80) {
      tag = readTag(bytes, at - 1, end);
      at = cursor;
    }
    switch (tag) {
      case (6 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkKeyValue(bytes, cursor, stop, 0);
        at = stop;
        break;
      }
      case (5 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkAnyValue(bytes, cursor, stop, 1);
        at = stop;
        break;
      }
      case (3 << 3) | 2: // severity_text
      case (12 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkText(bytes, cursor, stop);
        at = stop;
        break;
      }
      case (9 << 3) | 2:
        traceEnd = enter(bytes, at, end);
        traceAt = cursor;
        at = traceEnd;
        break;
      case (10 << 3) | 2:
        spanEnd = enter(bytes, at, end);
        spanAt = cursor;
        at = spanEnd;
        break;
      case (1 << 3) | 1:
        timeAt = at;
        at = skipFixed(at, end, 8);
        break;
      case (11 << 3) | 1:
        observedAt = at;
        at = skipFixed(at, end, 8);
        break;
      case 2 << 3: // severity_number
      case 7 << 3: // dropped_attributes_count
        at = skipVarint(bytes, at, end);
        break;
      case (8 << 3) | 5:
        at = skipFixed(at, end, 4);
        break;
      default:
        at = skipUnknown(bytes, at, end, tag, LOG_RECORD_FIELDS);
        findings.unknownItemFields++;
    }
  }

  const fault =
    checkOptionalId('trace_id', bytes, traceAt, traceEnd) ??
    checkOptionalId('span_id', bytes, spanAt, spanEnd);
  if (fault !== undefined) {
    findings.reject(fault);
    findings.cut(start, end);
    return;
  }
  if (traceEnd > traceAt && isZero(bytes, traceAt, traceEnd)) {
    findings.warn('has an all-zero trace_id, which stands for none: leave it out');
  }
  if (spanEnd > spanAt && isZero(bytes, spanAt, spanEnd)) {
    findings.warn('has an all-zero span_id, which stands for none: leave it out');
  }
  const timeMs =
    (timeAt < 0 ? 0 : timeMsAt(view, timeAt)) || (observedAt < 0 ? 0 : timeMsAt(view, observedAt));
  if (timeMs === 0) findings.warn('has neither time_unix_nano nor observed_time_unix_nano');
  findings.accept(timeMs, timeMs);
}
