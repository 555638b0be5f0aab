/** Times by Go's layouts (`2006-01-02 15:04:05`), in any zone that the runtime knows. */
import { civilTimeMs, toCivilTime } from '@sluice/core/civil-time';

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

/** Zone of a time that `tz` moved; a time without one is in UTC. */
const zones = new WeakMap<Date, string>();

/** @throws RangeError when the zone is not known */
export function inZone(time: Date, zone: string): Date {
  new Intl.DateTimeFormat('en-US', { timeZone: zone });
  const moved = new Date(time);
  zones.set(moved, zone);
  return moved;
}

export function inUtc(time: Date): Date {
  return new Date(time);
}

const LAYOUT =
  /2006|January|Jan|Monday|Mon|MST|Z07:00|Z0700|-07:00|-0700|-07|01|02|_2|03|04|05|06|15|PM|pm|[.,]0+|[.,]9+|1|2|3|4|5/g;

/** `time.Format(layout)`. */
export function formatTime(time: Date, layout: string): string {
  const zone = zones.get(time) ?? 'UTC';
  const { wall, offsetMinutes, abbreviation } = wallClock(time, zone);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hour12 = wall.getUTCHours() % 12 || 12;
  const offset = (colon: string): string => {
    const size = Math.abs(offsetMinutes);
    return `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${colon}${two(size % 60)}`;
  };
  return layout.replaceAll(LAYOUT, (part) => {
    switch (part) {
      case '2006':
        return String(wall.getUTCFullYear()).padStart(4, '0');
      case '06':
        return two(wall.getUTCFullYear() % 100);
      case 'January':
        return MONTHS[wall.getUTCMonth()]!;
      case 'Jan':
        return MONTHS[wall.getUTCMonth()]!.slice(0, 3);
      case '01':
        return two(wall.getUTCMonth() + 1);
      case '1':
        return String(wall.getUTCMonth() + 1);
      case 'Monday':
        return DAYS[wall.getUTCDay()]!;
      case 'Mon':
        return DAYS[wall.getUTCDay()]!.slice(0, 3);
      case '02':
        return two(wall.getUTCDate());
      case '_2':
        return String(wall.getUTCDate()).padStart(2);
      case '2':
        return String(wall.getUTCDate());
      case '15':
        return two(wall.getUTCHours());
      case '03':
        return two(hour12);
      case '3':
        return String(hour12);
      case '04':
        return two(wall.getUTCMinutes());
      case '4':
        return String(wall.getUTCMinutes());
      case '05':
        return two(wall.getUTCSeconds());
      case '5':
        return String(wall.getUTCSeconds());
      case 'PM':
        return wall.getUTCHours() < 12 ? 'AM' : 'PM';
      case 'pm':
        return wall.getUTCHours() < 12 ? 'am' : 'pm';
      case 'MST':
        return abbreviation;
      case 'Z07:00':
        return offsetMinutes === 0 ? 'Z' : offset(':');
      case 'Z0700':
        return offsetMinutes === 0 ? 'Z' : offset('');
      case '-07:00':
        return offset(':');
      case '-0700':
        return offset('');
      case '-07':
        return offset('').slice(0, 3);
      default: {
        const digits = String(wall.getUTCMilliseconds())
          .padStart(3, '0')
          .padEnd(part.length - 1, '0');
        const kept = digits.slice(0, part.length - 1);
        if (part[1] === '0') return part[0] + kept;
        const trimmed = kept.replace(/0+$/, '');
        return trimmed === '' ? '' : part[0] + trimmed;
      }
    }
  });
}

function wallClock(time: Date, zone: string): { wall: Date; offsetMinutes: number; abbreviation: string } {
  if (zone === 'UTC') return { wall: time, offsetMinutes: 0, abbreviation: 'UTC' };
  const civil = toCivilTime(time.getTime(), zone);
  const wall = new Date(civilTimeMs(civil) + (((time.getTime() % 1_000) + 1_000) % 1_000));
  const offsetMinutes = Math.round((wall.getTime() - time.getTime()) / 60_000);
  const name = civil.zoneName;
  // Zones without an abbreviation of their own are shown by their offset, as Go does.
  const sign = offsetMinutes < 0 ? '-' : '+';
  const size = Math.abs(offsetMinutes);
  const numeric = `${sign}${String(Math.floor(size / 60)).padStart(2, '0')}${size % 60 === 0 ? '' : String(size % 60).padStart(2, '0')}`;
  return { wall, offsetMinutes, abbreviation: name.startsWith('GMT') && zone !== 'GMT' ? numeric : name };
}
