import { expect, test } from 'vitest';
import { civilTimeMs, isTimeZone, toCivilTime } from './civil-time.ts';

test.each([
  ['2026-01-31T23:59:58Z', 'UTC', [2026, 1, 31, 23, 59, 58, 'UTC']],
  ['2026-01-31T23:59:58Z', 'Europe/Berlin', [2026, 2, 1, 0, 59, 58, 'GMT+1']],
  // The clocks go forward: there is no second hour.
  ['2026-03-29T00:59:59Z', 'Europe/Berlin', [2026, 3, 29, 1, 59, 59, 'GMT+1']],
  ['2026-03-29T01:00:00Z', 'Europe/Berlin', [2026, 3, 29, 3, 0, 0, 'GMT+2']],
  ['2026-07-04T04:00:00Z', 'America/New_York', [2026, 7, 4, 0, 0, 0, 'EDT']],
  ['2026-07-04T00:00:00Z', 'Asia/Kathmandu', [2026, 7, 4, 5, 45, 0, 'GMT+5:45']],
])('%s in %s', (time, zone, shown) => {
  expect(Object.values(toCivilTime(Date.parse(time), zone))).toEqual(shown);
});

test('clocks of UTC show an instant as it is', () => {
  const timeMs = Date.parse('2024-02-29T12:34:56Z');
  expect(civilTimeMs(toCivilTime(timeMs, 'UTC'))).toBe(timeMs);
});

test('zones are known by name', () => {
  expect(['Europe/Berlin', 'UTC', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([true, true, false, false]);
});
