/** Which entries of a nested object (`{"request":{"duration_ms":250}}`) are durations, told from the bytes of their names. */
import { isDurationKey, scaledDurationOf } from './record-fields.ts';

const FIRST_BYTE = 0x64;
const MIN_BYTES = 'duration'.length;
const MAX_BYTES = 'duration_nanoseconds'.length;
const decoder = new TextDecoder();

/** 0: no duration. 1: seconds, or a text such as `250ms`. Above 1: a number in units of which so many make a second. */
export function durationScaleOf(source: Uint8Array, start: number, end: number): number {
  if (source[start] !== FIRST_BYTE || end - start < MIN_BYTES || end - start > MAX_BYTES) return 0;
  const key = decoder.decode(source.subarray(start, end));
  return isDurationKey(key) ? 1 : (scaledDurationOf(key)?.perSecond ?? 0);
}
