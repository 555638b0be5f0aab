/**
 * Nanoseconds as whole milliseconds, without the cost of bigint division: a double holds today's
 * nanoseconds to 256, so half a microsecond on top keeps whole milliseconds whole.
 */
export function nanosToMs(nanos: bigint): number {
  return Math.floor((Number(nanos) + 500) / 1e6);
}
