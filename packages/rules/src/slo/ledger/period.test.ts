import { expect, test } from 'vitest';
import { calendarPeriod } from './period.ts';

const show = (ms: number | undefined): string => new Date(ms!).toISOString().slice(0, 16);

test.each([
  ['week', '2026-01-14T12:00Z', 'UTC', '2026-01-12T00:00', '2026-01-19T00:00'],
  // A Sunday is the last day of its week.
  ['week', '2026-01-18T23:59Z', 'UTC', '2026-01-12T00:00', '2026-01-19T00:00'],
  ['month', '2026-02-01T00:00Z', 'UTC', '2026-02-01T00:00', '2026-03-01T00:00'],
  ['quarter', '2026-12-31T23:59Z', 'UTC', '2026-10-01T00:00', '2027-01-01T00:00'],
  ['year', '2026-07-01T00:00Z', 'UTC', '2026-01-01T00:00', '2027-01-01T00:00'],
  // Clocks go forward within the month: its ends have different offsets.
  ['month', '2026-03-10T00:00Z', 'Europe/Berlin', '2026-02-28T23:00', '2026-03-31T22:00'],
  ['month', '2026-01-31T23:30Z', 'Europe/Berlin', '2026-01-31T23:00', '2026-02-28T23:00'],
  ['month', '2026-11-01T05:00Z', 'America/New_York', '2026-11-01T04:00', '2026-12-01T05:00'],
  ['week', '2026-01-14T00:00Z', 'Asia/Kathmandu', '2026-01-11T18:15', '2026-01-18T18:15'],
] as const)('the %s of %s in %s', (unit, time, timeZone, start, end) => {
  const period = calendarPeriod(unit, Date.parse(time), { timeZone });
  expect([show(period.startMs), show(period.endMs)]).toEqual([start, end]);
});
