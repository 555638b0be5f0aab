import { expect, test } from 'vitest';
import { DEFAULT_SLO_SETTINGS, parseSloSettings } from './slo-settings.ts';

const parse = (source: string) => parseSloSettings(source, { file: 'sluice.yml' });

test('without a section the settings are the defaults', () => {
  expect(parse('rules: {}\n')).toEqual({ value: DEFAULT_SLO_SETTINGS, problems: [] });
  expect(parse('')).toEqual({ value: DEFAULT_SLO_SETTINGS, problems: [] });
});

test('every setting is read', () => {
  const { value, problems } = parse(`
slo:
  default_period: 28d
  update_interval: 15s
  late_data: 1h
  time_zone: Europe/Berlin
  min_events: 50
  objectives:
    a-b: {invert: true, period: 28d, calendar: quarter, min_events: 5}
  exclusions:
    - {from: 2026-01-01T00:00:00Z, until: 2026-01-01T02:00:00+01:00, slos: [a-*], reason: move}
`);
  expect(problems).toEqual([]);
  expect(value).toEqual({
    defaultPeriodMs: 28 * 86_400_000,
    updateIntervalMs: 15_000,
    lateMs: 3_600_000,
    timeZone: 'Europe/Berlin',
    minEvents: 50,
    overrides: new Map([
      ['a-b', { isInverted: true, periodMs: 28 * 86_400_000, calendar: 'quarter', minEvents: 5 }],
    ]),
    exclusions: [
      { fromMs: Date.UTC(2026, 0, 1), untilMs: Date.UTC(2026, 0, 1, 1), slos: ['a-*'], reason: 'move' },
    ],
  });
});

test.each([
  ['time_zone: Berlin', 'slo.time_zone: "Berlin" is no time zone: want a name such as Europe/Berlin'],
  ['default_period: 1h', 'slo.default_period: want a period of at least 1d'],
  ['update_interval: 100ms', 'slo.update_interval: want at least 1s'],
  ['min_events: -1', 'slo.min_events: must not be negative'],
  [
    'exclusions: [{from: yesterday, until: 2026-01-01T00:00:00Z}]',
    'slo.exclusions[0].from: want a time such as 2026-01-31T22:00:00Z, got "yesterday"',
  ],
  [
    'exclusions: [{from: 2026-01-02T00:00:00Z, until: 2026-01-01T00:00:00Z}]',
    'slo.exclusions[0]: until must be later than from',
  ],
  [
    'objectives: {a: {calendar: decade}}',
    'slo.objectives.a.calendar: want one of week, month, quarter, year, got "decade"',
  ],
])('%s is refused', (line, message) => {
  const { value, problems } = parse(`slo:\n  ${line}\n`);
  expect(value).toBeUndefined();
  expect(problems.map((problem) => `${problem.path}: ${problem.message}`)).toEqual([message]);
});
