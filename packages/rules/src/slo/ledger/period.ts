/** The period that an error budget belongs to: the last so many days, or a week, month, quarter or year. */
import { civilTimeMs, toCivilTime } from '@sluice/core/civil-time';
import type { CalendarUnit } from '../slo-settings.ts';

export interface Period {
  readonly startMs: number;
  /** Of a calendar period; a rolling one ends now. */
  readonly endMs: number | undefined;
}

/** The calendar period that a time lies in, in a time zone. Weeks begin on Monday (ISO 8601). */
export function calendarPeriod(
  unit: CalendarUnit,
  timeMs: number,
  { timeZone }: { readonly timeZone: string },
): Period {
  const local = new Date(timeMs + offsetOf(timeMs, timeZone));
  const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()];
  const [start, end] = bordersOf(unit, { year, month, day, weekday: (local.getUTCDay() + 6) % 7 });
  return { startMs: fromLocal(start, timeZone), endMs: fromLocal(end, timeZone) };
}

interface LocalDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** 0 is Monday. */
  readonly weekday: number;
}

/** As if the zone were UTC. */
function bordersOf(unit: CalendarUnit, { year, month, day, weekday }: LocalDate): readonly [number, number] {
  switch (unit) {
    case 'week':
      return [Date.UTC(year, month, day - weekday), Date.UTC(year, month, day - weekday + 7)];
    case 'month':
      return [Date.UTC(year, month, 1), Date.UTC(year, month + 1, 1)];
    case 'quarter': {
      const first = month - (month % 3);
      return [Date.UTC(year, first, 1), Date.UTC(year, first + 3, 1)];
    }
    case 'year':
      return [Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1)];
  }
}

function fromLocal(localMs: number, timeZone: string): number {
  // The offset of the guess may be that of the other side of a clock change.
  const guessMs = localMs - offsetOf(localMs, timeZone);
  return localMs - offsetOf(guessMs, timeZone);
}

/** How far the zone's clocks are ahead of UTC, in milliseconds. */
function offsetOf(timeMs: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0;
  return civilTimeMs(toCivilTime(timeMs, timeZone)) - Math.floor(timeMs / 1000) * 1000;
}
