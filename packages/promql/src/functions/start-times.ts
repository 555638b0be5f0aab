/**
 * What start timestamps say about two samples that follow each other. A sample may say since when its
 * counter counts; 0 means that it does not say.
 */
export interface TimedStart {
  readonly startMs: number;
  readonly timeMs: number;
}

/** The counter started again between the two samples. */
export function isStartReset(previous: TimedStart, current: TimedStart): boolean {
  // Not known, or senseless; OTLP writes an unknown start as the sample's own time.
  if (current.startMs === 0 || current.startMs >= current.timeMs) return false;
  if (current.startMs !== previous.timeMs) return current.startMs > previous.timeMs;
  // A start at the sample before is what a delta says of every sample, but also what a counter with an
  // unknown start says of its second one.
  return previous.startMs !== 0 && previous.startMs < previous.timeMs;
}

/** The start lies before the previous sample and yet is another one: two sources write one series. */
export function isStartOverlap(previous: TimedStart, currentStartMs: number): boolean {
  return currentStartMs !== 0 && currentStartMs < previous.timeMs && currentStartMs !== previous.startMs;
}

/** The sample at an index, with 0 for a start that is not known. */
export function startAt(
  times: ArrayLike<number>,
  starts: ArrayLike<number> | undefined,
  index: number,
): TimedStart {
  return { startMs: starts?.[index] ?? 0, timeMs: times[index]! };
}
