/** Periods of bin, datefloor and dateceil: `5m`, `30s`, `1d`; months, quarters and years follow the calendar (UTC). */
const PERIOD = /^(\d+)\s?([a-z]+)$/i;
const FIXED_MS: readonly (readonly [RegExp, number])[] = [
  [/^(?:ms|msecs?|milliseconds?)$/i, 1],
  [/^(?:s|secs?|seconds?)$/i, 1000],
  [/^(?:m|mins?|minutes?)$/i, 60_000],
  [/^(?:h|hrs?|hours?)$/i, 3_600_000],
  [/^(?:d|days?)$/i, 86_400_000],
  [/^(?:w|weeks?)$/i, 604_800_000],
];
const MONTHS: readonly (readonly [RegExp, number])[] = [
  [/^(?:mo|months?)$/i, 1],
  [/^(?:q|quarters?)$/i, 3],
  [/^(?:y|years?)$/i, 12],
];

/** Floors a time in Unix milliseconds. */
export type TimeFloor = (ms: number) => number;

/** `undefined` when the text is no period. */
export function createTimeFloor(
  period: string,
): { readonly floor: TimeFloor; readonly next: TimeFloor } | undefined {
  const match = PERIOD.exec(period.trim());
  const count = Number(match?.[1]);
  if (match === null || count < 1) return undefined;
  const unitMs = FIXED_MS.find(([pattern]) => pattern.test(match[2]!))?.[1];
  if (unitMs !== undefined) {
    const sizeMs = count * unitMs;
    return { floor: (ms) => Math.floor(ms / sizeMs) * sizeMs, next: (ms) => ms + sizeMs };
  }
  const months = MONTHS.find(([pattern]) => pattern.test(match[2]!))?.[1];
  if (months === undefined) return undefined;
  const span = count * months;
  const startOf = (month: number): number => Date.UTC(1970, month);
  const monthOf = (ms: number): number =>
    (new Date(ms).getUTCFullYear() - 1970) * 12 + new Date(ms).getUTCMonth();
  return {
    floor: (ms) => startOf(Math.floor(monthOf(ms) / span) * span),
    next: (ms) => startOf(monthOf(ms) + span),
  };
}
