/** What an SLO's slots say at one time: budget spent and left, burn rates, alerts that ought to fire. */
import { formatDuration } from '@sluice/promql/parse/duration-text';
import { errorBudgetOf } from '../slo.ts';
import { type AlertWindow, burnFactorOf } from '../spec/alert-windows.ts';
import { periodAt, type SloPlan, windowAt } from './slo-plan.ts';
import { type Interval, SLOT_MS, type SlotSum, type Slots, sumSlots } from './slots.ts';

export type SloState =
  /** Within its budget. */
  | 'ok'
  /** So fast that somebody ought to be told. */
  | 'burning'
  /** Nothing of the budget is left. */
  | 'exhausted'
  /** The series of all events is not there, or has ended. */
  | 'no_data'
  /** There is too little to tell. */
  | 'low_traffic';

export interface WindowStatus {
  /** `5m`, `1h`, `30d`. */
  readonly window: string;
  readonly windowMs: number;
  readonly bad: number;
  readonly total: number;
  /** Null when there were no events, or fewer than the guard asks for. */
  readonly errorRatio: number | null;
  /** 1 spends the budget in exactly one period. */
  readonly burnRate: number | null;
}

export interface SloStatus {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly description: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Percent. */
  readonly objective: number;
  readonly unit: 'events' | 'seconds';
  readonly state: SloState;
  /** What the burn alerts of the spec make of it. */
  readonly severity: 'page' | 'ticket' | null;
  readonly timeMs: number;
  readonly period: {
    readonly kind: 'rolling' | 'week' | 'month' | 'quarter' | 'year';
    readonly startMs: number;
    readonly endMs: number | null;
    /** Share of its slots that something is known of. */
    readonly coverage: number;
  };
  readonly bad: number;
  readonly total: number;
  readonly errorRatio: number | null;
  readonly budget: {
    /** Share of events that may be bad. */
    readonly ratio: number;
    /** Of the events of the period so far, how many may be bad. */
    readonly allowed: number;
    readonly spent: number;
    /** 1 is untouched, 0 is gone, below 0 is overspent; null without events. */
    readonly remainingRatio: number | null;
  };
  readonly windows: readonly WindowStatus[];
  /** At the speed of the last hour; null when nothing burns, or nobody knows. */
  readonly hoursToExhaustion: number | null;
}

const HOUR_MS = 3_600_000;
/** Longer than Prometheus' look-back: a series that is silent for so long has ended. */
const NO_DATA_MS = 900_000;

export function toSloStatus(plan: SloPlan, slots: Slots, timeMs: number): SloStatus {
  const { slo, excluded, calendar, minEvents, sli } = plan;
  const budgetRatio = errorBudgetOf(slo);
  const isGuarded = ({ total }: SlotSum): boolean =>
    total === 0 || (sli.unit === 'events' && total < minEvents);
  const windows = plan.windowLengthsMs.map((windowMs): WindowStatus => {
    const sum = sumSlots(slots, windowAt(windowMs, timeMs), excluded);
    const errorRatio = isGuarded(sum) ? null : sum.bad / sum.total;
    return {
      window: formatDuration(windowMs),
      windowMs,
      bad: sum.bad,
      total: sum.total,
      errorRatio,
      burnRate: errorRatio === null ? null : burnRateOf(errorRatio, budgetRatio),
    };
  });
  const period = periodAt(plan, timeMs);
  const inPeriod: Interval = { fromMs: period.startMs, untilMs: timeMs };
  const sum = sumSlots(slots, inPeriod, excluded);
  const errorRatio = sum.total === 0 ? null : sum.bad / sum.total;
  const remainingRatio = errorRatio === null ? null : 1 - burnRateOf(errorRatio, budgetRatio);
  const recent = sumSlots(slots, { fromMs: timeMs - NO_DATA_MS, untilMs: timeMs });
  const severity = severityOf(plan, windows);
  return {
    id: slo.id,
    name: slo.name,
    service: slo.service,
    description: slo.description,
    labels: slo.labels,
    objective: slo.objective,
    unit: sli.unit,
    state: stateOf({
      recent,
      sum,
      minEvents: sli.unit === 'events' ? minEvents : 0,
      severity,
      remainingRatio,
    }),
    severity,
    timeMs,
    period: {
      kind: calendar ?? 'rolling',
      startMs: period.startMs,
      endMs: period.endMs ?? null,
      coverage: sum.known / Math.max(1, Math.ceil((timeMs - period.startMs) / SLOT_MS)),
    },
    bad: sum.bad,
    total: sum.total,
    errorRatio,
    budget: { ratio: budgetRatio, allowed: sum.total * budgetRatio, spent: sum.bad, remainingRatio },
    windows,
    hoursToExhaustion: hoursToExhaustion(plan, { windows, remainingRatio, period, timeMs }),
  };
}

/** An objective of 100 % has no budget: any error is infinitely too fast. */
export function burnRateOf(errorRatio: number, budgetRatio: number): number {
  return errorRatio === 0 ? 0 : errorRatio / budgetRatio;
}

function stateOf({
  recent,
  sum,
  minEvents,
  severity,
  remainingRatio,
}: {
  readonly recent: SlotSum;
  readonly sum: SlotSum;
  readonly minEvents: number;
  readonly severity: SloStatus['severity'];
  readonly remainingRatio: number | null;
}): SloState {
  if (recent.known === 0) return 'no_data';
  if (remainingRatio === null || sum.total < minEvents) return 'low_traffic';
  if (remainingRatio <= 0 && sum.bad > 0) return 'exhausted';
  return severity === null ? 'ok' : 'burning';
}

function severityOf({ windows, slo }: SloPlan, all: readonly WindowStatus[]): SloStatus['severity'] {
  const budget = errorBudgetOf(slo);
  const burns = (window: AlertWindow): boolean => {
    const limit = burnFactorOf(windows, window) * budget;
    return [window.shortMs, window.longMs].every((windowMs) => {
      const found = all.find((status) => status.windowMs === windowMs);
      return (found?.errorRatio ?? 0) > limit;
    });
  };
  if (burns(windows.page.quick) || burns(windows.page.slow)) return 'page';
  return burns(windows.ticket.quick) || burns(windows.ticket.slow) ? 'ticket' : null;
}

function hoursToExhaustion(
  { slo }: SloPlan,
  {
    windows,
    remainingRatio,
    period,
    timeMs,
  }: {
    readonly windows: readonly WindowStatus[];
    readonly remainingRatio: number | null;
    readonly period: { readonly startMs: number; readonly endMs: number | undefined };
    readonly timeMs: number;
  },
): number | null {
  if (remainingRatio === null) return null;
  if (remainingRatio <= 0) return 0;
  const hourly = windows.find(({ windowMs }) => windowMs >= HOUR_MS)?.burnRate ?? null;
  if (hourly === null || hourly === 0) return null;
  const lengthMs = period.endMs === undefined ? slo.periodMs : period.endMs - period.startMs;
  const hours = (remainingRatio * lengthMs) / HOUR_MS / hourly;
  // Before that, the budget begins anew.
  return period.endMs !== undefined && timeMs + hours * HOUR_MS > period.endMs ? null : hours;
}
