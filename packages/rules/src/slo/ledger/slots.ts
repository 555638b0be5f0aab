/** Columns of five-minute slots: bad and all events (or seconds) of each, NaN where nothing is known. */

/** Short enough for the shortest window of alerts, long enough that 30 days of them are 8,640. */
export const SLOT_MS = 300_000;

export interface Slots {
  /** Of the first slot; a multiple of SLOT_MS. */
  readonly startMs: number;
  readonly bad: Float64Array;
  readonly total: Float64Array;
}

export interface Interval {
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface SlotSum {
  readonly bad: number;
  readonly total: number;
  /** Slots that something is known of. */
  readonly known: number;
}

export function floorSlot(timeMs: number): number {
  return Math.floor(timeMs / SLOT_MS) * SLOT_MS;
}

export function ceilSlot(timeMs: number): number {
  return Math.ceil(timeMs / SLOT_MS) * SLOT_MS;
}

/** Unknown slots over an interval whose ends are moved outwards to slot borders. */
export function emptySlots({ fromMs, untilMs }: Interval): Slots {
  const startMs = floorSlot(fromMs);
  const count = Math.max(0, (ceilSlot(untilMs) - startMs) / SLOT_MS);
  return {
    startMs,
    bad: new Float64Array(count).fill(Number.NaN),
    total: new Float64Array(count).fill(Number.NaN),
  };
}

export function endOf({ startMs, total }: Slots): number {
  return startMs + total.length * SLOT_MS;
}

/** Overwrites: a slot has one value, however often it is computed. Slots outside of the target are left out. */
export function overwriteSlots(target: Slots, source: Slots): void {
  const shift = (source.startMs - target.startMs) / SLOT_MS;
  for (let i = 0; i < source.total.length; i++) {
    const at = i + shift;
    if (at < 0 || at >= target.total.length) continue;
    target.bad[at] = source.bad[i]!;
    target.total[at] = source.total[i]!;
  }
}

/** Of the slots that begin in the interval. Slots that touch an excluded interval do not count. */
export function sumSlots(
  slots: Slots,
  { fromMs, untilMs }: Interval,
  excluded: readonly Interval[] = [],
): SlotSum {
  const first = Math.max(0, Math.ceil((fromMs - slots.startMs) / SLOT_MS));
  const end = Math.min(slots.total.length, Math.ceil((untilMs - slots.startMs) / SLOT_MS));
  let bad = 0;
  let total = 0;
  let known = 0;
  for (let i = first; i < end; i++) {
    const slotTotal = slots.total[i]!;
    if (Number.isNaN(slotTotal)) continue;
    if (excluded.length > 0 && isExcluded(slots.startMs + i * SLOT_MS, excluded)) continue;
    bad += slots.bad[i]!;
    total += slotTotal;
    known += 1;
  }
  return { bad, total, known };
}

export function isExcluded(slotMs: number, excluded: readonly Interval[]): boolean {
  return excluded.some(({ fromMs, untilMs }) => fromMs < slotMs + SLOT_MS && untilMs > slotMs);
}
