/** Functions over instant vectors, and scalars: what each answers over a few written-down series. */
import { expect, test } from 'vitest';
import { describeResult, notedReader, testEngine } from '../testing/noted-series.ts';

const reader = notedReader(`
v{n="1"} -1.5x10
v{n="2"} 2.5x10
v{n="10"} NaNx10
h{n="1"} {{schema:1 count:9 sum:5 z_bucket:1 z_bucket_w:0.001 buckets:[1 2 1] n_buckets:[1 2 1]}}x10
h{n="2"} {{schema:-53 count:5 sum:5 custom_values:[1 5] buckets:[1 2 2]}}x10
hn {{count:4 sum:NaN buckets:[1 2]}}x10
b_bucket{le="1"} 5x10
b_bucket{le="2"} 3x10
b_bucket{le="+Inf"} 10x10
b_bucket{le="bad"} 1x10
mix{} {{count:1 sum:1 buckets:[1]}}x10
mix{le="+Inf"} 1x10
`);

test.each([
  ['abs(v)', ['{n="1"} 1.5', '{n="2"} 2.5', '{n="10"} NaN']],
  ['ceil(v)', ['{n="1"} -1', '{n="2"} 3', '{n="10"} NaN']],
  ['floor(v)', ['{n="1"} -2', '{n="2"} 2', '{n="10"} NaN']],
  ['sgn(v)', ['{n="1"} -1', '{n="2"} 1', '{n="10"} NaN']],
  ['exp(v)', ['{n="1"} 0.22313016014842982', '{n="2"} 12.182493960703473', '{n="10"} NaN']],
  ['round(v)', ['{n="1"} -1', '{n="2"} 3', '{n="10"} NaN']],
  ['round(v, 2)', ['{n="1"} -2', '{n="2"} 2', '{n="10"} NaN']],
  ['clamp(v, 0, 1)', ['{n="1"} 0', '{n="2"} 1', '{n="10"} NaN']],
  ['clamp(v, 1, 0)', []],
  ['clamp_min(v, 0)', ['{n="1"} 0', '{n="2"} 2.5', '{n="10"} NaN']],
  ['clamp_max(v, 0)', ['{n="1"} -1.5', '{n="2"} 0', '{n="10"} NaN']],
  ['-v', ['{n="1"} 1.5', '{n="2"} -2.5', '{n="10"} NaN']],
  ['+v', ['{__name__="v", n="1"} -1.5', '{__name__="v", n="2"} 2.5', '{__name__="v", n="10"} NaN']],
  ['sort(v)', ['{__name__="v", n="1"} -1.5', '{__name__="v", n="2"} 2.5', '{__name__="v", n="10"} NaN']],
  ['sort_desc(v)', ['{__name__="v", n="2"} 2.5', '{__name__="v", n="1"} -1.5', '{__name__="v", n="10"} NaN']],
  [
    'sort_by_label(v, "n")',
    ['{__name__="v", n="1"} -1.5', '{__name__="v", n="2"} 2.5', '{__name__="v", n="10"} NaN'],
  ],
  [
    'sort_by_label_desc(v, "n")',
    ['{__name__="v", n="10"} NaN', '{__name__="v", n="2"} 2.5', '{__name__="v", n="1"} -1.5'],
  ],
  ['scalar(v)', ['NaN']],
  ['scalar(v{n="2"})', ['2.5']],
  ['vector(3)', ['{} 3']],
  ['time()', ['600']],
  ['pi()', ['3.141592653589793']],
  ['start()', ['600']],
  ['end()', ['600']],
  ['range()', ['0']],
  ['step()', ['0']],
  ['max_of(1, 2)', ['2']],
  ['min_of(1, 2)', ['1']],
  ['timestamp(v)', ['{n="1"} 600', '{n="2"} 600', '{n="10"} 600']],
  ['timestamp(v + 0)', ['{n="1"} 600', '{n="2"} 600', '{n="10"} 600']],
  ['start_timestamp(v)', ['{n="1"} 0', '{n="2"} 0', '{n="10"} 0']],
  ['start_timestamp(v + 0)', []],
  ['absent(v)', []],
  ['absent(nope{a="1", b=~"x", c="1", c="2"})', ['{a="1"} 1']],
  ['absent(sum(nope))', ['{} 1']],
  ['year()', ['{} 1970']],
  ['hour(vector(1e9))', ['{} 1']],
  ['day_of_year(vector(1e9))', ['{} 252']],
  ['days_in_month(vector(951782400))', ['{} 29']],
  ['day_of_week()', ['{} 4']],
  ['day_of_month()', ['{} 1']],
  ['minute(h)', []],
  ['month()', ['{} 1']],
  [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a regex group, not a placeholder
    'label_replace(v, "x", "a$1${1}$$", "n", "(1)")',
    ['{__name__="v", n="1", x="a11$"} -1.5', '{__name__="v", n="2"} 2.5', '{__name__="v", n="10"} NaN'],
  ],
  [
    'label_replace(v, "x", "$nope$n1", "n", "(?P<n1>.*)")',
    [
      '{__name__="v", n="1", x="1"} -1.5',
      '{__name__="v", n="2", x="2"} 2.5',
      '{__name__="v", n="10", x="10"} NaN',
    ],
  ],
  [
    'label_join(v, "x", "-", "n", "n")',
    [
      '{__name__="v", n="1", x="1-1"} -1.5',
      '{__name__="v", n="2", x="2-2"} 2.5',
      '{__name__="v", n="10", x="10-10"} NaN',
    ],
  ],
  ['histogram_count(h)', ['{n="1"} 9', '{n="2"} 5']],
  ['histogram_sum(h)', ['{n="1"} 5', '{n="2"} 5']],
  ['histogram_avg(h)', ['{n="1"} 0.5555555555555556', '{n="2"} 1']],
  ['histogram_stddev(h)', ['{n="1"} 1.3125759169212794', '{n="2"} +Inf']],
  ['histogram_stdvar(h)', ['{n="1"} 1.7228555376817374', '{n="2"} +Inf']],
  ['histogram_quantile(0.2, h)', ['{n="1"} -1.2311444133449163', '{n="2"} 1']],
  ['histogram_quantile(0.9, h)', ['{n="1"} 1.4640856959456257', '{n="2"} 5']],
  [
    'histogram_quantile(-1, h)',
    [
      '{n="1"} -Inf',
      '{n="2"} -Inf',
      'PromQL warning: quantile value should be between 0 and 1, got -1 (1:20)',
    ],
  ],
  [
    'histogram_quantile(2, h)',
    [
      '{n="1"} +Inf',
      '{n="2"} +Inf',
      'PromQL warning: quantile value should be between 0 and 1, got 2 (1:20)',
    ],
  ],
  [
    'histogram_quantile(0.5, b_bucket)',
    [
      '{} 1',
      'PromQL warning: bucket label "le" is missing or has a malformed value of "bad" for metric name "b_bucket" (1:25)',
      'PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name "b_bucket", from buckets 2 to 2, with a max diff of 2, over 1 samples from 1970-01-01T00:10:00Z to 1970-01-01T00:10:00Z (1:25)',
    ],
  ],
  [
    'histogram_quantile(0.5, hn)',
    [
      '{} 1.4142135623730951',
      'PromQL info: input to histogram_quantile has NaN observations, result is skewed higher for metric name "hn" (1:25)',
    ],
  ],
  [
    'histogram_quantile(0.99, hn)',
    [
      '{} NaN',
      'PromQL info: input to histogram_quantile has NaN observations, result is NaN for metric name "hn" (1:26)',
    ],
  ],
  ['histogram_fraction(0, 1, h)', ['{n="1"} 0.16666666666666666', '{n="2"} 0.2']],
  [
    'histogram_fraction(0, 1, b_bucket)',
    [
      '{} 0.5',
      'PromQL warning: bucket label "le" is missing or has a malformed value of "bad" for metric name "b_bucket" (1:26)',
    ],
  ],
  [
    'histogram_fraction(-Inf, 1, hn)',
    [
      '{} 0.25',
      'PromQL info: input to histogram_fraction has NaN observations, which are excluded from all fractions for metric name "hn" (1:29)',
    ],
  ],
  ['histogram_fraction(1, 0, h)', ['{n="1"} 0', '{n="2"} 0']],
  [
    'histogram_quantiles(h, "q", 0.1, 0.9)',
    [
      '{n="1", q="0.1"} -1.4640856959456254',
      '{n="2", q="0.1"} 0.5',
      '{n="1", q="0.9"} 1.4640856959456257',
      '{n="2", q="0.9"} 5',
    ],
  ],
  [
    'histogram_quantile(0.5, mix)',
    ['PromQL warning: vector contains a mix of classic and native histograms for metric name "mix" (1:25)'],
  ],
  ['abs(h)', []],
  ['v[5m] offset 1y', []],
  ['"text"', ['"text"']],
  ['1 + 2 * 3 ^ 2 % 5 - 4 / 2', ['2']],
  ['1 atan2 2', ['0.4636476090008061']],
  ['1 == bool 2', ['0']],
  ['1 >= bool 1', ['1']],
  ['0x1F + 017 + 1_000', ['1046']],
])('%s', async (query, expected) => {
  expect(describeResult(await testEngine().instant(query, { reader, timeMs: 600_000 }))).toEqual(expected);
});

test.each([
  ['label_replace(v, "n", "", "n", ".*")', 'vector cannot contain metrics with the same labelset'],
  ['label_replace(v, "x", "", "n", "(")', 'invalid regular expression in label_replace(): ('],
  ['label_replace(v, "", "", "n", "")', 'invalid destination label name in label_replace(): '],
  ['label_join(v, "", "-", "n")', 'invalid destination label name in label_join(): '],
  ['label_join(v, "x", "-", "")', 'invalid source label name in label_join(): '],
  ['histogram_quantiles(h, "n", 0.1)', 'vector cannot contain metrics with the same labelset'],
])('%s fails and says why', async (query, message) => {
  await expect(testEngine().instant(query, { reader, timeMs: 600_000 })).rejects.toThrow(message);
});
