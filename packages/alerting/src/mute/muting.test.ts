import { decodeYaml } from '@sluice/config/decoder';
import { describe, expect, test } from 'vitest';
import {
  canUpdate,
  faultOfSilence,
  type Silence,
  silenceState,
  toLabelMatcher,
  toSilenceMatcher,
} from './silence.ts';
import { decodeTimeInterval, isInInterval } from './time-interval.ts';

const read = (source: string) => decodeYaml(source, decodeTimeInterval, { file: 'f' });
const at = (time: string): number => Date.parse(time);

describe('a time interval', () => {
  test.each([
    ['{}', '2026-01-01T00:00:00Z', true],
    ['{times: [{start_time: "09:00", end_time: "17:00"}]}', '2026-01-01T09:00:00Z', true],
    ['{times: [{start_time: "09:00", end_time: "17:00"}]}', '2026-01-01T08:59:59Z', false],
    ['{times: [{start_time: "09:00", end_time: "17:00"}]}', '2026-01-01T17:00:00Z', false],
    ['{times: [{start_time: "00:00", end_time: "24:00"}]}', '2026-01-01T23:59:59Z', true],
    ['{weekdays: ["monday:friday"]}', '2026-01-02T00:00:00Z', true],
    ['{weekdays: ["monday:friday"]}', '2026-01-03T00:00:00Z', false],
    ['{weekdays: [Saturday, sunday]}', '2026-01-04T12:00:00Z', true],
    ['{days_of_month: ["1:5"]}', '2026-01-05T12:00:00Z', true],
    ['{days_of_month: ["1:5"]}', '2026-01-06T12:00:00Z', false],
    ['{days_of_month: ["-1"]}', '2026-02-28T12:00:00Z', true],
    ['{days_of_month: ["-1"]}', '2028-02-28T12:00:00Z', false],
    ['{days_of_month: ["-3:-1"]}', '2026-04-28T12:00:00Z', true],
    ['{days_of_month: ["15:-5"]}', '2026-01-20T12:00:00Z', true],
    ['{days_of_month: ["31"]}', '2026-04-30T12:00:00Z', false],
    ['{months: ["december:december"]}', '2026-12-24T12:00:00Z', true],
    ['{months: ["5:7", march]}', '2026-03-24T12:00:00Z', true],
    ['{months: ["5:7"]}', '2026-08-01T00:00:00Z', false],
    ['{years: ["2025:2027"]}', '2026-12-24T12:00:00Z', true],
    ['{years: ["2025"]}', '2026-12-24T12:00:00Z', false],
    ['{weekdays: [monday], months: [may]}', '2026-01-05T12:00:00Z', false],
    // Berlin is an hour ahead in winter, two in summer.
    [
      '{location: Europe/Berlin, times: [{start_time: "09:00", end_time: "10:00"}]}',
      '2026-01-01T08:30:00Z',
      true,
    ],
    [
      '{location: Europe/Berlin, times: [{start_time: "09:00", end_time: "10:00"}]}',
      '2026-07-01T07:30:00Z',
      true,
    ],
    [
      '{location: Europe/Berlin, times: [{start_time: "09:00", end_time: "10:00"}]}',
      '2026-07-01T08:30:00Z',
      false,
    ],
    ['{location: Asia/Tokyo, weekdays: [monday]}', '2026-01-04T20:00:00Z', true],
    ['{location: Local, weekdays: [sunday]}', '2026-01-04T20:00:00Z', true],
  ])('%s holds at %s: %s', (source, time, expected) => {
    const { value, problems } = read(source);
    expect(problems).toEqual([]);
    expect(isInInterval(value!, at(time))).toBe(expected);
  });

  test.each([
    ['{times: [{start_time: "9", end_time: "17:00"}]}', 'want a time from 00:00 to 24:00, got "9"'],
    ['{times: [{start_time: "24:01", end_time: "25:00"}]}', 'want a time from 00:00 to 24:00, got "24:01"'],
    ['{times: [{start_time: "17:00", end_time: "09:00"}]}', 'start_time must be before end_time'],
    ['{times: [{start_time: "17:00"}]}', 'end_time is missing'],
    ['{weekdays: [funday]}', 'want a weekday'],
    ['{weekdays: ["friday:monday"]}', 'the range ends before it starts'],
    ['{weekdays: ["a:b:c"]}', 'want a weekday'],
    ['{days_of_month: ["0"]}', 'want a day from 1 to 31'],
    ['{days_of_month: ["32"]}', 'want a day from 1 to 31'],
    ['{months: ["13"]}', 'want a month'],
    ['{years: [soon]}', 'want a year'],
    ['{location: Mars/Olympus}', 'unknown time zone "Mars/Olympus"'],
  ])('%s is refused: %s', (source, message) => {
    expect(
      read(source)
        .problems.map((problem) => problem.message)
        .join(),
    ).toContain(message);
  });
});

const NOW = at('2026-01-01T12:00:00Z');
const HOUR = 3_600_000;
const silence = (changes: Partial<Silence> = {}): Silence => ({
  id: 'i',
  matchers: [{ name: 'a', value: 'b', isRegex: false, isEqual: true }],
  startsAtMs: NOW - HOUR,
  endsAtMs: NOW + HOUR,
  updatedAtMs: NOW - HOUR,
  createdBy: 'me',
  comment: '',
  ...changes,
});

describe('a silence', () => {
  test.each([
    [{}, 'active'],
    [{ startsAtMs: NOW + 1 }, 'pending'],
    [{ endsAtMs: NOW }, 'expired'],
  ] as const)('with %j is %s', (changes, state) => {
    expect(silenceState(silence(changes), NOW)).toBe(state);
  });

  test.each([
    [{}, { endsAtMs: NOW + 2 * HOUR }, true],
    [{}, { endsAtMs: NOW - 1 }, false],
    [{}, { startsAtMs: NOW }, false],
    [{}, { matchers: [] }, false],
    [{ startsAtMs: NOW + HOUR, endsAtMs: NOW + 2 * HOUR }, { startsAtMs: NOW + 1 }, true],
    [{ startsAtMs: NOW + HOUR, endsAtMs: NOW + 2 * HOUR }, { startsAtMs: NOW - 1 }, false],
    [{ endsAtMs: NOW - 1 }, {}, false],
  ])('with %j may become one with %j under its id: %s', (before, after, expected) => {
    const first = silence(before);
    expect(canUpdate(first, { ...first, ...after }, NOW)).toBe(expected);
  });

  test.each([
    [{}, undefined],
    [{ matchers: [] }, 'at least one matcher required'],
    [{ matchers: [{ name: '', value: 'b', isRegex: false, isEqual: true }] }, 'invalid label name ""'],
    [{ matchers: [{ name: 'a', value: '(', isRegex: true, isEqual: true }] }, 'bad regular expression'],
    [
      { matchers: [{ name: 'a', value: 'b', isRegex: false, isEqual: false }] },
      'at least one matcher must not match the empty string',
    ],
    [{ startsAtMs: NOW, endsAtMs: NOW }, 'end time must not be before start time'],
    [{ startsAtMs: NOW - 2, endsAtMs: NOW - 1 }, "end time can't be in the past"],
  ])('with %j has the fault %j', (changes, fault) => {
    const found = faultOfSilence(silence(changes), NOW);
    if (fault === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(fault);
  });

  test('keeps its matchers through the API and back', () => {
    for (const isRegex of [true, false])
      for (const isEqual of [true, false]) {
        const matcher = { name: 'a', value: 'b', isRegex, isEqual };
        expect(toSilenceMatcher(toLabelMatcher(matcher))).toEqual(matcher);
      }
  });
});
