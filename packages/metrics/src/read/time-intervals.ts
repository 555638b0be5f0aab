/** Stretches of time, open at the left and closed at the right, as slots are; Unix milliseconds. */
export interface Interval {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What is left of the intervals (ascending, apart from each other) without one of them. */
export function subtractInterval(intervals: readonly Interval[], taken: Interval): readonly Interval[] {
  return intervals.flatMap(({ fromMs, untilMs }) =>
    [
      { fromMs, untilMs: Math.min(untilMs, taken.fromMs) },
      { fromMs: Math.max(fromMs, taken.untilMs), untilMs },
    ].filter((rest) => rest.fromMs < rest.untilMs),
  );
}

/**
 * The whole slots of an interval that a file covers. `isOutward` also takes the slot that begins before the
 * interval and ends in it: right for the finest there is.
 */
export function slotsWithin(
  { fromMs, untilMs }: Interval,
  covered: Interval,
  { slotMs, isOutward }: { readonly slotMs: number; readonly isOutward: boolean },
): Interval | undefined {
  const round = isOutward ? Math.floor : Math.ceil;
  const from = Math.max(round(fromMs / slotMs) * slotMs, covered.fromMs);
  const until = Math.min(Math.floor(untilMs / slotMs) * slotMs, covered.untilMs);
  return from < until ? { fromMs: from, untilMs: until } : undefined;
}

export function isWithin(intervals: readonly Interval[], timeMs: number): boolean {
  return intervals.some(({ fromMs, untilMs }) => timeMs > fromMs && timeMs <= untilMs);
}
