/** Walks one span: its form, its ids and its times. */
import { checkFields, shapeOf } from './check-fields.ts';
import { checkOptionalId, checkRequiredId, isZero } from './check-ids.ts';
import { checkKeyValue } from './check-values.ts';
import { type Fault, type Findings, timeMsAt } from './findings.ts';
import { checkText, cursor, enter, readTag, skipFixed, skipUnknown, skipVarint } from './wire-check.ts';

const SPAN_FIELDS = 0b1_1111_1111_1111_1110;
const LINK_FIELDS = 0b111_1110;
const EVENT = shapeOf('Event');
const STATUS = shapeOf('Status');

/** Counts, warns or rejects the span between `from` and `end`; its field starts at `start`. */
export function checkSpan(findings: Findings, start: number, from: number, end: number): void {
  const { bytes } = findings;
  let traceAt = 0;
  let traceEnd = 0;
  let spanAt = 0;
  let spanEnd = 0;
  let parentAt = 0;
  let parentEnd = 0;
  let nameBytes = 0;
  let startAt = -1;
  let endAt = -1;
  let linkFault: Fault | undefined;
  let at = from;
  while (at < end) {
    let tag = bytes[at++]!;
    if (tag >= 0x80) {
      tag = readTag(bytes, at - 1, end);
      at = cursor;
    }
    switch (tag) {
      case (9 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkKeyValue(bytes, cursor, stop, 0);
        at = stop;
        break;
      }
      case (1 << 3) | 2:
        traceEnd = enter(bytes, at, end);
        traceAt = cursor;
        at = traceEnd;
        break;
      case (2 << 3) | 2:
        spanEnd = enter(bytes, at, end);
        spanAt = cursor;
        at = spanEnd;
        break;
      case (4 << 3) | 2:
        parentEnd = enter(bytes, at, end);
        parentAt = cursor;
        at = parentEnd;
        break;
      case (5 << 3) | 2: {
        const stop = enter(bytes, at, end);
        nameBytes = stop - cursor;
        checkText(bytes, cursor, stop);
        at = stop;
        break;
      }
      case (3 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkText(bytes, cursor, stop);
        at = stop;
        break;
      }
      case 6 << 3: // kind
      case 10 << 3: // dropped_attributes_count
      case 12 << 3: // dropped_events_count
      case 14 << 3: // dropped_links_count
        at = skipVarint(bytes, at, end);
        break;
      case (7 << 3) | 1:
        startAt = at;
        at = skipFixed(at, end, 8);
        break;
      case (8 << 3) | 1:
        endAt = at;
        at = skipFixed(at, end, 8);
        break;
      case (11 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkFields(bytes, cursor, stop, EVENT);
        at = stop;
        break;
      }
      case (13 << 3) | 2: {
        const stop = enter(bytes, at, end);
        linkFault = checkLink(findings, cursor, stop) ?? linkFault;
        at = stop;
        break;
      }
      case (15 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkFields(bytes, cursor, stop, STATUS);
        at = stop;
        break;
      }
      case (16 << 3) | 5:
        at = skipFixed(at, end, 4);
        break;
      default:
        at = skipUnknown(bytes, at, end, tag, SPAN_FIELDS);
        findings.unknownItemFields++;
    }
  }

  const fault =
    checkRequiredId('trace_id', bytes, traceAt, traceEnd) ??
    checkRequiredId('span_id', bytes, spanAt, spanEnd) ??
    checkOptionalId('parent_span_id', bytes, parentAt, parentEnd) ??
    linkFault;
  if (fault !== undefined) {
    findings.reject(fault);
    findings.cut(start, end);
    return;
  }
  if (nameBytes === 0) findings.warn('has no name');
  acceptTimes(findings, startAt, endAt);
}

function acceptTimes(findings: Findings, startAt: number, endAt: number): void {
  const { view } = findings;
  const startMs = startAt < 0 ? 0 : timeMsAt(view, startAt);
  const endMs = endAt < 0 ? 0 : timeMsAt(view, endAt);
  if (startMs === 0) findings.warn('has no start_time_unix_nano');
  if (endMs === 0) findings.warn('has no end_time_unix_nano');
  else if (endMs <= startMs && view.getBigUint64(endAt, true) < view.getBigUint64(startAt, true)) {
    findings.warn('ends before it starts');
  }
  findings.accept(startMs || endMs, endMs || startMs);
}

/** A link's ids may be missing (a warning), but decoders behind us refuse ids of another size. */
function checkLink(findings: Findings, from: number, end: number): Fault | undefined {
  const { bytes } = findings;
  let traceAt = 0;
  let traceEnd = 0;
  let spanAt = 0;
  let spanEnd = 0;
  let at = from;
  while (at < end) {
    const tag = readTag(bytes, at, end);
    at = cursor;
    switch (tag) {
      case (1 << 3) | 2:
        traceEnd = enter(bytes, at, end);
        traceAt = cursor;
        at = traceEnd;
        break;
      case (2 << 3) | 2:
        spanEnd = enter(bytes, at, end);
        spanAt = cursor;
        at = spanEnd;
        break;
      case (3 << 3) | 2:
      case (4 << 3) | 2: {
        const stop = enter(bytes, at, end);
        if (tag === ((4 << 3) | 2)) checkKeyValue(bytes, cursor, stop, 0);
        else checkText(bytes, cursor, stop);
        at = stop;
        break;
      }
      case 5 << 3:
        at = skipVarint(bytes, at, end);
        break;
      case (6 << 3) | 5:
        at = skipFixed(at, end, 4);
        break;
      default:
        at = skipUnknown(bytes, at, end, tag, LINK_FIELDS);
    }
  }
  const fault =
    checkOptionalId('trace_id', bytes, traceAt, traceEnd) ??
    checkOptionalId('span_id', bytes, spanAt, spanEnd);
  if (fault !== undefined) return { reason: 'invalid-link-id', detail: `link ${fault.detail}` };
  if (isZero(bytes, traceAt, traceEnd) || isZero(bytes, spanAt, spanEnd)) {
    findings.warn('has a link without a trace_id or span_id');
  }
  return undefined;
}
