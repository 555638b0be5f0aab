/** How budget and burn rate of an SLO went, for plots. */
import { errorBudgetOf } from '../slo.ts';
import { periodAt, type SloPlan } from './slo-plan.ts';
import { burnRateOf } from './slo-status.ts';
import type { SlotStore } from './slot-store.ts';
import { ceilSlot, floorSlot, type Interval, isExcluded, SLOT_MS, type Slots, sumSlots } from './slots.ts';

export interface HistoryPoint {
  /** End of the step; the last one may still be open. */
  readonly timeMs: number;
  /** Of the step. */
  readonly bad: number;
  readonly total: number;
  readonly burnRate: number | null;
  /** Of the period that the time lies in; null without events. */
  readonly budgetRemaining: number | null;
  /** Maintenance: not counted. */
  readonly isExcluded: boolean;
}

/** Steps of whole slots, at most so many. */
export const MAX_HISTORY_POINTS = 11_000;

export async function readSloHistory(
  plan: SloPlan,
  { fromMs, untilMs, stepMs: wantedStepMs }: Interval & { readonly stepMs: number },
  { store }: { readonly store: SlotStore },
): Promise<readonly HistoryPoint[]> {
  const stepMs = Math.max(SLOT_MS, ceilSlot(wantedStepMs));
  const firstMs = floorSlot(fromMs);
  const lastMs = ceilSlot(untilMs);
  const loadFromMs = Math.min(firstMs, periodAt(plan, firstMs).startMs);
  const slots = await store.load(plan.slo.id, { fromMs: loadFromMs, untilMs: lastMs });
  const sums = toPrefixSums(plan, slots);
  const budget = errorBudgetOf(plan.slo);
  const points: HistoryPoint[] = [];
  for (let fromStepMs = firstMs; fromStepMs < lastMs; fromStepMs += stepMs) {
    const timeMs = Math.min(fromStepMs + stepMs, lastMs);
    const step = sums({ fromMs: fromStepMs, untilMs: timeMs });
    const period = sums({ fromMs: Math.min(periodAt(plan, timeMs - 1).startMs, timeMs), untilMs: timeMs });
    points.push({
      timeMs: Math.min(timeMs, untilMs),
      bad: step.bad,
      total: step.total,
      burnRate: step.total === 0 ? null : burnRateOf(step.bad / step.total, budget),
      budgetRemaining: period.total === 0 ? null : 1 - burnRateOf(period.bad / period.total, budget),
      isExcluded: isExcluded(timeMs - SLOT_MS, plan.excluded),
    });
  }
  return points;
}

/** Sums of any interval of slots in constant time. */
function toPrefixSums(
  { excluded }: SloPlan,
  slots: Slots,
): (interval: Interval) => { readonly bad: number; readonly total: number } {
  const count = slots.total.length;
  const bad = new Float64Array(count + 1);
  const total = new Float64Array(count + 1);
  for (let i = 0; i < count; i++) {
    const fromMs = slots.startMs + i * SLOT_MS;
    const own = sumSlots(slots, { fromMs, untilMs: fromMs + SLOT_MS }, excluded);
    bad[i + 1] = bad[i]! + own.bad;
    total[i + 1] = total[i]! + own.total;
  }
  const indexOf = (timeMs: number): number =>
    Math.min(count, Math.max(0, Math.ceil((timeMs - slots.startMs) / SLOT_MS)));
  return ({ fromMs, untilMs }) => {
    const [from, to] = [indexOf(fromMs), indexOf(untilMs)];
    return { bad: bad[to]! - bad[from]!, total: total[to]! - total[from]! };
  };
}
