/**
 * Which tier answers a selector. Coarse slots are cheap; they are taken where the answer stays what the
 * fine ones would give: at borders that all windows of the query share, or far below the width of a window.
 */
import type { SelectWindow } from '@sluice/promql/series-reader';
import type { RollupTier } from '../rollup/rollup-settings.ts';

/** These add increases up: their answer is exact for any slots that end where the window does. */
const ADDITIVE: ReadonlySet<string> = new Set(['rate', 'increase']);
/** These see each sample: a coarser tier would change how many there are. */
const COUNTS_SAMPLES: ReadonlySet<string> = new Set(['count_over_time', 'sum_over_time', 'irate', 'idelta']);
const SLOTS_PER_ADDITIVE_WINDOW = 10;
const SLOTS_PER_WINDOW = 100;
const SLOTS_PER_STEP = 4;

/** The index of the coarsest tier that serves; 0 is always right. */
export function chooseTier(tiers: readonly RollupTier[], window: SelectWindow): number {
  return Math.max(
    0,
    tiers.findLastIndex(({ slotMs }, index) => index === 0 || serves(slotMs, window)),
  );
}

function serves(slotMs: number, window: SelectWindow): boolean {
  return window.rangeMs > 0 ? servesRange(slotMs, window) : servesInstant(slotMs, window);
}

function servesRange(slotMs: number, { startMs, stepMs, rangeMs, hints }: SelectWindow): boolean {
  if (COUNTS_SAMPLES.has(hints.func)) return false;
  if (!ADDITIVE.has(hints.func)) return slotMs * SLOTS_PER_WINDOW <= rangeMs;
  // Of one window only the middle is read coarsely: its ends are filled from finer tiers.
  if (stepMs === 0) return slotMs * 2 <= rangeMs;
  const isAligned = (startMs - 1) % slotMs === 0 && stepMs % slotMs === 0 && rangeMs % slotMs === 0;
  return isAligned || slotMs * SLOTS_PER_ADDITIVE_WINDOW <= rangeMs;
}

function servesInstant(slotMs: number, { startMs, stepMs, lookbackMs }: SelectWindow): boolean {
  if (stepMs === 0) return false;
  const firstMs = startMs - 1 + lookbackMs;
  if (firstMs % slotMs === 0 && stepMs % slotMs === 0) return true;
  return slotMs <= lookbackMs && slotMs * SLOTS_PER_STEP <= stepMs;
}
