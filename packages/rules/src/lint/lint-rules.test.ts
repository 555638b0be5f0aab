import { describe, expect, test } from 'vitest';
import { loadRules } from '../load-rules.ts';
import { LINT_RULES, lintRules } from './lint-rules.ts';

const GOOD = 'labels: { severity: page }, annotations: { summary: s, runbook_url: r }';

function lint(...rules: readonly string[]) {
  const source = `groups:\n  - name: g\n    interval: 1m\n    rules:\n${rules.map((rule) => `      - { ${rule} }\n`).join('')}`;
  const { files, problems } = loadRules([{ file: 'r.yml', source }]);
  if (files === undefined) throw new Error(JSON.stringify(problems));
  return lintRules(files);
}
const codesOf = (...rules: readonly string[]) => lint(...rules).map(({ code }) => code);
const alert = (expr: string, rest = GOOD): string => `alert: A, expr: '${expr}', ${rest}`;

describe('expressions that do not say what they look like', () => {
  test.each([
    ['self-division', 'rate(x{status=~"5.."}[5m]) / rate(x[5m]) > 0.05'],
    ['rate-as-share', 'rate(x{status=~"5.."}[5m]) > 0.01'],
    ['lifetime-quantile', 'histogram_quantile(0.95, x_bucket) > 2'],
    ['bucket-bound', 'rate(x_bucket{le="1"}[5m]) > 5'],
    ['no-condition', 'sum(rate(x[5m]))'],
    ['no-condition', 'x > bool 5'],
    ['raw-counter', 'errors_total > 5'],
    ['raw-counter', 'sum(errors_total) >= 5'],
  ])('%s: %s', (code, expr) => {
    expect(codesOf(alert(expr))).toEqual([code]);
  });

  test.each([
    'sum by (job) (rate(x{status=~"5.."}[5m])) / sum by (job) (rate(x[5m])) > 0.05',
    'histogram_quantile(0.95, sum by (le) (rate(x_bucket[5m]))) > 2',
    'absent(up{job="a"})',
    'up == 0 unless on (job) maintenance',
    'increase(errors_total[5m]) > 5',
    'ALERTS{alertstate="firing"}',
    'errors_total > errors_total offset 1h',
  ])('not so: %s', (expr) => {
    expect(codesOf(alert(expr))).toEqual([]);
  });

  test('one label that holds words and codes', () => {
    const words = 'alert: A, expr: \'rate(r_total{status="error"}[5m]) > 1\', ';
    const codes = 'alert: B, expr: \'rate(r_total{status=~"5.."}[5m]) > 1\', ';
    const found = lint(words + GOOD, codes + GOOD, `alert: C, expr: 'q{status="ok"} > 1', ${GOOD}`);
    expect(found.map(({ code, place }) => [code, place])).toEqual([
      ['mixed-status', 'g › A'],
      ['mixed-status', 'g › B'],
    ]);
  });

  test('errors that are good events', () => {
    const record = (expr: string) => `record: 'job:errors:ratio', expr: '${expr}'`;
    expect(codesOf(record('rate(x_bucket{le="5.5"}[5m]) / rate(x_count[5m])'))).toEqual(['inverted-latency']);
    expect(codesOf(record('1 - rate(x_bucket{le="5.5"}[5m]) / rate(x_count[5m])'))).toEqual([
      'inverted-latency',
    ]);
    expect(codesOf(record('(rate(x_count[5m]) - rate(x_bucket{le="5.5"}[5m])) / rate(x_count[5m])'))).toEqual(
      [],
    );
    expect(codesOf(record('rate(x_count{status="500"}[5m]) / rate(x_count[5m])'))).not.toContain(
      'inverted-latency',
    );
  });
});

describe('what surrounds the expression', () => {
  test.each([
    [['severity'], 'annotations: { summary: s, runbook_url: r }'],
    [['severity'], 'labels: { severity: sev1 }, annotations: { summary: s, runbook_url: r }'],
    [['summary', 'runbook'], 'labels: { severity: critical }'],
    [
      ['value-in-label'],
      'labels: { severity: page, v: "{{ $value }}" }, annotations: { summary: s, runbook: r }',
    ],
    [['short-for'], `for: 30s, ${GOOD}`],
    [[], `for: 5m, ${GOOD}`],
    [[], 'labels: { severity: "{{ $labels.s }}" }, annotations: { summary: s, runbook: r }'],
  ])('%s: %s', (codes, rest) => {
    expect(codesOf(alert('up == 0', rest))).toEqual(codes);
  });

  test('a rule that stands twice, and a recorded name that looks like a metric', () => {
    expect(codesOf(alert('up == 0'), alert('up == 1'))).toEqual(['duplicate']);
    expect(codesOf('record: errors, expr: x')).toEqual(['record-name']);
    expect(codesOf('record: "job:errors:sum", expr: x')).toEqual([]);
  });
});

test('a finding says where, why, and what to write instead; codes can be left out', () => {
  const [finding] = lint(alert('sum(rate(a[5m])) + histogram_quantile(0.9, x_bucket) > 1'));
  expect(finding).toEqual({
    code: 'lifetime-quantile',
    file: 'r.yml',
    line: 5,
    column: 71,
    place: 'g › A',
    message: expect.stringContaining('rate(x_bucket[5m])'),
    reason: expect.stringContaining('whole life'),
    fix: expect.stringContaining('histogram_quantile'),
  });
  const { files } = loadRules([
    { file: 'r.yml', source: 'groups: [{ name: g, rules: [{ alert: a, expr: up == 0 }] }]' },
  ]);
  expect(lintRules(files!, { skip: new Set(['severity', 'summary']) }).map(({ code }) => code)).toEqual([
    'runbook',
  ]);
  expect(new Set(LINT_RULES.map(({ code }) => code)).size).toBe(LINT_RULES.length);
});
