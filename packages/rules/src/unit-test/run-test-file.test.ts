import { describe, expect, test } from 'vitest';
import { formatGoDuration } from './render-failure.ts';
import { runTestFile } from './run-test-file.ts';
import { parseTestFile } from './test-file.ts';

const RULES = `
groups:
  - name: g1
    rules:
      - record: job:x:sum
        expr: sum by (job) (x)
      - alert: High
        expr: job:x:sum > 5
        for: 2m
        labels: { severity: page }
        annotations: { summary: '{{ $labels.job }} {{ $value }} {{ $externalLabels.region }}', empty: '' }
  - name: g2
    rules:
      - record: firing
        expr: count(ALERTS{alertstate="firing"}) or vector(0)
`;

function run(source: string, options: { rules?: string; run?: readonly RegExp[] } = {}) {
  const { rules = RULES, run: only = [] } = options;
  return runTestFile(source, {
    file: 'a_test.yml',
    run: only,
    readRules: (pattern) => (pattern === 'rules.yml' ? [{ file: 'rules.yml', source: rules }] : []),
  });
}
const head = 'rule_files: [rules.yml]\n';
const series = `input_series: [{ series: 'x{job="a"}', values: '0+1x20' }, { series: 'x{job="b"}', values: '10x3 stale _x3 1' }]`;
const test1 = (body: string): string =>
  `${head}tests:\n  - ${series}\n    external_labels: { region: eu }\n    ${body}\n`;

test('a file whose tests hold has no failures', async () => {
  const source = `${head}
group_eval_order: [g1, g2]
evaluation_interval: 1m
tests:
  - name: whole
    interval: 1m
    ${series}
    external_labels: { region: eu }
    alert_rule_test:
      - { eval_time: 1m, alertname: High }
      - eval_time: 2m30s
        alertname: High
        exp_alerts: [{ exp_labels: { severity: page, job: b }, exp_annotations: { summary: 'b 10 eu', empty: '' } }]
      - { eval_time: 4m, alertname: High, exp_alerts: [] }
      - eval_time: 8m
        alertname: High
        exp_alerts: [{ exp_labels: { severity: page, job: a }, exp_annotations: { summary: 'a 8 eu', empty: '' } }]
    promql_expr_test:
      - { expr: 'job:x:sum', eval_time: 9m, exp_samples: [{ labels: 'job:x:sum{job="a"}', value: 9 }, { labels: 'job:x:sum{job="b"}', value: 1 }] }
      - { expr: firing, eval_time: 8m, exp_samples: [{ labels: firing, value: 1 }] }
      - { expr: '1 + 1', eval_time: 0s, exp_samples: [{ labels: '{}', value: 2 }] }
      - { expr: 'ALERTS_FOR_STATE{job="a"}', eval_time: 8m, exp_samples: [{ labels: 'ALERTS_FOR_STATE{alertname="High", severity="page", job="a"}', value: 360 }] }
      - { expr: nothing, eval_time: 5m }
`;
  expect(await run(source)).toEqual({ failures: [], unmatched: [], tests: 1 });
});

describe('failures in the words of promtool', () => {
  test('an alert that should not be there', async () => {
    const { failures } = await run(
      test1('alert_rule_test: [{ eval_time: 2m, alertname: High }]').replace(
        '  - input',
        '  - name: first\n    input',
      ),
    );
    expect(failures).toEqual([
      `    name: first,
    alertname: High, time: 2m, 
        exp:[], 
        got:[
            0:
              Labels:{alertname="High", job="b", severity="page"}
              Annotations:{empty="", summary="b 10 eu"}
            ]`,
    ]);
  });

  test('an alert that is missing, one with another text', async () => {
    const expected = `[{ exp_labels: { severity: page, job: b } }, { exp_labels: { job: c } }]`;
    const { failures } = await run(
      test1(`alert_rule_test: [{ eval_time: 2m, alertname: High, exp_alerts: ${expected} }]`),
    );
    expect(failures[0]).toContain(
      '            0:\n              Labels:{alertname="High", job="b", severity="page"}\n              Annotations:{},\n            1:\n',
    );
  });

  test.each([
    [
      "{ expr: 'job:x:sum{job=\"a\"}', eval_time: 9m, exp_samples: [{ labels: '{}', value: 9.5 }] }",
      '    expr: "job:x:sum{job=\\"a\\"}", time: 9m,\n        exp: {} 9.5E+00\n        got: {__name__="job:x:sum", job="a"} 9E+00',
    ],
    [
      '{ expr: nope, eval_time: 1h5m, exp_samples: [{ value: .inf }] }',
      '    expr: "nope", time: 1h5m,\n        exp: {} +Inf\n        got: nil',
    ],
    ['{ expr: vector(-1)/0, eval_time: 1m }', 'exp: nil\n        got: {} -Inf'],
    ['{ expr: vector(0)/0, eval_time: 1m }', 'got: {} NaN'],
    ['{ expr: vector(1e-7), eval_time: 1m }', 'got: {} 1E-07'],
    [
      "{ expr: 'sum(', eval_time: 90s }",
      '    expr: "sum(", time: 1m30s, err: 1:5: parse error: unclosed left parenthesis',
    ],
    ["{ expr: 'x[5m]', eval_time: 90s }", 'err: rule result is not a vector or scalar'],
    ["{ expr: x, eval_time: 1m, exp_samples: [{ labels: 'x{' }] }", 'err: labels "x{": 1:3: parse error'],
    [
      "{ expr: x, eval_time: 1m, exp_samples: [{ labels: 'x', histogram: '1' }] }",
      'expected a histogram, got "1"',
    ],
  ])('%s', async (expression, expected) => {
    const { failures } = await run(test1(`promql_expr_test: [${expression}]`));
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain(expected);
  });

  test('a rule that cannot be evaluated ends its test', async () => {
    const rules = 'groups: [{ name: g, rules: [{ record: y, expr: x, labels: { job: "" } }] }]';
    const source = test1('promql_expr_test: [{ expr: nope, eval_time: 5m, exp_samples: [{ value: 1 }] }]');
    expect((await run(source, { rules })).failures).toEqual([
      '    rule: y, time: 0s, err: vector contains metrics with the same labelset after applying rule labels',
    ]);
  });

  test('a test without the name of an alert, a series that is none, rules that cannot be read', async () => {
    const missing = await run(
      test1('alert_rule_test: [{ eval_time: 5m }]').replace('  - input', '  - name: n\n    input'),
    );
    expect(missing.failures).toEqual([
      'an item under alert_rule_test misses required attribute alertname at eval_time 5m (in TestGroup n)',
    ]);
    const broken = await run(`${head}tests: [{ input_series: [{ series: 'x{', values: 1 }] }]`);
    expect(broken.failures[0]).toContain('parse error');
    const rules = await run(test1(''), { rules: 'groups: [{ rules: [] }]' });
    expect(rules.failures).toEqual(['rules.yml:1:10: groups[0]: name is missing']);
  });
});

test('histograms are compared as what they are, however they are written', async () => {
  const source = `${head}
tests:
  - input_series: [{ series: h, values: '{{schema:0 sum:5 count:4 buckets:[1 2 1]}}x3' }]
    promql_expr_test:
      - { expr: h, eval_time: 1m, exp_samples: [{ labels: h, histogram: '{{count:4 sum:5 buckets:[1 2 1]}}' }] }
      - { expr: h, eval_time: 2m, exp_samples: [{ labels: h, histogram: '{{count:5 sum:5 buckets:[1 2 2]}}' }] }
`;
  const { failures } = await run(source);
  expect(failures).toHaveLength(1);
  expect(failures[0]).toContain('got: {__name__="h"} {count:4, sum:5, (0.5,1]:1, (1,2]:2, (2,4]:1}');
});

test('fuzzy_compare lets the last bit differ, and no more', async () => {
  const source = (value: number, fuzzy: boolean) =>
    `${head}fuzzy_compare: ${fuzzy}\ntests: [{ promql_expr_test: [{ expr: 0.1 + 0.2, eval_time: 1m, exp_samples: [{ labels: '{}', value: ${value} }] }] }]`;
  expect((await run(source(0.3, true))).failures).toEqual([]);
  expect((await run(source(0.3, false))).failures).toHaveLength(1);
  expect((await run(source(0.300001, true))).failures).toHaveLength(1);
});

test.each([
  ['"2024-01-01T00:00:00Z"', 1_704_067_200],
  ['2024-01-01T01:00:00.5+01:00', 1_704_067_200.5],
  ['1609459200', 1_609_459_200],
])('a test may begin at %s, and its times count from there', async (start, seconds) => {
  const source = `${head}
tests:
  - start_timestamp: ${start}
    input_series: [{ series: 'x{job="b"}', values: 0+6x20 }]
    alert_rule_test:
      - { eval_time: 2m, alertname: High }
      - { eval_time: 3m, alertname: High, exp_alerts: [{ exp_labels: { severity: page, job: b }, exp_annotations: { summary: 'b 18 ', empty: '' } }] }
    promql_expr_test:
      - { expr: time(), eval_time: 3m, exp_samples: [{ value: ${seconds + 180} }] }
      - { expr: timestamp(x), eval_time: 3m, exp_samples: [{ labels: '{job="b"}', value: ${seconds + 180} }] }
      - { expr: 'x@${seconds + 120}', eval_time: 3m, exp_samples: [{ labels: 'x{job="b"}', value: 12 }] }
`;
  expect((await run(source)).failures).toEqual([]);
  const bad = await run(`tests: [{ start_timestamp: soon }]`);
  expect(bad.failures[0]).toContain('want Unix seconds or a time of RFC 3339, got "soon"');
});

test('of series that are given twice the later one counts; rules that cannot be read fail the tests', async () => {
  const twice = `[{ series: x, values: 1x9 }, { series: 'x{}', values: '_x3 7' }]`;
  const expression = `{ expr: 'count_over_time(x[9m])', eval_time: 5m, exp_samples: [{ value: 1 }] }`;
  const source = `${head}tests: [{ input_series: ${twice}, promql_expr_test: [${expression}] }]`;
  expect((await run(source)).failures).toEqual([]);
  const { failures } = await runTestFile(source, {
    file: 'a_test.yml',
    readRules: () => {
      throw new Error('rules.yml cannot be read: it is a folder');
    },
  });
  expect(failures).toEqual(['rules.yml cannot be read: it is a folder']);
});

test('only tests whose name matches are run, and patterns without a file are told', async () => {
  const source = `rule_files: [rules.yml, none*.yml]\ntests: [{ name: one }, { name: two }]`;
  expect(await run(source, { run: [/^t/] })).toEqual({ failures: [], unmatched: ['none*.yml'], tests: 1 });
});

test.each([
  ['011', 9],
  ['0o11', 9],
  ['-0b11', -3],
  ['0x_1F', 31],
  ['1_0.5e1', 105],
  ['9.', 9],
  ['-.INF', Number.NEGATIVE_INFINITY],
  ['.NaN', Number.NaN],
])('%s is a number to Go’s YAML', (text, value) => {
  const source = `tests: [{ promql_expr_test: [{ exp_samples: [{ value: ${text} }] }] }]`;
  const parsed = parseTestFile(source, { file: 'a.yml' }).value!;
  expect(parsed.tests[0]!.expressionTests[0]!.expected[0]!.value).toBe(value);
});

test.each(['"9"', 'NaN', 'Inf', '+Inf', '1e400', 'nine', 'true', '[9]'])('%s is none', (text) => {
  const source = `tests: [{ promql_expr_test: [{ exp_samples: [{ value: ${text} }] }] }]`;
  expect(parseTestFile(source, { file: 'a.yml' }).problems[0]!.message).toContain('want a number');
});

test('unknown keys and repeated groups are refused', async () => {
  expect((await run('tests: [{ nam: x }]')).failures).toEqual([
    'a_test.yml:1:11: tests[0]: unknown key "nam", did you mean name?',
  ]);
  expect((await run('group_eval_order: [a, a]')).failures[0]).toContain(
    'group name repeated in evaluation order: a',
  );
  expect(
    (await run('tests: [{ promql_expr_test: [{ exp_samples: [{ value: x }] }] }]')).failures[0],
  ).toContain('want a number, got "x"');
});

test.each([
  [0, '0s'],
  [1_500, '1.5s'],
  [90_000, '1m30s'],
  [3_600_000, '1h0m0s'],
  [500, '500ms'],
])('%d ms is %s in Go', (durationMs, text) => {
  expect(formatGoDuration(durationMs)).toBe(text);
});
