import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MetricPoint } from '../model/metric-point.ts';
import type { Exemplar } from '../model/snapshot.ts';
import type { Section } from './block.ts';
import { keepNewestExemplars } from './keep-exemplars.ts';

const SERIES = {
  labels: [{ name: '__name__', value: 'calls' }],
  id: 'calls',
  job: 'shop',
  family: { name: 'calls', sourceName: 'calls', kind: 'counter', unit: '', help: '' },
} as const;

const exemplar = (timeMs: number): Exemplar => ({
  timeMs,
  value: timeMs,
  labels: [{ name: 'trace_id', value: String(timeMs).padStart(32, '0') }],
});
const point = (times: readonly number[]): MetricPoint => ({
  type: 'number',
  series: SERIES,
  mode: 'delta',
  origin: '',
  startMs: 0,
  timeMs: 5,
  value: 1,
  exemplars: times.map(exemplar),
});
const section = (times: readonly (readonly number[])[], at = 0): Section => ({
  id: String(at).padStart(16, '0'),
  receivedAtMs: 9,
  points: times.map(point),
});
const timesOf = (sections: readonly Section[]): readonly number[] =>
  sections.flatMap(({ points }) => points.flatMap(({ exemplars }) => exemplars.map(({ timeMs }) => timeMs)));

test('as many as a tick keeps are the newest of all sections', () => {
  const kept = keepNewestExemplars([section([[1], [7, 3]]), section([[5], []])], 2);
  expect(timesOf(kept)).toEqual([7, 5]);
});

test('of several at one time the first are kept', () => {
  expect(timesOf(keepNewestExemplars([section([[4], [4], [4], [9]])], 3))).toEqual([4, 4, 9]);
});

test('sections with few are left as they are, and none may be kept at all', () => {
  const sections = [section([[1], [2]])];
  expect(keepNewestExemplars(sections, 2)).toBe(sections);
  expect(timesOf(keepNewestExemplars(sections, 0))).toEqual([]);
});

test('nothing but exemplars is lost, and those that stay are no older than those that go', () => {
  const some = fc.array(fc.array(fc.array(fc.nat(20), { maxLength: 3 }), { maxLength: 5 }), { maxLength: 5 });
  fc.assert(
    fc.property(some, fc.nat(12), (all, max) => {
      const sections = all.map(section);
      const kept = keepNewestExemplars(sections, max);
      const bare = (own: readonly Section[]) =>
        own.map((one) => ({ ...one, points: one.points.map((p) => ({ ...p, exemplars: [] })) }));
      expect(bare(kept)).toEqual(bare(sections));
      const newest = timesOf(sections)
        .toSorted((a, b) => b - a)
        .slice(0, max);
      expect(timesOf(kept).toSorted((a, b) => b - a)).toEqual(newest);
    }),
  );
});
