import { describe, expect, test } from 'vitest';
import type { SeriesIdentity } from '../model/metric-point.ts';
import { createRosters } from './rosters.ts';

const TRUST_MS = 1000;
const family = { name: 'm', sourceName: 'm', kind: 'counter', unit: '', help: '' } as const;
const make = (prefix: string, count: number): readonly SeriesIdentity[] =>
  Array.from({ length: count }, (_, number) => ({ labels: [], id: `${prefix}${number}`, job: '', family }));
const sectionOf = (series: readonly SeriesIdentity[]) => ({
  id: '00000000000000aa',
  receivedAtMs: 0,
  points: series.map((own) => ({
    type: 'stale' as const,
    series: own,
    mode: 'state' as const,
    origin: '',
    startMs: 0,
    timeMs: 0,
    exemplars: [],
  })),
});

describe('rosters', () => {
  test('hold what comes the second time, until they are too old', () => {
    const rosters = createRosters(TRUST_MS);
    const series = make('a', 3);
    expect(rosters.gather([sectionOf(series), sectionOf(series)], 0)).toEqual([]);
    expect(rosters.gather([sectionOf(series), sectionOf(series)], 1)).toEqual(series);
    const roster = { name: 'x', size: 3, writtenMs: 1 };
    rosters.add(roster, series);
    expect(rosters.gather([sectionOf(series)], 1 + TRUST_MS)).toEqual([]);
    expect(series.map(rosters.placeOf)).toMatchObject([0, 1, 2].map((index) => ({ roster, index })));
    expect(rosters.gather([sectionOf(series)], 2 + TRUST_MS)).toEqual(series);
    expect(rosters.placeOf(series[0]!)).toBeUndefined();
  });

  test('know nothing of each other', () => {
    const series = make('a', 1);
    const [first, second] = [createRosters(TRUST_MS), createRosters(TRUST_MS)];
    first.add({ name: 'x', size: 1, writtenMs: 0 }, series);
    expect(first.placeOf(series[0]!)).toBeDefined();
    expect(second.placeOf(series[0]!)).toBeUndefined();
    second.add({ name: 'y', size: 1, writtenMs: 0 }, series);
    expect([first, second].map(({ placeOf }) => placeOf(series[0]!)?.roster.name)).toEqual(['x', 'y']);
  });

  test.each([
    [1, 2, 0],
    [2, 2, 2],
    [15, 100, 0],
    [16, 100, 16],
  ])('%i repeated series among %i new ones: %i are listed', (repeated, fresh, listed) => {
    const rosters = createRosters(TRUST_MS);
    const old = make('a', repeated);
    rosters.gather([sectionOf(old)], 0);
    expect(rosters.gather([sectionOf([...old, ...make('b', fresh)])], 0)).toEqual(old.slice(0, listed));
  });
});
