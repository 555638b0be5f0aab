import { formatProblem } from '@sluice/config/problem';
import { describe, expect, test } from 'vitest';
import { loadSlos, slosOf } from '../load-slos.ts';
import { DEFAULT_SLO_SETTINGS } from '../slo-settings.ts';

const load = (source: string, settings = {}) =>
  loadSlos([{ file: 'slo/api.yml', source }], { settings: { ...DEFAULT_SLO_SETTINGS, ...settings } });
const problemsOf = (source: string): readonly string[] =>
  load(source).problems.map((problem) => formatProblem(problem).replace('slo/api.yml:', ''));

const ERRORS = 'sum(rate(e[{{.window}}]))';
const TOTAL = 'sum(rate(t[{{.window}}]))';
const events = (error: string, total = TOTAL): string =>
  `{events: {error_query: '${error}', total_query: '${total}'}}`;
const spec = (slo: string): string =>
  `version: prometheus/v1\nservice: svc\nslos:\n  - name: one\n    ${slo.split('\n').join('\n    ')}\n`;
const sound = (sli: string): string => spec(`objective: 99.9\nsli: ${sli}\nalerting: {name: A}`);

describe('a spec of Sloth', () => {
  test('takes labels, texts and alerts from where they are nearest', () => {
    const { groups, problems } = load(`
version: "prometheus/v1"
service: svc
labels: {owner: a, tier: one}
slos:
  - name: one
    objective: 99.5
    description: Words.
    labels: {tier: two}
    sli: ${events(ERRORS)}
    alerting:
      name: Burns
      labels: {category: x, level: y}
      annotations: {runbook: here}
      page_alert: {labels: {level: z}, annotations: {extra: more}}
      ticket_alert: {disable: true}
`);
    expect(problems).toEqual([]);
    expect(slosOf(groups!)).toEqual([
      {
        id: 'svc-one',
        name: 'one',
        service: 'svc',
        description: 'Words.',
        objective: 99.5,
        periodMs: 30 * 86_400_000,
        labels: { owner: 'a', tier: 'two' },
        sli: { kind: 'events', errorQuery: ERRORS, totalQuery: TOTAL },
        page: {
          name: 'Burns',
          labels: { category: 'x', level: 'z' },
          annotations: { runbook: 'here', extra: 'more' },
        },
        ticket: undefined,
        quarantine: undefined,
        file: 'slo/api.yml',
        line: 6,
      },
    ]);
  });

  test('may have its keys in camel case, in either of its kinds, but not in both casings', () => {
    const object = (error: string): string => `
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: x, namespace: y, labels: {a: b}, resourceVersion: "7"}
spec:
  service: svc
  slos:
    - {name: one, objective: 99, sli: {events: {${error}, totalQuery: '${TOTAL}'}}, alerting: {pageAlert: {disable: true}, ticket_alert: {disable: true}}}
`;
    expect(problemsOf(object(`errorQuery: '${ERRORS}'`))).toEqual([]);
    expect(problemsOf(object(`error_query: '${ERRORS}'`))).toEqual([]);
    expect(problemsOf(object(`error_query: '${ERRORS}', errorQuery: '${ERRORS}'`))).toEqual([
      expect.stringMatching(/^8:\d+: spec\.slos\[0\]\.sli\.events: unknown key "errorQuery"/),
    ]);
    expect(load(object(`errorQuery: '${ERRORS}'`)).groups![0]!.metadata).toEqual({
      name: 'x',
      namespace: 'y',
      labels: { a: 'b' },
      annotations: {},
    });
  });

  test.each([
    [
      'a name that is none',
      spec(`objective: 99\nsli: ${events(ERRORS)}\nalerting: {name: A}`).replace('one', 'o ne'),
      /^4:11: slos\[0\]\.name: "o ne" is no name/,
    ],
    [
      'an objective above 100',
      sound(events(ERRORS)).replace('99.9', '101'),
      /^5:16: slos\[0\]\.objective: want a percentage above 0 and up to 100, got 101/,
    ],
    ['an objective of 0', sound(events(ERRORS)).replace('99.9', '0'), /got 0/],
    [
      'an unknown key',
      sound(events(ERRORS)).replace('objective', 'objectiv: 1\n    objective'),
      /^5:5: slos\[0\]: unknown key "objectiv", did you mean objective\?/,
    ],
    ['no query', sound('{events: {error_query: "", total_query: x}}'), /error_query: must not be empty/],
    [
      'a query that is none',
      sound(events('sum(rate(e[{{.window}}])) +* 2')),
      /^6:61: slos\[0\]\.sli\.events\.error_query: could not parse the query: /,
    ],
    ['a query of a range', sound(events('x[{{.window}}]')), /the query gives a matrix, not a vector/],
    ['no window at all', sound(events('sum(e)')), /must have \[\{\{\.window\}\}\] where its range is/],
    [
      'windows of two widths',
      sound(events('sum(rate(e[5m])) + sum(rate(f[1h]))')),
      /must have \[\{\{\.window\}\}\]/,
    ],
    ['another variable', sound(events('sum(rate(e{a="{{.x}}"}[{{.window}}]))')), /only variable/],
    ['one query twice', sound(events(TOTAL)), /must not be the same/],
    [
      'two kinds of SLI',
      sound(
        `{raw: {error_ratio_query: '${ERRORS}'}, events: {error_query: '${ERRORS}', total_query: '${TOTAL}'}}`,
      ),
      /of events or raw, not both/,
    ],
    ['no SLI', sound('{}'), /neither events nor raw/],
    ['a plugin', sound('{plugin: {id: x}}'), /plugins are not supported/],
    ['a raw query that is wrong', sound("{raw: {error_ratio_query: 'sum('}}"), /could not parse the query/],
    [
      'alerts without a name',
      spec(`objective: 99\nsli: ${events(ERRORS)}\nalerting: {labels: {a: b}}`),
      /name is missing: the alerts need one/,
    ],
    [
      'a label without a value',
      sound(events(ERRORS)).replace('{name: A}', '{name: A, labels: {a: ""}}'),
      /a label a has no value/,
    ],
    [
      'a label that is the name',
      sound(events(ERRORS)).replace('{name: A}', '{name: A, labels: {__name__: x}}'),
      /cannot be the name of a label/,
    ],
    ['no SLO', 'version: prometheus/v1\nservice: svc\nslos: []\n', /at least one SLO is wanted/],
    ['another version', 'version: prometheus/v2\n', /^1:1: not a kind of spec that is known/],
    ['nothing', '# later\n', /there is no spec in it/],
    ['broken YAML', 'a: [', /^\d+:\d+: /],
  ])('%s is refused with its place', (_, source, message) => {
    const { groups, problems } = load(source);
    expect(groups).toBeUndefined();
    expect(problems.map((problem) => formatProblem(problem).replace('slo/api.yml:', ''))).toContainEqual(
      expect.stringMatching(message),
    );
  });

  test('with the id of another, in the same file or not, is refused', () => {
    const source = sound(events(ERRORS));
    const { groups, problems } = loadSlos([
      { file: 'a.yml', source },
      { file: 'b.yml', source },
    ]);
    expect(groups).toBeUndefined();
    expect(problems.map(formatProblem)).toEqual(['b.yml:4:1: the SLO svc-one is there already, at a.yml:4']);
    const both = loadSlos(
      [
        { file: 'a.yml', source },
        { file: 'b.yml', source },
      ],
      { allowsRepeats: true },
    );
    expect(both.problems).toEqual([]);
  });

  test('for a period without alert windows is refused, unless a document brings them', () => {
    const weekly = { defaultPeriodMs: 7 * 86_400_000 };
    const source = sound(events(ERRORS));
    expect(load(source, weekly).problems.map(({ message }) => message)).toEqual([
      'no alert windows for a period of 1w: there are some for 4w, 30d; add an AlertWindows document',
    ]);
    const pair = '{errorBudgetPercent: 8, shortWindow: 5m, longWindow: 1h}';
    const windows = `apiVersion: sloth.slok.dev/v1\nkind: AlertWindows\nspec:\n  sloPeriod: 7d\n  page: {quick: ${pair}, slow: ${pair}}\n  ticket: {quick: ${pair}, slow: ${pair}}\n`;
    expect(load(`${source}---\n${windows}`, weekly).problems).toEqual([]);
    expect(load(`${source}---\n${windows}---\n${windows}`, weekly).problems).toEqual([]);
    expect(
      load(`${source}---\n${windows}---\n${windows.replaceAll('8,', '9,')}`, weekly).problems,
    ).toHaveLength(1);
    expect(load(`${source}---\n${windows.replaceAll('5m', '0s')}`, weekly).groups).toBeUndefined();
  });
});

describe('what is accepted with a warning', () => {
  test('fixed windows stand for all windows (E5)', () => {
    const { groups, problems } = load(
      sound(events('sum(rate(e[5m])) + sum_over_time(f[5m:1m])', 'sum(rate(t[5m]))')),
    );
    expect(problems.map(({ code, severity }) => [code, severity])).toEqual([
      ['E5', 'warning'],
      ['E5', 'warning'],
    ]);
    expect(slosOf(groups!)[0]!.sli).toEqual({
      kind: 'events',
      errorQuery: 'sum(rate(e[{{.window}}])) + sum_over_time(f[{{.window}}:1m])',
      totalQuery: TOTAL,
    });
  });

  test.each([
    ['fast requests', 'sum(rate(h_bucket{le="1.0"}[{{.window}}]))', 'sum(rate(h_count[{{.window}}]))', true],
    [
      'fast requests of all buckets',
      'sum(rate(h_bucket{le="1"}[{{.window}}]))',
      'sum(rate(h_bucket{le="+Inf"}[{{.window}}]))',
      true,
    ],
    [
      'slow requests',
      'sum(rate(h_count[{{.window}}])) - sum(rate(h_bucket{le="1.0"}[{{.window}}]))',
      'sum(rate(h_count[{{.window}}]))',
      false,
    ],
    ['good statuses', 'sum(rate(t{status=~"2.."}[{{.window}}]))', TOTAL, true],
    ['statuses that are no errors', 'sum(rate(t{code!~"5..", code!="429"}[{{.window}}]))', TOTAL, true],
    ['bad statuses', 'sum(rate(t{http_response_status_code=~"5.."}[{{.window}}]))', TOTAL, false],
    ['bad statuses of good paths', 'sum(rate(t{path="200", status="500"}[{{.window}}]))', TOTAL, false],
    ['another histogram', 'sum(rate(h_bucket{le="1.0"}[{{.window}}]))', TOTAL, false],
  ])(
    'error queries that count %s are in quarantine where they are good events (E4)',
    (_, error, total, isGood) => {
      const { groups, problems } = load(sound(events(error, total)));
      expect(slosOf(groups!)[0]!.quarantine !== undefined).toBe(isGood);
      expect(problems.map(({ code, severity }) => [code, severity])).toEqual(
        isGood ? [['E4', 'warning']] : [],
      );
    },
  );

  test('an SLO that is said to be inverted is read as meant', () => {
    const good = 'sum(rate(h_bucket{le="1.0"}[{{.window}}]))';
    const settings = { overrides: new Map([['svc-one', { isInverted: true }]]) };
    const { groups, problems } = load(sound(events(good)), settings);
    expect(problems).toEqual([]);
    expect(slosOf(groups!)[0]).toMatchObject({
      quarantine: undefined,
      sli: { errorQuery: `(${TOTAL}) - (${good})`, totalQuery: TOTAL },
    });
  });

  test('an override for an SLO that there is not, and an SLO without alerting', () => {
    const settings = { overrides: new Map([['svc-two', { isInverted: true }]]) };
    const { groups, problems } = load(sound(events(ERRORS)), settings);
    expect(groups).toBeDefined();
    expect(problems.map(({ message }) => message)).toEqual([
      'slo.objectives names svc-two, and there is no such SLO',
    ]);
    const silent = load(spec(`objective: 99\nsli: ${events(ERRORS)}`));
    expect(silent.problems.map(({ code }) => code)).toEqual(['S1']);
    expect(slosOf(silent.groups!)[0]).toMatchObject({ page: undefined, ticket: undefined });
  });
});

describe('OpenSLO v1alpha', () => {
  const metric = (query: string): string => `{source: prometheus, queryType: promql, query: '${query}'}`;
  const object = (objectives: string, windows = '[{count: 28, unit: Day}]'): string => `
apiVersion: openslo/v1alpha
kind: SLO
metadata: {name: slo1, displayName: One}
spec:
  service: svc
  budgetingMethod: Occurrences
  objectives: ${objectives}
  timeWindows: ${windows}
`;
  const ratio = `{target: 0.999, ratioMetrics: {good: ${metric(ERRORS)}, total: ${metric(TOTAL)}}}`;

  test('becomes an SLO for each objective, by the ratio of good events', () => {
    const { groups, problems } = load(object(`[${ratio}, ${ratio}]`));
    expect(problems).toEqual([]);
    expect(
      slosOf(groups!).map(({ id, name, objective, periodMs }) => [id, name, objective, periodMs]),
    ).toEqual([
      ['svc-slo1-0', 'slo1-0', 99.9, 28 * 86_400_000],
      ['svc-slo1-1', 'slo1-1', 99.9, 28 * 86_400_000],
    ]);
    const [{ sli }] = slosOf(groups!) as unknown as [{ sli: { errorRatioQuery: string } }];
    expect(sli.errorRatioQuery.replaceAll(/\s+/g, '')).toBe(`1-((${ERRORS})/(${TOTAL}))`);
  });

  test.each([
    ['no objective', object('[]'), 'at least one objective is wanted'],
    [
      'a threshold',
      object('[{target: 0.9}]'),
      'ratioMetrics is missing: objectives by thresholds are not supported',
    ],
    [
      'a target in percent',
      object(`[${ratio.replace('0.999', '99.9')}]`),
      'want a ratio above 0 and up to 1, got 99.9',
    ],
    [
      'two windows',
      object(`[${ratio}]`, '[{count: 28, unit: Day}, {count: 30, unit: Day}]'),
      'only one time window is supported',
    ],
    [
      'a window in months',
      object(`[${ratio}]`, '[{count: 1, unit: Month}]'),
      'only time windows in days are supported',
    ],
    ['no days', object(`[${ratio}]`, '[{count: 0, unit: Day}]'), 'want at least 1 day, got 0'],
    [
      'another source',
      object(`[${ratio.replace('prometheus', 'datadog')}]`),
      'want one of prometheus, sloth, got "datadog"',
    ],
    [
      'a query that is none',
      object(`[${ratio.replace(ERRORS, 'sum(')}]`),
      expect.stringMatching('could not parse'),
    ],
  ])('with %s is refused', (_, source, message) => {
    expect(load(source).problems.map((problem) => problem.message)).toContainEqual(message);
  });
});
