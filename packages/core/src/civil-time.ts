/** What calendars and clocks of a time zone show at an instant, by the machine's tables of zones (Intl). */

export interface CivilTime {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** As people of the zone write it, `CET`; `GMT+3` where there is no such name. */
  readonly zoneName: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError for a zone that is unknown */
export function toCivilTime(timeMs: number, zone: string): CivilTime {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(timeMs)
      .map(({ type, value }) => [type, value]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes): number => Number(parts.get(name));
  return {
    year: part('year'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
    second: part('second'),
    zoneName: parts.get('timeZoneName') ?? '',
  };
}

/** The instant at which clocks of UTC would show it. */
export function civilTimeMs({ year, month, day, hour, minute, second }: CivilTime): number {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

export function isTimeZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    timeZoneName: 'short',
  });
  formats.set(zone, made);
  return made;
}
