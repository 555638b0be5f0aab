import { createEngine } from '@sluice/promql/engine';
import { notedReader } from '@sluice/promql/testing/noted-series';
import { describe, expect, test } from 'vitest';
import { computeSlots } from './compute-slots.ts';
import { toCountedSli, toCountQuery } from './counted-sli.ts';

describe('an SLI is counted', () => {
  test.each([
    [
      'a / b of counts by its sides',
      'sum(rate(bad[{{.window}}])) / (sum(rate(all[{{.window}}])))',
      { counts: 'bad', part: 'sum(rate(bad[{{.window}}]))', total: '(sum(rate(all[{{.window}}])))' },
    ],
    [
      '1 - good / all by its sides',
      '(1 - ((sum(rate(ok[{{.window}}])) / sum(rate(all[{{.window}}])))))',
      { counts: 'good', part: 'sum(rate(ok[{{.window}}]))', total: 'sum(rate(all[{{.window}}]))' },
    ],
    ['a ratio of gauges by time', 'sum(broken) / count(up)', { unit: 'seconds' }],
    ['a ratio by itself by time', '1 - avg(avg_over_time(up[{{.window}}]))', { unit: 'seconds' }],
    [
      'a ratio for each of many by time',
      'rate(a[{{.window}}]) / on (x) group_left () rate(b[{{.window}}])',
      { unit: 'seconds' },
    ],
  ])('%s', (_, errorRatioQuery, expected) => {
    expect(toCountedSli({ kind: 'raw', errorRatioQuery })).toMatchObject(expected);
  });

  test('by its good events where bad ones are all less those', () => {
    const totalQuery = 'sum(rate(h_count[{{.window}}]))\n';
    const errorQuery = `(sum(rate(h_count[{{ .window }}]))) - sum(rate(h_bucket{le="1"}[{{.window}}]))`;
    expect(toCountedSli({ kind: 'events', errorQuery, totalQuery })).toEqual({
      unit: 'events',
      counts: 'good',
      part: 'sum(rate(h_bucket{le="1"}[{{.window}}]))',
      total: totalQuery,
    });
  });

  test('in all rather than a second', () => {
    expect(toCountQuery('sum(rate(rate_total[{{.window}}])) + sum(rate(b[{{.window}}]))', '5m')).toBe(
      'sum(increase(rate_total[5m])) + sum(increase(b[5m]))',
    );
  });
});

const deps = (text: string) => ({
  engine: createEngine({ clock: { nowMs: () => 0 } }),
  reader: notedReader(text),
});
const SLOT_MS = 300_000;

describe('slots', () => {
  test('of time hold the bad seconds, of the open one as many as have passed', async () => {
    const slots = await computeSlots(
      { unit: 'seconds', badRatio: '1 - avg(avg_over_time(up[{{.window}}]))' },
      { fromMs: 0, untilMs: 2 * SLOT_MS + 60_000 },
      deps('up{job="a"} 1x5 0x4 1x5 0'),
    );
    expect([...slots.total]).toEqual([300, 300, 60]);
    expect([...slots.bad].map(Math.round)).toEqual([0, 300, 0]);
  });

  test('without errors have none, without events are unknown, without the good part are all bad', async () => {
    const data = deps('all_total 0+60x20');
    const interval = { fromMs: SLOT_MS, untilMs: 3 * SLOT_MS };
    const count = async (counts: 'bad' | 'good', total: string) =>
      computeSlots({ unit: 'events', counts, part: 'sum(rate(none[{{.window}}]))', total }, interval, data);
    const bad = await count('bad', 'sum(rate(all_total[{{.window}}]))');
    expect([...bad.bad]).toEqual([0, 0]);
    expect([...bad.total]).toEqual([300, 300]);
    expect([...(await count('good', 'sum(rate(all_total[{{.window}}]))')).bad]).toEqual([300, 300]);
    expect([...(await count('bad', 'sum(rate(none[{{.window}}]))')).total]).toEqual([Number.NaN, Number.NaN]);
  });

  test('add up the series of an answer, and take a scalar for the open one', async () => {
    const byPath = await computeSlots(
      {
        unit: 'events',
        counts: 'bad',
        part: 'sum by (path) (rate(e_total[{{.window}}]))',
        total: 'sum(rate(e_total[{{.window}}])) * 2',
      },
      { fromMs: SLOT_MS, untilMs: 2 * SLOT_MS },
      deps('e_total{path="/a"} 0+1x20\ne_total{path="/b"} 0+2x20'),
    );
    expect([...byPath.bad]).toEqual([15]);
    const open = await computeSlots(
      { unit: 'seconds', badRatio: 'scalar(vector(0.5))' },
      { fromMs: 0, untilMs: 60_000 },
      deps('x 1'),
    );
    expect([...open.bad]).toEqual([30]);
  });
});
