/** Aggregations of floats and of histograms: what each answers over a few written-down series. */
import { expect, test } from 'vitest';
import { describeResult, notedReader, testEngine } from '../testing/noted-series.ts';

const reader = notedReader(`
v{g="a",i="1"} 1x10
v{g="a",i="2"} 3x10
v{g="b",i="3"} NaNx10
v{g="b",i="4"} 5x10
h{g="a",i="1"} {{count:2 sum:3 buckets:[1 1]}}x10
h{g="a",i="2"} {{count:4 sum:6 buckets:[2 2]}}x10
hc{g="a"} {{schema:-53 count:3 sum:4 custom_values:[1 2] buckets:[1 1 1]}}x10
mixed{i="1"} 1x10
mixed{i="2"} {{count:2 sum:3 buckets:[1 1]}}x10
big{i="1"} 1e308x10
big{i="2"} 1e308x10
big{i="3"} 1e308x10
`);

test.each([
  ['sum by (g) (v)', ['{g="a"} 4', '{g="b"} NaN']],
  ['sum without (i) (v)', ['{g="a"} 4', '{g="b"} NaN']],
  ['avg by (g) (v)', ['{g="a"} 2', '{g="b"} NaN']],
  ['count by (g) (v)', ['{g="a"} 2', '{g="b"} 2']],
  ['group by (g) (v)', ['{g="a"} 1', '{g="b"} 1']],
  ['min by (g) (v)', ['{g="a"} 1', '{g="b"} 5']],
  ['max by (g) (v)', ['{g="a"} 3', '{g="b"} 5']],
  ['stddev by (g) (v)', ['{g="a"} 1', '{g="b"} NaN']],
  ['stdvar(v{g="a"})', ['{} 1']],
  ['quantile(0.5, v{g="a"})', ['{} 2']],
  [
    'quantile(2, v{g="a"})',
    ['{} +Inf', 'PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)'],
  ],
  [
    'quantile(-1, v{g="a"})',
    ['{} -Inf', 'PromQL warning: quantile value should be between 0 and 1, got -1 (1:10)'],
  ],
  [
    'quantile(NaN, v{g="a"})',
    ['{} NaN', 'PromQL warning: quantile value should be between 0 and 1, got NaN (1:10)'],
  ],
  ['topk(1, v)', ['{__name__="v", g="b", i="4"} 5']],
  ['bottomk by (g) (1, v)', ['{__name__="v", g="a", i="1"} 1', '{__name__="v", g="b", i="4"} 5']],
  ['topk(0, v)', []],
  ['bottomk(-1e30, v)', []],
  ['limitk(2, v)', ['{__name__="v", g="a", i="1"} 1', '{__name__="v", g="a", i="2"} 3']],
  ['limit_ratio(0.5, v)', ['{__name__="v", g="a", i="1"} 1', '{__name__="v", g="b", i="3"} NaN']],
  ['limit_ratio(-0.5, v)', ['{__name__="v", g="a", i="2"} 3', '{__name__="v", g="b", i="4"} 5']],
  [
    'limit_ratio(2, v)',
    [
      '{__name__="v", g="a", i="1"} 1',
      '{__name__="v", g="a", i="2"} 3',
      '{__name__="v", g="b", i="3"} NaN',
      '{__name__="v", g="b", i="4"} 5',
      'PromQL warning: ratio value should be between -1 and 1, got 2, capping to 1 (1:13)',
    ],
  ],
  ['limit_ratio(0, v)', []],
  ['count_values("value", v)', ['{value="1"} 1', '{value="3"} 1', '{value="NaN"} 1', '{value="5"} 1']],
  [
    'count_values without (i) ("value", v)',
    ['{g="a", value="1"} 1', '{g="a", value="3"} 1', '{g="b", value="NaN"} 1', '{g="b", value="5"} 1'],
  ],
  [
    'count_values("value", h)',
    ['{value="{count:2, sum:3, (0.5,1]:1, (1,2]:1}"} 1', '{value="{count:4, sum:6, (0.5,1]:2, (1,2]:2}"} 1'],
  ],
  ['sum(h)', ['{} {count:6, sum:9, (0.5,1]:3, (1,2]:3}']],
  ['avg(h)', ['{} {count:3, sum:4.5, (0.5,1]:1.5, (1,2]:1.5}']],
  ['sum(mixed)', ['PromQL warning: encountered a mix of histograms and floats for aggregation (1:5)']],
  ['avg(mixed)', ['PromQL warning: encountered a mix of histograms and floats for aggregation (1:5)']],
  ['min(mixed)', ['{} 1', 'PromQL info: ignored histogram in min aggregation (1:5)']],
  ['max(h)', ['PromQL info: ignored histogram in max aggregation (1:5)']],
  ['stddev(h)', ['PromQL info: ignored histogram in stddev aggregation (1:8)']],
  ['quantile(0.5, mixed)', ['{} 1', 'PromQL info: ignored histogram in quantile aggregation (1:15)']],
  [
    'topk(5, mixed)',
    ['{__name__="mixed", i="1"} 1', 'PromQL info: ignored histogram in topk aggregation (1:1)'],
  ],
  [
    'sum({__name__=~"h|hc"})',
    [
      'PromQL warning: vector contains a mix of histograms with exponential and custom buckets schemas for metric name "hc" (1:5)',
    ],
  ],
  [
    'avg({__name__=~"h|hc"})',
    [
      'PromQL warning: vector contains a mix of histograms with exponential and custom buckets schemas for metric name "hc" (1:5)',
    ],
  ],
  [
    'avg(big)',
    [
      '{} 100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000',
    ],
  ],
  ['sum(big)', ['{} +Inf']],
  ['avg(h{i="1"})', ['{} {count:2, sum:3, (0.5,1]:1, (1,2]:1}']],
])('%s', async (query, expected) => {
  expect(describeResult(await testEngine().instant(query, { reader, timeMs: 600_000 }))).toEqual(expected);
});

test.each([
  ['topk(NaN, v)', 'Parameter value is NaN'],
  ['topk(1e30, v)', 'Scalar value 1e+30 overflows int64'],
  ['limit_ratio(NaN, v)', 'Ratio value is NaN'],
  ['count_values("", v)', 'invalid label name ""'],
])('%s fails and says why', async (query, message) => {
  await expect(testEngine().instant(query, { reader, timeMs: 600_000 })).rejects.toThrow(message);
});
