/** Methods that templates may call on values: those of times and durations, and those that data brings along. */
import { printValue } from './go-print.ts';
import { formatTime, inUtc } from './go-time.ts';
import { GoDuration, type GoFunction, GoMap, type GoValue } from './go-value.ts';

/** Go's zero time, 0001-01-01T00:00:00Z. */
export const ZERO_TIME_MS = -62_135_596_800_000;

export function methodOf(receiver: GoValue, name: string): GoFunction | undefined {
  if (receiver instanceof GoMap)
    return Object.hasOwn(receiver.methods, name) ? receiver.methods[name] : undefined;
  if (receiver instanceof Date) return timeMethod(receiver, name);
  if (receiver instanceof GoDuration) return durationMethod(receiver, name);
  if (typeof receiver !== 'object' || receiver === null || !Object.hasOwn(receiver, name)) return undefined;
  const own = (receiver as Readonly<Record<string, GoValue>>)[name];
  return typeof own === 'function' ? own : undefined;
}

function timeMethod(time: Date, name: string): GoFunction | undefined {
  const methods: Readonly<Record<string, GoFunction>> = {
    Format: (layout) => formatTime(time, String(layout)),
    String: () => printValue(time),
    UTC: () => inUtc(time),
    Local: () => inUtc(time),
    Unix: () => BigInt(Math.floor(time.getTime() / 1_000)),
    UnixMilli: () => BigInt(time.getTime()),
    UnixNano: () => BigInt(time.getTime()) * 1_000_000n,
    Year: () => BigInt(time.getUTCFullYear()),
    Day: () => BigInt(time.getUTCDate()),
    Hour: () => BigInt(time.getUTCHours()),
    Minute: () => BigInt(time.getUTCMinutes()),
    Second: () => BigInt(time.getUTCSeconds()),
    Month: () => formatTime(time, 'January'),
    Weekday: () => formatTime(time, 'Monday'),
    IsZero: () => time.getTime() === ZERO_TIME_MS,
    Before: (other) => other instanceof Date && time < other,
    After: (other) => other instanceof Date && time > other,
    Sub: (other) =>
      new GoDuration(BigInt(time.getTime() - (other instanceof Date ? other.getTime() : 0)) * 1_000_000n),
    Add: (by) =>
      new Date(time.getTime() + (by instanceof GoDuration ? Number(by.nanoseconds / 1_000_000n) : 0)),
  };
  return Object.hasOwn(methods, name) ? methods[name] : undefined;
}

function durationMethod(duration: GoDuration, name: string): GoFunction | undefined {
  const methods: Readonly<Record<string, GoFunction>> = {
    String: () => printValue(duration),
    Seconds: () => duration.seconds,
    Minutes: () => duration.seconds / 60,
    Hours: () => duration.seconds / 3_600,
    Milliseconds: () => duration.nanoseconds / 1_000_000n,
  };
  return Object.hasOwn(methods, name) ? methods[name] : undefined;
}
