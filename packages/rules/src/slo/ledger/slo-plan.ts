/** What the ledger has to know of one SLO, out of its spec, the settings and the alert windows. */
import { createHash } from 'node:crypto';
import { windowsFor } from '../load-slos.ts';
import type { Slo, SpecKind } from '../slo.ts';
import type { CalendarUnit, SloSettings } from '../slo-settings.ts';
import { type AlertWindows, type WindowCatalogue, windowsOf } from '../spec/alert-windows.ts';
import { type CountedSli, toCountedSli } from './counted-sli.ts';
import { calendarPeriod, type Period } from './period.ts';
import { ceilSlot, type Interval, SLOT_MS } from './slots.ts';

export interface SloPlan {
  readonly slo: Slo;
  readonly kind: SpecKind;
  readonly sli: CountedSli;
  readonly windows: AlertWindows;
  /** Of alerts and of the whole period, ascending, each once. */
  readonly windowLengthsMs: readonly number[];
  readonly calendar: CalendarUnit | undefined;
  readonly timeZone: string;
  readonly minEvents: number;
  readonly excluded: readonly Interval[];
  /** Changes when slots that were computed before do not fit any more. */
  readonly fingerprint: string;
}

export interface PlanOptions {
  readonly kind: SpecKind;
  readonly settings: SloSettings;
  readonly windows: WindowCatalogue;
}

export function createSloPlan(slo: Slo, { kind, settings, windows: catalogue }: PlanOptions): SloPlan {
  const override = settings.overrides.get(slo.id);
  const windows = windowsFor(slo, catalogue)!;
  const sli = toCountedSli(slo.sli);
  return {
    slo,
    kind,
    sli,
    windows,
    windowLengthsMs: [...new Set([...windowsOf(windows), slo.periodMs])].sort((a, b) => a - b),
    calendar: override?.calendar,
    timeZone: settings.timeZone,
    minEvents: override?.minEvents ?? settings.minEvents,
    excluded: settings.exclusions.filter(
      ({ slos }) => slos.length === 0 || slos.some((id) => matches(id, slo.id)),
    ),
    fingerprint: createHash('sha256')
      .update(JSON.stringify([SLOT_MS, sli]))
      .digest('hex')
      .slice(0, 32),
  };
}

export function periodAt({ slo, calendar, timeZone }: SloPlan, timeMs: number): Period {
  if (calendar !== undefined) return calendarPeriod(calendar, timeMs, { timeZone });
  return { startMs: windowAt(slo.periodMs, timeMs).fromMs, endMs: undefined };
}

/**
 * The window that ends now. It begins on a slot border, exactly its length before the last one: between
 * borders, the slot that is still open comes on top.
 */
export function windowAt(windowMs: number, timeMs: number): Interval {
  return { fromMs: ceilSlot(timeMs - SLOT_MS + 1) - ceilSlot(windowMs), untilMs: timeMs };
}

/** How far back slots are wanted: for all windows and for the period. */
export function wantedFrom(plan: SloPlan, timeMs: number): number {
  const longestMs = plan.windowLengthsMs.at(-1)!;
  return Math.min(periodAt(plan, timeMs).startMs, windowAt(longestMs, timeMs).fromMs);
}

function matches(pattern: string, id: string): boolean {
  return pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : pattern === id;
}
