/** Counts the items that one field of a scope holds: 1 span, 1 record, or the points of a metric. */
import type { Signal } from '@sluice/core/names';
import { WIRE } from './wire.ts';
import { cursor, enter, readTag, skipUnknown } from './wire-check.ts';

/** Fields of a metric's data: gauge, sum, histogram, exponential histogram, summary. */
const DATA_FIELDS = (1 << 5) | (1 << 7) | (1 << 9) | (1 << 10) | (1 << 11);
const DATA_POINTS_TAG = (1 << 3) | WIRE.bytes;

export function countItem(signal: Signal, bytes: Uint8Array, start: number, end: number): number {
  return signal === 'metrics' ? countPoints(bytes, start, end) : 1;
}

/** The data field is a oneof: another kind replaces what came before it. */
function countPoints(bytes: Uint8Array, from: number, end: number): number {
  let kind = 0;
  let points = 0;
  let at = from;
  while (at < end) {
    const tag = readTag(bytes, at, end);
    at = cursor;
    const field = tag >>> 3;
    if ((tag & 7) !== WIRE.bytes || field > 11 || ((DATA_FIELDS >>> field) & 1) === 0) {
      at = skipUnknown(bytes, at, end, tag, 0);
      continue;
    }
    const stop = enter(bytes, at, end);
    if (kind !== field) points = 0;
    kind = field;
    points += countField(bytes, cursor, stop, DATA_POINTS_TAG);
    at = stop;
  }
  return points;
}

function countField(bytes: Uint8Array, from: number, end: number, wanted: number): number {
  let count = 0;
  let at = from;
  while (at < end) {
    const tag = readTag(bytes, at, end);
    if (tag === wanted) count++;
    at = skipUnknown(bytes, cursor, end, tag, 0);
  }
  return count;
}
