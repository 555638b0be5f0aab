/** Time intervals of `time_intervals`: whether an instant lies in them (source: Alertmanager documentation, "<time_interval>"). */
import type { ConfigNode } from '@sluice/config/config-node';
import * as d from '@sluice/config/decoder';
import { isTimeZone, toCivilTime } from '@sluice/core/civil-time';

/** Both ends inclusive. */
interface Range {
  readonly from: number;
  readonly to: number;
}

export interface TimeInterval {
  /** Minutes of the day, the end excluded. */
  readonly times: readonly Range[];
  /** 0 is Sunday. */
  readonly weekdays: readonly Range[];
  /** From 1; negative ones count from the end of the month. */
  readonly daysOfMonth: readonly Range[];
  readonly months: readonly Range[];
  readonly years: readonly Range[];
  /** IANA zone, UTC by default. */
  readonly location: string;
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

const clockTime: d.Decoder<number> = d.mapped(d.text, (text, node) => {
  const match = /^(\d{1,2}):(\d{2})$/.exec(text);
  const minutes = match === null ? Number.NaN : Number(match[1]) * 60 + Number(match[2]);
  if (minutes <= 1_440 && Number(match?.[2]) < 60) return minutes;
  node.report(`want a time from 00:00 to 24:00, got ${JSON.stringify(text)}`);
  return undefined;
});

const times: d.Decoder<Range> = d.mapped(
  d.mapping({ start_time: d.required(clockTime), end_time: d.required(clockTime) }),
  ({ start_time, end_time }, node) => {
    if (start_time < end_time) return { from: start_time, to: end_time };
    node.report('start_time must be before end_time; an interval over midnight is two intervals');
    return undefined;
  },
);

function rangeOf(read: (text: string) => number | undefined, what: string): d.Decoder<Range> {
  return d.mapped(d.text, (text, node: ConfigNode) => {
    const parts = text
      .toLowerCase()
      .split(':')
      .map((part) => read(part.trim()));
    const [from, to = from] = parts;
    if (parts.length > 2 || from === undefined || to === undefined) {
      node.report(`want ${what}, got ${JSON.stringify(text)}`);
      return undefined;
    }
    if (from > to && Math.sign(from || 1) === Math.sign(to || 1)) {
      node.report(`the range ends before it starts: ${JSON.stringify(text)}`);
      return undefined;
    }
    return { from, to };
  });
}

const indexIn =
  (names: readonly string[], first: number) =>
  (text: string): number | undefined => {
    const index = names.indexOf(text);
    if (index >= 0) return index + first;
    const number = Number(text);
    return first > 0 && Number.isInteger(number) && number >= first && number < names.length + first
      ? number
      : undefined;
  };

const dayOfMonth = (text: string): number | undefined => {
  const day = Number(text);
  return Number.isInteger(day) && day !== 0 && Math.abs(day) <= 31 && text !== '' ? day : undefined;
};

const location: d.Decoder<string> = d.checked(d.text, (zone) =>
  isTimeZone(zoneOf(zone)) ? undefined : `unknown time zone ${JSON.stringify(zone)}`,
);

export const decodeTimeInterval: d.Decoder<TimeInterval> = d.mapped(
  d.mapping({
    times: d.withDefault(d.listOf(times), []),
    weekdays: d.withDefault(
      d.listOf(rangeOf(indexIn(WEEKDAYS, 0), 'a weekday or a range such as monday:friday')),
      [],
    ),
    days_of_month: d.withDefault(
      d.listOf(rangeOf(dayOfMonth, 'a day from 1 to 31 or -1 to -31, or a range')),
      [],
    ),
    months: d.withDefault(d.listOf(rangeOf(indexIn(MONTHS, 1), 'a month or a range of months')), []),
    years: d.withDefault(
      d.listOf(rangeOf((text) => (/^\d{1,4}$/.test(text) ? Number(text) : undefined), 'a year or a range')),
      [],
    ),
    location: d.withDefault(location, 'UTC'),
  }),
  ({ days_of_month, ...rest }) => ({ ...rest, daysOfMonth: days_of_month }),
);

/** Whether the instant lies in all fields that the interval sets. */
export function isInInterval(interval: TimeInterval, atMs: number): boolean {
  const { year, month, day, ...clock } = toCivilTime(atMs, zoneOf(interval.location));
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
  const minute = clock.hour * 60 + clock.minute;
  const holds = (ranges: readonly Range[], test: (range: Range) => boolean): boolean =>
    ranges.length === 0 || ranges.some(test);
  const within =
    (value: number) =>
    ({ from, to }: Range): boolean =>
      value >= from && value <= to;
  const daysInMonth = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const inMonth = ({ from, to }: Range): boolean => {
    const start = from < 0 ? daysInMonth + from + 1 : from;
    const end = to < 0 ? daysInMonth + to + 1 : to;
    return start <= end && day >= Math.max(start, 1) && day <= Math.min(end, daysInMonth);
  };
  return (
    holds(interval.times, ({ from, to }) => minute >= from && minute < to) &&
    holds(interval.daysOfMonth, inMonth) &&
    holds(interval.months, within(month)) &&
    holds(interval.weekdays, within(weekday)) &&
    holds(interval.years, within(year))
  );
}

/** `Local` is the zone of the machine; functions run in UTC. */
function zoneOf(location: string): string {
  return location === 'Local' ? 'UTC' : location;
}
