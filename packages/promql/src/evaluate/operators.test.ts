/** Binary operators and their matching: what each answers over a few written-down series. */
import { expect, test } from 'vitest';
import { describeResult, notedReader, testEngine } from '../testing/noted-series.ts';

const reader = notedReader(`
a{i="1",x="p"} 1x10
a{i="2",x="q"} 2x10
b{i="1",y="r"} 10x10
b{i="3",y="s"} 30x10
m{i="1",k="1"} 5x10
m{i="1",k="2"} 6x10
h{i="1"} {{count:2 sum:3 buckets:[1 1]}}x10
h2{i="1"} {{count:3 sum:4 buckets:[1 1 1]}}x10
hc{i="1"} {{schema:-53 count:3 sum:4 custom_values:[1 2] buckets:[1 1 1]}}x10
hd{i="1"} {{schema:-53 count:3 sum:4 custom_values:[1 3] buckets:[1 1 1]}}x10
`);

test.each([
  ['a + on (i) b', ['{i="1"} 11']],
  ['a - on (i) group_left (y) b', ['{i="1", x="p", y="r"} -9']],
  ['a / ignoring (x, y) b', ['{i="1"} 0.1']],
  ['a * on (i) group_right m', ['{i="1", k="1"} 5', '{i="1", k="2"} 6']],
  ['m * on (i) group_left (x) a', ['{i="1", k="1", x="p"} 5', '{i="1", k="2", x="p"} 6']],
  ['a > on (i) b', []],
  ['a < on (i) b', ['{i="1"} 1']],
  ['a < bool on (i) b', ['{i="1"} 1']],
  ['a == on (i) a', ['{i="1"} 1', '{i="2"} 2']],
  ['a + on (i) fill (0) b', ['{i="1"} 11', '{i="2"} 2', '{i="3"} 30']],
  ['a + on (i) fill_left (1) b', ['{i="1"} 11', '{i="3"} 31']],
  ['a + on (i) fill_right (1) b', ['{i="1"} 11', '{i="2"} 3']],
  ['a + on (i) fill_left (1) fill_right (2) b', ['{i="1"} 11', '{i="2"} 4', '{i="3"} 31']],
  ['a and on (i) b', ['{__name__="a", i="1", x="p"} 1']],
  [
    'a or on (i) b',
    ['{__name__="a", i="1", x="p"} 1', '{__name__="a", i="2", x="q"} 2', '{__name__="b", i="3", y="s"} 30'],
  ],
  ['a unless on (i) b', ['{__name__="a", i="2", x="q"} 2']],
  ['a and nope', []],
  ['a unless nope', ['{__name__="a", i="1", x="p"} 1', '{__name__="a", i="2", x="q"} 2']],
  ['nope + a', []],
  ['a % 2', ['{i="1", x="p"} 1', '{i="2", x="q"} 0']],
  ['2 ^ a', ['{i="1", x="p"} 2', '{i="2", x="q"} 4']],
  ['sum_over_time(a[1m]) < on (i) b', ['{i="1"} 1']],
  ['sum_over_time(a[1m]) < ignoring (x, y) group_left b', ['{i="1", x="p"} 1']],
  ['sum_over_time(a[1m]) < on (i) group_left (__name__) b', ['{__name__="b", i="1", x="p"} 1']],
  ['a > 1', ['{__name__="a", i="2", x="q"} 2']],
  ['1 < a', ['{__name__="a", i="2", x="q"} 2']],
  ['a != bool 1', ['{i="1", x="p"} 0', '{i="2", x="q"} 1']],
  ['h + on (i) h2', ['{i="1"} {count:5, sum:7, (0.5,1]:2, (1,2]:2, (2,4]:1}']],
  ['h2 - on (i) h', ['{i="1"} {count:1, sum:1, (2,4]:1}']],
  ['h * 2', ['{i="1"} {count:4, sum:6, (0.5,1]:2, (1,2]:2}']],
  ['2 * h', ['{i="1"} {count:4, sum:6, (0.5,1]:2, (1,2]:2}']],
  ['h / 2', ['{i="1"} {count:1, sum:1.5, (0.5,1]:0.5, (1,2]:0.5}']],
  ['h / 0', ['{i="1"} {count:+Inf, sum:+Inf, [-0,0]:NaN}']],
  [
    'h + 1',
    ['PromQL info: incompatible sample types encountered for binary operator "+": histogram + float (1:1)'],
  ],
  [
    '1 + h',
    ['PromQL info: incompatible sample types encountered for binary operator "+": float + histogram (1:1)'],
  ],
  [
    'h * on (i) h2',
    [
      'PromQL info: incompatible sample types encountered for binary operator "*": histogram * histogram (1:1)',
    ],
  ],
  ['h == on (i) h', ['{i="1"} {count:2, sum:3, (0.5,1]:1, (1,2]:1}']],
  ['h != on (i) h2', ['{i="1"} {count:2, sum:3, (0.5,1]:1, (1,2]:1}']],
  ['h + on (i) hc', ['PromQL warning: incompatible bucket layout encountered for binary operator + (1:1)']],
  [
    'hc + on (i) hd',
    [
      '{i="1"} {count:6, sum:8, [-Inf,1]:2, (1,+Inf]:4}',
      'PromQL info: mismatched custom buckets were reconciled during addition (1:1)',
    ],
  ],
  [
    'hc - on (i) hd',
    [
      '{i="1"} {count:0, sum:0}',
      'PromQL info: mismatched custom buckets were reconciled during subtraction (1:1)',
    ],
  ],
  [
    'h > bool 1',
    ['PromQL info: incompatible sample types encountered for binary operator ">": histogram > float (1:1)'],
  ],
  ['h </ 1', ['{__name__="h", i="1"} {count:1, sum:0.7071067811865476, (0.5,1]:1}']],
  [
    'h2 >/ 1.5',
    [
      '{__name__="h2", i="1"} {count:1.415037499278844, sum:3.5472931605434788, (1,2]:0.4150374992788438, (2,4]:1}',
    ],
  ],
  ['hc </ 1.5', ['{__name__="hc", i="1"} {count:1.5, sum:1.125, [-Inf,1]:1, (1,2]:0.5}']],
  ['hc >/ 1.5', ['{__name__="hc", i="1"} {count:1.5, sum:2.875, (1,2]:0.5, (2,+Inf]:1}']],
  [
    '1 </ 2 + a',
    ['PromQL info: incompatible sample types encountered for binary operator "</": float </ float (1:1)'],
  ],
  [
    'a </ 1',
    ['PromQL info: incompatible sample types encountered for binary operator "</": float </ float (1:1)'],
  ],
  ['h @ 300', ['{__name__="h", i="1"} {count:2, sum:3, (0.5,1]:1, (1,2]:1}']],
  ['a offset 5m', ['{__name__="a", i="1", x="p"} 1', '{__name__="a", i="2", x="q"} 2']],
  ['a offset -5m', []],
  ['a @ start()', ['{__name__="a", i="1", x="p"} 1', '{__name__="a", i="2", x="q"} 2']],
  ['-h', ['{i="1"} {count:-2, sum:-3, (0.5,1]:-1, (1,2]:-1}']],
])('%s', async (query, expected) => {
  expect(describeResult(await testEngine().instant(query, { reader, timeMs: 600_000 }))).toEqual(expected);
});

test.each([
  [
    'a + on (i) m',
    'found duplicate series for the match group {i="1"} on the right hand-side of the operation: [{__name__="m", i="1", k="1"}, {__name__="m", i="1", k="2"}];many-to-many matching not allowed: matching labels must be unique on one side',
  ],
  [
    'm + on (i) a',
    'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
  ],
  [
    'm + on () group_left () a',
    'found duplicate series for the match group {} on the right hand-side of the operation: [{__name__="a", i="1", x="p"}, {__name__="a", i="2", x="q"}];many-to-many matching not allowed: matching labels must be unique on one side',
  ],
])('%s fails and says why', async (query, message) => {
  await expect(testEngine().instant(query, { reader, timeMs: 600_000 })).rejects.toThrow(message);
});
