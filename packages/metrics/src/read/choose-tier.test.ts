import type { SelectWindow } from '@sluice/promql/series-reader';
import { expect, test } from 'vitest';
import { DEFAULT_TIERS } from '../rollup/rollup-settings.ts';
import { chooseTier } from './choose-tier.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOON = Date.UTC(2026, 0, 1, 12);

interface Case {
  readonly func?: string;
  readonly range?: number;
  readonly step?: number;
  /** The first evaluation, relative to noon. */
  readonly first?: number;
}

test.each<[string, Case, tier: string]>([
  ['a vector of now', {}, '1m'],
  ['a graph of an hour', { step: MINUTE }, '1m'],
  ['a graph along hours', { step: HOUR }, '1h'],
  ['a graph along five minutes', { step: 10 * MINUTE }, '5m'],
  ['a graph with wide steps off the hours', { step: HOUR, first: 7 * MINUTE }, '5m'],
  ['a rate of five minutes', { func: 'rate', range: 5 * MINUTE, step: 15_000 }, '1m'],
  ['a rate of five minutes along hours', { func: 'rate', range: 5 * MINUTE, step: HOUR }, '5m'],
  ['an increase of 30 days', { func: 'increase', range: 30 * DAY }, '1h'],
  ['an increase of an hour', { func: 'increase', range: HOUR }, '5m'],
  ['increases of a day, off the hours', { func: 'increase', range: DAY, step: MINUTE, first: 1 }, '1h'],
  ['a maximum of 30 days', { func: 'max_over_time', range: 30 * DAY }, '1h'],
  ['a maximum of a day', { func: 'max_over_time', range: DAY }, '5m'],
  ['a count of samples', { func: 'count_over_time', range: 30 * DAY }, '1m'],
])('%s is read from the tier that serves it', (_, { func = '', range = 0, step = 0, first = 0 }, tier) => {
  const window: SelectWindow = {
    startMs: NOON + first - (range || 5 * MINUTE) + 1,
    endMs: NOON + first + 10 * step,
    stepMs: step,
    rangeMs: range,
    lookbackMs: 5 * MINUTE,
    hints: { func, grouping: [], by: false },
    limits: { maxSeries: 1, maxSamples: 1 },
  };
  expect(DEFAULT_TIERS[chooseTier(DEFAULT_TIERS, window)]!.name).toBe(tier);
});
