/** Functions over range vectors: what each answers over a few written-down series. */
import { expect, test } from 'vitest';
import { describeResult, notedReader, testEngine } from '../testing/noted-series.ts';

const reader = notedReader(`
c_total{job="a"} 0+60x10
c_total{job="b"} 0 60 120 0 60 120 180 240 300 360 420
g{job="a"} 1 2 3 4 5 6 5 4 3 2 1
m{job="a"} 1 2 _ {{count:2 sum:3 buckets:[1 1]}} 4
h{job="a"} {{count:2 sum:3 buckets:[1 1] counter_reset_hint:gauge}}x10
hc{job="a"} {{count:2 sum:3 buckets:[1 1]}}+{{count:2 sum:3 buckets:[1 1]}}x10
big 1e308 1e308 1e308
s 1 1 stale 1 1 1 1 1 1 1 1
`);

test.each([
  ['rate(c_total[5m])', ['{job="a"} 1', '{job="b"} 1']],
  ['increase(c_total[5m])', ['{job="a"} 300', '{job="b"} 300']],
  ['irate(c_total[5m])', ['{job="a"} 1', '{job="b"} 1']],
  ['resets(c_total[10m])', ['{job="a"} 0', '{job="b"} 1']],
  ['changes(g[10m])', ['{job="a"} 9']],
  ['delta(g[10m])', ['{job="a"} -1.1111111111111112']],
  ['idelta(g[10m])', ['{job="a"} -1']],
  ['deriv(g[5m])', ['{job="a"} -0.016666666666666666']],
  ['predict_linear(g[5m], 60)', ['{job="a"} 0']],
  ['avg_over_time(g[5m])', ['{job="a"} 3']],
  ['sum_over_time(g[5m])', ['{job="a"} 15']],
  ['min_over_time(g[5m])', ['{job="a"} 1']],
  ['max_over_time(g[5m])', ['{job="a"} 5']],
  ['count_over_time(s[9m])', ['{} 8']],
  ['stddev_over_time(g[4m])', ['{job="a"} 1.118033988749895']],
  ['stdvar_over_time(g[4m])', ['{job="a"} 1.25']],
  ['quantile_over_time(0.5, g[5m])', ['{job="a"} 3']],
  [
    'quantile_over_time(2, g[5m])',
    ['{job="a"} +Inf', 'PromQL warning: quantile value should be between 0 and 1, got 2 (1:20)'],
  ],
  ['mad_over_time(g[5m])', ['{job="a"} 1']],
  ['last_over_time(g[5m])', ['{__name__="g", job="a"} 1']],
  ['first_over_time(g[5m])', ['{__name__="g", job="a"} 5']],
  ['present_over_time(g[5m])', ['{job="a"} 1']],
  ['absent_over_time(nope{job="x"}[5m])', ['{job="x"} 1']],
  ['absent_over_time(g[5m])', []],
  ['ts_of_max_over_time(g[10m])', ['{job="a"} 300']],
  ['ts_of_min_over_time(g[10m])', ['{job="a"} 600']],
  ['ts_of_first_over_time(g[5m])', ['{job="a"} 360']],
  ['ts_of_last_over_time(g[5m])', ['{job="a"} 600']],
  ['double_exponential_smoothing(g[5m], 0.5, 0.5)', ['{job="a"} 1']],
  [
    'avg_over_time(big[15m])',
    [
      '{} 100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000',
    ],
  ],
  ['rate(m[15m])', ['PromQL warning: encountered a mix of histograms and floats for metric name "m" (1:6)']],
  [
    'sum_over_time(m[15m])',
    ['PromQL warning: encountered a mix of histograms and floats for metric name "m" (1:15)'],
  ],
  [
    'max_over_time(m[15m])',
    [
      '{job="a"} 4',
      'PromQL info: ignored histograms in a range containing both floats and histograms for metric name "m" (1:15)',
    ],
  ],
  ['changes(m[15m])', ['{job="a"} 3']],
  ['resets(m[15m])', ['{job="a"} 2']],
  ['first_over_time(m[15m])', ['{__name__="m", job="a"} 1']],
  ['last_over_time(m[15m])', ['{__name__="m", job="a"} 4']],
  ['irate(m[8m])', ['PromQL warning: encountered a mix of histograms and floats for metric name "m" (1:7)']],
  [
    'rate(h[5m])',
    [
      '{job="a"} {count:0, sum:0}',
      'PromQL warning: this native histogram metric is not a counter: "h" (1:6)',
    ],
  ],
  ['increase(hc[5m])', ['{job="a"} {count:10, sum:15, (0.5,1]:5, (1,2]:5}']],
  [
    'irate(hc[5m])',
    [
      '{job="a"} {count:0.03333333333333333, sum:0.05, (0.5,1]:0.016666666666666666, (1,2]:0.016666666666666666}',
    ],
  ],
  ['idelta(h[5m])', ['{job="a"} {count:0, sum:0}']],
  ['delta(h[5m])', ['{job="a"} {count:0, sum:0}']],
  ['sum_over_time(hc[3m])', ['{job="a"} {count:60, sum:90, (0.5,1]:30, (1,2]:30}']],
  ['avg_over_time(hc[3m])', ['{job="a"} {count:20, sum:30, (0.5,1]:10, (1,2]:10}']],
  ['last_over_time(hc[3m])', ['{__name__="hc", job="a"} {count:22, sum:33, (0.5,1]:11, (1,2]:11}']],
  ['first_over_time(hc[3m])', ['{__name__="hc", job="a"} {count:18, sum:27, (0.5,1]:9, (1,2]:9}']],
  ['ts_of_first_over_time(hc[3m])', ['{job="a"} 480']],
  [
    'deriv(m[15m])',
    [
      '{job="a"} 0.01217948717948718',
      'PromQL info: ignored histograms in a range containing both floats and histograms for metric name "m" (1:7)',
    ],
  ],
  [
    'rate(g[5m])',
    [
      '{job="a"} 0.041666666666666664',
      'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "g" (1:6)',
    ],
  ],
  ['increase(c_total[5m] anchored)', ['{job="a"} 300', '{job="b"} 300']],
  ['increase(c_total[290s] smoothed)', ['{job="a"} 290', '{job="b"} 290']],
  [
    'rate(hc[5m] anchored)',
    [
      '{job="a"} {count:0.03333333333333333, sum:0.05, (0.5,1]:0.016666666666666666, (1,2]:0.016666666666666666}',
    ],
  ],
  [
    'increase(hc[290s] smoothed)',
    ['{job="a"} {count:9.666666666666666, sum:14.5, (0.5,1]:4.833333333333333, (1,2]:4.833333333333333}'],
  ],
  ['delta(h[290s] smoothed)', ['{job="a"} {count:0, sum:0}']],
  ['changes(g[5m] anchored)', ['{job="a"} 5']],
  ['resets(c_total[9m] anchored)', ['{job="a"} 0', '{job="b"} 1']],
  ['g smoothed', ['{__name__="g", job="a"} 1']],
  ['hc smoothed @ 330', ['{__name__="hc", job="a"} {count:13, sum:19.5, (0.5,1]:6.5, (1,2]:6.5}']],
  ['g smoothed @ 330', ['{__name__="g", job="a"} 5.5']],
  [
    'c_total[150s] anchored',
    [
      '{__name__="c_total", job="a"} 420@450 480@480 540@540 600@600',
      '{__name__="c_total", job="b"} 240@450 300@480 360@540 420@600',
    ],
  ],
  [
    'c_total[150s] smoothed',
    [
      '{__name__="c_total", job="a"} 450@450 480@480 540@540 600@600',
      '{__name__="c_total", job="b"} 270@450 300@480 360@540 420@600',
    ],
  ],
  ['g[3m]', ['{__name__="g", job="a"} 3@480 2@540 1@600']],
  [
    'hc[2m]',
    [
      '{__name__="hc", job="a"} {count:20, sum:30, (0.5,1]:10, (1,2]:10}@540 {count:22, sum:33, (0.5,1]:11, (1,2]:11}@600',
    ],
  ],
  ['max_over_time(rate(c_total[2m])[5m:1m])', ['{job="a"} 1', '{job="b"} 1']],
  ['g[3m:90s]', ['{__name__="g", job="a"} 4@450 2@540']],
  ['sum_over_time(g[5m:1m] @ 300 offset 1m)', ['{job="a"} 15']],
])('%s', async (query, expected) => {
  expect(describeResult(await testEngine().instant(query, { reader, timeMs: 600_000 }))).toEqual(expected);
});

test.each([
  [
    'double_exponential_smoothing(g[5m], 1, 0.5)',
    'invalid smoothing factor. Expected: 0 < sf < 1, got: 1.000000',
  ],
  [
    'double_exponential_smoothing(g[5m], 0.5, 1)',
    'invalid trend factor. Expected: 0 < tf < 1, got: 1.000000',
  ],
  [
    'avg_over_time(g[5m] anchored)',
    'anchored modifier can only be used with: changes, delta, increase, rate, resets - not with avg_over_time',
  ],
  ['rate(c_total[0])', '1:14: parse error: duration must be greater than 0'],
  [
    'sum_over_time(g[100y:1ms])',
    'query processing would load too many samples into memory in query execution',
  ],
])('%s fails and says why', async (query, message) => {
  await expect(testEngine().instant(query, { reader, timeMs: 600_000 })).rejects.toThrow(message);
});
