/** Files of rule tests with something odd about each: a field missing, unknown, of another type, out of range. */
import type { Random } from '@sluice/core/testing/random';

/** Rule files that the tests name, by path. */
export const RULE_FILES: Readonly<Record<string, string>> = {
  'rules.yml': `groups:
  - name: g1
    rules:
      - { record: 'job:x:sum', expr: 'sum by (job) (x)' }
      - alert: High
        expr: job:x:sum > 5
        for: 2m
        labels: { severity: page, region: '{{ $externalLabels.region }}' }
        annotations: { summary: '{{ $labels.job }} {{ $value }} {{ $externalURL }}' }
  - name: g2
    interval: 5m
    rules:
      - { alert: Quiet, expr: 'absent(x)' }
      - { record: 'g2:firing', expr: 'count(ALERTS{alertstate="firing"})' }
`,
  'more/one.yml': "groups: [{ name: one, rules: [{ record: one, expr: 'x * 1' }] }]",
  'more/deep/two.yml': "groups: [{ name: two, rules: [{ record: two, expr: 'x * 2' }] }]",
  'same.yml': "groups: [{ name: g1, rules: [{ record: other, expr: 'x + 1' }] }]",
  'bad/broken.yml': "groups: [{ name: g, rules: [{ record: one, expr: 'sum(' }] }]",
  'bad/failing.yml': "groups: [{ name: g, rules: [{ record: same, expr: x, labels: { job: '' } }] }]",
  'odd/[1].yml': "groups: [{ name: bracket, rules: [{ record: bracket, expr: 'x * 3' }] }]",
  'odd/.hidden.yml': "groups: [{ name: hidden, rules: [{ record: hidden, expr: 'x * 4' }] }]",
};

interface Draft {
  /** Lines before `tests:`. */
  readonly head: string[];
  /** Fields of the one test, as YAML flow. */
  readonly fields: Map<string, string>;
  /** Lines behind it. */
  readonly tail: string[];
}

const ALERT = `{ eval_time: 8m, alertname: High, exp_alerts: [{ exp_labels: { severity: page, job: a, region: eu }, exp_annotations: { summary: 'a 8 ' } }] }`;

function sound(): Draft {
  return {
    head: ['rule_files: [rules.yml]', 'evaluation_interval: 1m'],
    fields: new Map([
      ['interval', '1m'],
      ['input_series', `[{ series: 'x{job="a"}', values: '0+1x20' }]`],
      ['external_labels', '{ region: eu }'],
      ['alert_rule_test', `[${ALERT}]`],
      [
        'promql_expr_test',
        `[{ expr: 'job:x:sum', eval_time: 9m, exp_samples: [{ labels: 'job:x:sum{job="a"}', value: 9 }] }]`,
      ],
    ]),
    tail: [],
  };
}

const DURATIONS = [
  '1m',
  '60s',
  '0',
  '0s',
  '""',
  'null',
  '~',
  '5',
  '90',
  '1.5m',
  '-1m',
  '+1m',
  '1m30s',
  '30s1m',
  '1h30m',
  '1d',
  '1M',
  '1min',
  '1 m',
  '"1m"',
  '500ms',
  '1ms',
  '60000ms',
  '1m1m',
  '1e3',
  'true',
  '[1m]',
  '{}',
  '300y',
  '99999999999h',
  'Inf',
  '5us',
] as const;
const VALUES = [
  '0+1x20',
  '0 1 2 3 4 5 6 7 8 9 10',
  '8x20',
  '8',
  '_x3 9x20',
  '10-1x20',
  '9x20 stale',
  'stale',
  '_',
  '""',
  '0+1',
  '0x',
  '1x-1',
  '1 x 2',
  '1e1x20',
  'NaNx20',
  'Infx20',
  '-Infx20',
  '0x10x3',
  '1.5.5',
  '9,9,9',
  '9\t9',
  ' 9  9 ',
  '9x20x2',
  '0+1x10000',
  '1+1e308x3',
  '.5x20',
  '9_x3',
  '1_000',
] as const;
const NUMBERS = [
  '9',
  '9.0',
  '"9"',
  '+9',
  '9e0',
  '0x9',
  '011',
  '0o11',
  '0b1001',
  '1_0',
  '.9e1',
  '9.',
  'nine',
  'null',
  '~',
  '""',
  'true',
  '[9]',
  '.inf',
  '.nan',
  'NaN',
  'Inf',
  '9999999999999999999',
  '1:30',
] as const;
const LABELS = [
  `'job:x:sum{job="a"}'`,
  `'{__name__="job:x:sum", job="a"}'`,
  `"job:x:sum{job='a'}"`,
  `'job:x:sum{job="a",}'`,
  `'job:x:sum{}'`,
  `'job:x:sum'`,
  `'{}'`,
  `''`,
  '',
  `'job:x:sum{job=a}'`,
  `'job:x:sum{job="a"'`,
  `'job:x:sum{job=~"a"}'`,
  `'job:x:sum{job="a"} 9'`,
  `'sum(x)'`,
  '{}',
  '[]',
  'null',
  `' job:x:sum { job = "a" } '`,
] as const;
const SERIES = [
  `'x{job="a"}'`,
  `"x{job='a'}"`,
  `'{__name__="x", job="a"}'`,
  `'x'`,
  `'x{}'`,
  `''`,
  `'x{job}'`,
  `'x{job="a"} 1'`,
  `'x{job="a", job="b"}'`,
  `'x{job=""}'`,
  `'x-y'`,
  `'x{a.b="c"}'`,
  `'x{__name__="y"}'`,
  `'sum(x)'`,
  `'x # c'`,
  '1',
  'null',
  '~',
  '[x]',
  '{ x: 1 }',
] as const;
const EXPRESSIONS = [
  'job:x:sum',
  '""',
  'null',
  '1',
  '"1 + 1"',
  `'"text"'`,
  `'x[5m]'`,
  'time()',
  'ALERTS',
  'nope',
  `'sum('`,
  `'x @ 540'`,
  `'x offset -1m'`,
  `'x offset 5m'`,
  `'vector(9)'`,
  `'rate(x[5m:1m])'`,
  'true',
  '[]',
  `'g2:firing'`,
  'count(x)',
  `'{job="a"}'`,
  'one',
  'two',
  'hidden',
  'bracket',
] as const;
const PATTERNS = [
  'rules.yml',
  './rules.yml',
  '*.yml',
  'r*.yml',
  'more/*.yml',
  'more/**/*.yml',
  '**/*.yml',
  'more/*/*.yml',
  'nothing.yml',
  'nothing*.yml',
  'bad/broken.yml',
  'bad/failing.yml',
  'more/{one,two}.yml',
  'more/[a-z]ne.yml',
  'more/[!o]*.yml',
  'more/[^o]*.yml',
  "'more/?ne.yml'",
  'more',
  '',
  '"[.yml"',
  "'odd/[1].yml'",
  "'odd/\\[1\\].yml'",
  'odd/*.yml',
  '../h5/rules.yml',
  'more/../rules.yml',
  'same.yml',
  '[rules.yml]',
  'null',
  '1',
  '{a: b}',
  "'more//one.yml'",
] as const;
const TEXTS = ['text', '""', 'null', '1', 'true', '[]', '{}', '2024-01-01'] as const;

type Change = (draft: Draft, random: Random) => void;

const set =
  (name: string, values: readonly string[], write: (value: string) => string = (value) => value): Change =>
  ({ fields }, random) => {
    fields.set(name, write(random.pick(values)));
  };
const line =
  (name: string, values: readonly string[]): Change =>
  ({ head }, random) => {
    const at = head.findIndex((own) => own.startsWith(`${name}:`));
    const made = `${name}: ${random.pick(values)}`;
    if (at < 0) head.push(made);
    else head[at] = made;
  };

const CHANGES: readonly Change[] = [
  ({ fields }, random) =>
    void fields.delete(random.pick([...fields.keys()].filter((name) => name !== 'interval'))),
  ({ head }) => void head.pop(),
  ({ head }) => void head.shift(),
  ({ head }, random) =>
    void head.push(`${random.pick(['evaluation_intervall', 'Tests', 'rules', 'x-y'])}: 1`),
  ({ fields }, random) => void fields.set(random.pick(['intervall', 'Name', 'inputs', 'exp_alerts']), '1'),
  ({ fields }) => void fields.set('name', 'twice'),
  line(
    'evaluation_interval',
    DURATIONS.filter((text) => !['1ms', '500ms'].includes(text)),
  ),
  line('group_eval_order', [
    '[g1, g2]',
    '[g2, g1]',
    '[nope]',
    '[g1, g1]',
    '[]',
    'null',
    'g1',
    '[1]',
    '[[g1]]',
    '{}',
  ]),
  line('rule_files', [
    '[]',
    'null',
    'rules.yml',
    '[rules.yml, rules.yml]',
    '[rules.yml, same.yml]',
    '[rules.yml, more/one.yml]',
    '{}',
  ]),
  ({ head }, random) => {
    head[0] = `rule_files: [rules.yml, ${random.pick(PATTERNS)}]`;
  },
  ({ head }, random) => {
    head[0] = `rule_files: [${random.pick(PATTERNS)}]`;
  },
  set(
    'interval',
    DURATIONS.filter((text) => !['0', '0s', '""', 'null', '~'].includes(text)),
  ),
  set('name', TEXTS),
  set('external_url', ['http://x', ...TEXTS, '"http://[bad"']),
  set('external_labels', [
    '{ region: eu, zone: 1 }',
    '{}',
    'null',
    '[]',
    '{ region: true }',
    '{ region: null }',
    '{ "a-b": c }',
    '{ region: [] }',
    '{ region: eu, region: us }',
  ]),
  set('input_series', VALUES, (values) => `[{ series: 'x{job="a"}', values: ${JSON.stringify(values)} }]`),
  set('input_series', NUMBERS, (value) => `[{ series: 'x{job="a"}', values: ${value} }]`),
  set('input_series', SERIES, (text) => `[{ series: ${text}, values: 0+1x20 }]`),
  set('input_series', [
    '[]',
    'null',
    '{}',
    'x',
    '[{ series: \'x{job="a"}\' }]',
    '[{ values: 0+1x20 }]',
    '[{}]',
    '[null]',
    '[{ series: x, values: 1, labels: {} }]',
    `[{ series: 'x{job="a"}', values: 0+1x20 }, { series: 'x{job="a"}', values: 0+1x20 }]`,
    `[{ series: 'x{job="a"}', values: 0+1x20 }, { series: 'x{job="a"}', values: 5x20 }]`,
  ]),
  set('alert_rule_test', DURATIONS, (time) => `[{ eval_time: ${time}, alertname: High }]`),
  set('alert_rule_test', DURATIONS, (time) => ALERT.replace('8m', time).replace(/^/, '[').concat(']')),
  set('alert_rule_test', [
    '[{ alertname: High }]',
    '[{ eval_time: 8m }]',
    '[{}]',
    '[null]',
    'null',
    '{}',
    '[{ eval_time: 8m, alertname: Nope }]',
    '[{ eval_time: 8m, alertname: Nope, exp_alerts: [{}] }]',
    '[{ eval_time: 0m, alertname: Quiet }]',
    '[{ eval_time: 30s, alertname: High }]',
    `[{ eval_time: 8m, alertname: High, exp_alerts: [] }]`,
    `[{ eval_time: 8m, alertname: High, exp_alerts: null }]`,
    `[{ eval_time: 8m, alertname: High, exp_alerts: {} }]`,
    '[{ eval_time: 8m, alertname: "" }]',
    `[${ALERT}, ${ALERT}]`,
    `[{ eval_time: 8m, alertname: High, exp_alerts: [{ exp_labels: { severity: page, job: a, region: eu } }] }]`,
    `[{ eval_time: 8m, alertname: High, exp_alerts: [{ exp_labels: { severity: page, job: a, region: eu, alertname: High }, exp_annotations: { summary: 'a 8 ' } }] }]`,
    `[{ eval_time: 8m, alertname: High, exp_alerts: [{ exp_labels: { severity: page, job: a, region: eu, empty: '' }, exp_annotations: { summary: 'a 8 ' } }] }]`,
    `[{ eval_time: 8m, alertname: High, exp_alerts: [{ labels: {} }] }]`,
    `[{ eval_time: 8m, alertname: High, unknown: 1 }]`,
  ]),
  set(
    'promql_expr_test',
    NUMBERS,
    (value) =>
      `[{ expr: 'job:x:sum', eval_time: 9m, exp_samples: [{ labels: 'job:x:sum{job="a"}', value: ${value} }] }]`,
  ),
  set(
    'promql_expr_test',
    LABELS,
    (text) => `[{ expr: 'job:x:sum', eval_time: 9m, exp_samples: [{ labels: ${text}, value: 9 }] }]`,
  ),
  set(
    'promql_expr_test',
    EXPRESSIONS,
    (text) => `[{ expr: ${text}, eval_time: 9m, exp_samples: [{ labels: '{}', value: 9 }] }]`,
  ),
  set('promql_expr_test', EXPRESSIONS, (text) => `[{ expr: ${text}, eval_time: 9m }]`),
  set(
    'promql_expr_test',
    DURATIONS,
    (time) => `[{ expr: 'x', eval_time: ${time}, exp_samples: [{ labels: 'x{job="a"}', value: 9 }] }]`,
  ),
  set('promql_expr_test', [
    '[{}]',
    '[null]',
    'null',
    '{}',
    '[{ expr: x }]',
    '[{ expr: x, exp_samples: [{ labels: \'x{job="a"}\' }] }]',
    '[{ eval_time: 1m }]',
    '[{ expr: x, eval_time: 9m, exp_samples: null }]',
    '[{ expr: x, eval_time: 9m, exp_samples: {} }]',
    '[{ expr: x, eval_time: 9m, samples: [] }]',
    '[{ expr: x, eval_time: 9m, exp_samples: [{ labels: x, value: 1, extra: 1 }] }]',
    `[{ expr: x, eval_time: 9m, exp_samples: [{ labels: 'x{job="a"}', value: 9 }, { labels: 'x{job="a"}', value: 9 }] }]`,
  ]),
  ({ tail }, random) =>
    void tail.push(
      random.pick([
        '  - {}',
        '  - null',
        '  -',
        '  - name: empty',
        '  - interval: 1m',
        '  - text',
        '  - []',

        '...',
        'evaluation_interval: 2m',
        '# the end',
        '\ttab: 1',
        '  - &a { name: x }\n  - *a',
        '  - { name: x, name: y }',
        'tests: []',
        '%YAML 1.1',
        '"unclosed',
      ]),
    ),
];

/** YAML; most have one oddity, some two, a few none. */
export function randomTestFile(random: Random): string {
  const draft = sound();
  const changes = random.pick([0, 1, 1, 1, 1, 1, 1, 2, 2, 3]);
  for (let i = 0; i < changes; i++) random.pick(CHANGES)(draft, random);
  const body = [...draft.fields].map(([name, text]) => `${name}: ${text}`).join('\n    ');
  return `${[...draft.head, 'tests:', `  - ${body === '' ? '{}' : body}`, ...draft.tail].join('\n')}\n`;
}
