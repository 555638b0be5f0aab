/** Counts refused points by reason, with the first case of each as an example. */

export const POINT_REASONS = [
  'point-without-time',
  'time-too-far-ahead',
  'time-too-far-behind',
  'temporality-unspecified',
  'delta-without-start',
  'no-value',
  'counter-not-finite',
  'counter-negative',
  'bucket-bounds-mismatch',
  'bounds-not-increasing',
  'too-many-buckets',
  'sum-not-finite',
  'scale-out-of-range',
  'name-vanishes',
  'label-name-vanishes',
  'duplicate-attribute',
  'reserved-label',
  'labels-too-large',
] as const;
export type PointReason = (typeof POINT_REASONS)[number];

export interface Rejection {
  readonly reason: PointReason;
  readonly count: number;
  /** Where and why, of the first. */
  readonly example: string;
}

/** Thrown while one point is translated; never leaves the room. */
export class PointFault extends Error {
  readonly reason: PointReason;
  constructor(reason: PointReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface Rejections {
  add(reason: PointReason, example: string, count?: number): void;
  list(): readonly Rejection[];
}

export function createRejections(): Rejections {
  const found = new Map<PointReason, { reason: PointReason; count: number; example: string }>();
  return {
    add(reason, example, count = 1) {
      const known = found.get(reason);
      if (known === undefined) found.set(reason, { reason, count, example });
      else known.count += count;
    },
    list: () => [...found.values()],
  };
}
