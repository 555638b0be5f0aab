/** Durations as Go writes them (`1h15m`, `1.5s`, `100ms`, `10us`), which is how Jaeger's API takes them. */
import { ParameterError } from './parameter-error.ts';

const NANOS_BY_UNIT: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

const TERM = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
const DURATION = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;

/** Nanoseconds. @throws ParameterError naming the text and the units. */
export function parseGoDuration(text: string): bigint {
  if (text === '0') return 0n;
  if (!DURATION.test(text)) {
    throw new ParameterError(
      `${JSON.stringify(text)} is not a duration like "100ms" or "1.5s" (ns, us, ms, s, m, h)`,
    );
  }
  let nanos = 0n;
  for (const [, number, unit] of text.matchAll(TERM)) {
    nanos += BigInt(Math.round(Number(number) * NANOS_BY_UNIT[unit!]!));
  }
  return text.startsWith('-') ? -nanos : nanos;
}
