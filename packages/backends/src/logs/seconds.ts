/** Durations as seconds: numbers are taken as they are (or divided by their unit), texts such as `1.5s` or `250ms` are read. */
import { readValue, VALUE_KIND, type ValueView } from '@sluice/otlp/walk-logs';
import { readDouble } from './byte-buffer.ts';

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
}; // prettier-ignore
const PART = /(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h|d)/y;

const value: ValueView = { kind: 0, start: 0, end: 0 };
const decoder = new TextDecoder();
const MAX_TEXT_BYTES = 40;

/** Seconds in an AnyValue message, or `undefined` when it holds no duration. */
export function secondsOf(bytes: Uint8Array, start: number, end: number, scale: number): number | undefined {
  if (start < 0) return undefined;
  readValue(value, bytes, start, end);
  switch (value.kind) {
    case VALUE_KIND.double:
      return readDouble(bytes, value.start) / scale;
    case VALUE_KIND.int: {
      let number = 0n;
      for (let i = value.end - 1; i >= value.start; i--) number = (number << 7n) | BigInt(bytes[i]! & 0x7f);
      return Number(BigInt.asIntN(64, number)) / scale;
    }
    case VALUE_KIND.string: {
      if (value.end - value.start > MAX_TEXT_BYTES) return undefined;
      return parseSeconds(decoder.decode(bytes.subarray(value.start, value.end)), scale);
    }
    default:
      return undefined;
  }
}

/** `0.25`, `250ms`, `1m30.5s`; a bare number is in the unit of which `scale` make a second. */
export function parseSeconds(text: string, scale = 1): number | undefined {
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return Number(text) / scale;
  let seconds = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < text.length) {
    const match = PART.exec(text);
    if (match === null) return undefined;
    seconds += Number(match[1]) * UNIT_SECONDS[match[2]!]!;
  }
  return text === '' ? undefined : seconds;
}
