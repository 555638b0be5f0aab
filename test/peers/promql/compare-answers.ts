/** Whether two servers said the same: status, kind of error, series, times, and values as far as arithmetic allows. */

export interface Answer {
  readonly status: number;
  readonly body: {
    readonly status: string;
    readonly errorType?: string;
    readonly error?: string;
    readonly data?: { readonly resultType: string; readonly result: unknown };
  };
}

export interface Tolerance {
  /** Of the larger of two values. */
  readonly relative: number;
  /** Of the largest finite value in the result: what cancels leaves noise of the size of its operands. */
  readonly ofLargest: number;
}

/** Later releases sum with compensation: the last digits differ. */
export const ROUNDING: Tolerance = { relative: 1e-9, ofLargest: 1e-11 };

type Point = readonly [number, string];

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Point;
  readonly values?: readonly Point[];
}

/** What differs, in a line; undefined when nothing does. */
export function differenceOf(ours: Answer, theirs: Answer, tolerance = ROUNDING): string | undefined {
  if (ours.status !== theirs.status || ours.body.errorType !== theirs.body.errorType) {
    return `${describe(ours)} instead of ${describe(theirs)}`;
  }
  if (ours.body.status === 'error') return undefined;
  const [mine, other] = [ours.body.data!, theirs.body.data!];
  if (mine.resultType !== other.resultType) return `a ${mine.resultType} instead of a ${other.resultType}`;
  if (mine.resultType === 'scalar' || mine.resultType === 'string') {
    return differenceOfPoints([mine.result as Point], [other.result as Point], tolerance);
  }
  const left = byLabels(mine.result as Series[]);
  const right = byLabels(other.result as Series[]);
  const most = largest([...left.values(), ...right.values()].flat());
  const absolute = { ...tolerance, ofLargest: tolerance.ofLargest * most };
  for (const key of left.keys()) if (!right.has(key)) return `a series too many: ${key}`;
  for (const [key, points] of right) {
    const own = left.get(key);
    if (!own) return `a series is missing: ${key}`;
    const difference = differenceOfPoints(own, points, absolute);
    if (difference) return `${key} ${difference}`;
  }
  return undefined;
}

function describe({ status, body }: Answer): string {
  return body.status === 'error' ? `${status} ${body.errorType} (${body.error})` : `${status}`;
}

function byLabels(result: readonly Series[]): Map<string, readonly Point[]> {
  return new Map(
    result.map(({ metric, value, values }) => [
      JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1))),
      values ?? (value ? [value] : []),
    ]),
  );
}

function largest(points: readonly Point[]): number {
  let most = 0;
  for (const [, text] of points) {
    const size = Math.abs(toNumber(text));
    if (Number.isFinite(size)) most = Math.max(most, size);
  }
  return most;
}

function differenceOfPoints(
  mine: readonly Point[],
  other: readonly Point[],
  { relative, ofLargest }: Tolerance,
): string | undefined {
  if (mine.length !== other.length) return `has ${mine.length} samples instead of ${other.length}`;
  for (const [i, [time, text]] of mine.entries()) {
    const [otherTime, otherText] = other[i]!;
    if (time !== otherTime) return `has a sample at ${time} instead of ${otherTime}`;
    if (text === otherText) continue;
    const [a, b] = [toNumber(text), toNumber(otherText)];
    const allowed = Math.max(relative * Math.max(Math.abs(a), Math.abs(b)), ofLargest);
    if (!(Math.abs(a - b) <= allowed)) return `is ${text} instead of ${otherText} at ${time}`;
  }
  return undefined;
}

function toNumber(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}
