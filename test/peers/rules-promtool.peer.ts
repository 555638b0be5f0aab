/**
 * Rules beside Debian's promtool: every pack's tests give the same output and exit code in both, and random
 * presence of series leads to the same alerts at every step.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createRandom, type Random } from '@sluice/core/testing/random';
import { formatLabels, labelValue } from '@sluice/promql/model/labels';
import { groupsOf, loadRules } from '@sluice/rules/load-rules';
import { runTestGroup } from '@sluice/rules/unit-test/run-test-group';
import { parseTestFile } from '@sluice/rules/unit-test/test-file';
import { afterAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const PACKS = join(ROOT, 'packages/packs/rules');
const SYSTEMS = ['titan', 'perfect21', 'loom', 'ai-teams', 'lyss', 'sluice'];
const SLUICE = [
  join(ROOT, 'node_modules/.bin/node'),
  join(ROOT, 'packages/cli/src/main.ts'),
  'rules',
  'test',
];

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function outcomeOf(command: readonly string[], cwd: string): Promise<Outcome> {
  const [file, ...args] = command as [string, ...string[]];
  try {
    const { stdout, stderr } = await promisify(execFile)(file, args, { cwd, maxBuffer: 64 * 1024 * 1024 });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-rules-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('packs', () => {
  test.each(SYSTEMS)('the tests of %s give the same in promtool and in Sluice', async (system) => {
    const cwd = join(PACKS, system);
    const theirs = await outcomeOf(['promtool', 'test', 'rules', 'alerts_test.yml'], cwd);
    expect(theirs).toMatchObject({ code: 0, err: '' });
    expect(await outcomeOf([...SLUICE, 'alerts_test.yml'], cwd)).toEqual(theirs);
  });

  test('promtool finds the packs sound', async () => {
    const files = SYSTEMS.map((system) => join(PACKS, system, 'alerts.yml'));
    expect(await outcomeOf(['promtool', 'check', 'rules', ...files], ROOT)).toMatchObject({
      code: 0,
      err: '',
    });
  });
});

test('tests that fail are told in the same words', async () => {
  writeFileSync(
    join(folder, 'words.yml'),
    `groups:
  - name: g1
    rules:
      - record: job:x:sum
        expr: sum by (job) (x)
        labels: { src: rec }
      - alert: High
        expr: job:x:sum > 5
        for: 2m
        keep_firing_for: 3m
        labels: { severity: page, inst: "{{ $labels.job }}" }
        annotations: { summary: '{{ $labels.job }} {{ $value }} {{ humanize $value }} {{ $externalLabels.region }} {{ query \`max(x)\` | first | value }}', empty: '' }
  - name: g2
    rules:
      - record: y
        expr: count(ALERTS{alertstate="firing"}) or vector(0)
      - alert: Now
        expr: absent(x{job="z"})
`,
  );
  writeFileSync(
    join(folder, 'same.yml'),
    'groups: [{ name: b, rules: [{ alert: Dup, expr: x, labels: { i: same } }] }]',
  );
  writeFileSync(
    join(folder, 'words_test.yml'),
    `rule_files: [words.yml, nothing*.yml]
evaluation_interval: 1m
group_eval_order: [g1, g2]
tests:
  - name: first
    interval: 1m
    external_labels: { region: eu }
    input_series:
      - { series: 'x{job="a", i="1"}', values: 0+1x20 }
      - { series: 'x{job="b"}', values: 10 10 10 10 _ _ _ 10x3 stale }
    alert_rule_test:
      - { eval_time: 8m, alertname: High }
      - { eval_time: 3m, alertname: High, exp_alerts: [{ exp_labels: { job: c } }] }
      - { eval_time: 0m, alertname: Now, exp_alerts: [{ exp_labels: { job: z } }] }
    promql_expr_test:
      - { expr: y, eval_time: 10m, exp_samples: [{ labels: y, value: 3 }] }
      - { expr: job:x:sum, eval_time: 9m, exp_samples: [{ labels: 'job:x:sum{job="a"}', value: 9.5 }] }
      - { expr: ALERTS, eval_time: 2m }
      - { expr: ALERTS_FOR_STATE, eval_time: 90s }
      - { expr: 'sum(', eval_time: 1h5m }
      - { expr: vector(1)/0, eval_time: 5m, exp_samples: [{ labels: '{}', value: 1 }] }
      - { expr: vector(1e-9), eval_time: 5m, exp_samples: [{ labels: '{}', value: 1e21 }] }
      - { expr: nope, eval_time: 5m }
  - input_series: [{ series: 'x{job="a", i="1"}', values: 9x20 }]
    alert_rule_test: [{ eval_time: 5m, alertname: High }]
`,
  );
  writeFileSync(
    join(folder, 'same_test.yml'),
    `rule_files: [same.yml]
tests:
  - input_series: [{ series: 'x{i="1"}', values: 1x5 }, { series: 'x{i="2"}', values: 1x5 }]
    alert_rule_test: [{ eval_time: 3m, alertname: Dup }]
`,
  );
  const files = ['words_test.yml', 'same_test.yml'];
  const theirs = await outcomeOf(['promtool', 'test', 'rules', ...files], folder);
  expect(theirs.code).toBe(1);
  expect(await outcomeOf([...SLUICE, ...files], folder)).toEqual(theirs);
});

/** As many groups as cases, each with an alert of its own over series that come and go. */
const CASES = 120;
const MINUTES = 40;
/**
 * Between samples. Prometheus 3 leaves the first instant of a window out, which Debian's 2 has in it, so no
 * sample may lie on the border of one: 59 s meet the grid of 30 s only at every thirtieth sample, which is left out.
 */
const SAMPLE_SECONDS = 59;
const MEETS_GRID = 30;

function randomDuration(random: Random): string {
  return `${random.pick([0, 0, 30, 60, 90, 120, 300, 600])}s`;
}

function randomValues(random: Random): string {
  const values: string[] = [];
  while (values.length < MINUTES) {
    const value = random.pick(['0', '1', '1', '2', '_', '_', 'stale']);
    const times = 1 + random.below(8);
    for (let i = 0; i < times; i++) values.push(value === 'stale' && i > 0 ? '_' : value);
  }
  return values
    .slice(0, MINUTES)
    .map((value, i) => (i % MEETS_GRID === 0 ? '_' : value))
    .join(' ');
}

function makeCase(seed: number): { readonly rules: string; readonly series: readonly string[] } {
  const random = createRandom(seed);
  const name = `c${seed}`;
  const expr = random.pick([
    `${name} > 0`,
    `${name} == 1`,
    `${name} or vector(1) unless ${name} > 1`,
    `sum by (j) (${name}) > 1`,
    `absent(${name}{i="0"})`,
    `max_over_time(${name}[3m]) > 1`,
    `${name} unless on () ALERTS{alertname="A${seed}", alertstate="firing"} offset 2m`,
    `count_over_time(recorded:${name}[290s]) > 2`,
  ]);
  const keep = random.chance(0.5) ? `, keep_firing_for: ${randomDuration(random)}` : '';
  const labels = random.pick(['', ', labels: { s: page }', ', labels: { v: "{{ $labels.i }}x" }']);
  const rules = `  - name: ${name}
    rules:
      - { record: 'recorded:${name}', expr: '${name} > 0' }
      - { alert: A${seed}, expr: '${expr}', for: ${randomDuration(random)}${keep}${labels} }
      - { record: 'firing:${name}', expr: 'count(ALERTS{alertname="A${seed}"}) by (alertstate)' }
`;
  const count = 1 + random.below(3);
  const series = Array.from(
    { length: count },
    (_, i) => `      - { series: '${name}{i="${i}", j="${i % 2}"}', values: '${randomValues(random)}' }\n`,
  );
  return { rules, series };
}

test(`${CASES} alerts over random presence agree with promtool at every step`, async () => {
  const cases = Array.from({ length: CASES }, (_, i) => makeCase(i + 1));
  const rules = `groups:\n${cases.map((one) => one.rules).join('')}`;
  writeFileSync(join(folder, 'random.yml'), rules);
  const head = `rule_files: [random.yml]\nevaluation_interval: 30s\ntests:\n  - interval: ${SAMPLE_SECONDS}s\n    input_series:\n${cases.flatMap(({ series }) => series).join('')}`;
  // Our own states at each step become what promtool is to expect.
  const loaded = loadRules([{ file: 'random.yml', source: rules }]);
  const groups = groupsOf(loaded.files ?? []);
  expect(groups).toHaveLength(CASES);
  const source = `${head}    promql_expr_test: [{ expr: '1', eval_time: ${MINUTES}m, exp_samples: [{ labels: '{}', value: 1 }] }]\n`;
  const parsed = parseTestFile(source, { file: 'random_test.yml' }).value!;
  const firing: string[] = [];
  const states = new Map<number, string[]>();
  let fired = 0;
  const failures = await runTestGroup(parsed.tests[0]!, {
    groups,
    evaluationIntervalMs: parsed.evaluationIntervalMs,
    fuzzyCompare: false,
    onEvaluation(timeMs, group, { alerts, samples }) {
      const own = [...(alerts[1]?.values() ?? [])].filter(({ state }) => state === 'firing');
      fired += own.length;
      const expected = own.map(({ labels }) => {
        const { alertname: _, ...rest } = labels;
        return `{ exp_labels: ${JSON.stringify(rest)} }`;
      });
      const alertname = group.rules[1]!.name;
      firing.push(
        `      - { eval_time: ${timeMs}ms, alertname: ${alertname}, exp_alerts: [${expected.join(', ')}] }\n`,
      );
      const seen = states.get(timeMs) ?? [];
      states.set(timeMs, seen);
      for (const { labels, value } of samples) {
        if (!labelValue(labels, '__name__').startsWith('ALERTS')) continue;
        seen.push(`          - { labels: ${JSON.stringify(formatLabels(labels))}, value: ${value} }\n`);
      }
    },
  });
  expect(failures).toEqual([]);
  expect(fired).toBeGreaterThan(CASES * 5);
  const expressions = [...states].map(
    ([timeMs, samples]) =>
      `      - expr: '{__name__=~"ALERTS|ALERTS_FOR_STATE"}'\n        eval_time: ${timeMs}ms\n        exp_samples:\n${samples.join('')}`,
  );
  writeFileSync(
    join(folder, 'random_test.yml'),
    `${head}    alert_rule_test:\n${firing.join('')}    promql_expr_test:\n${expressions.join('')}`,
  );
  const theirs = await outcomeOf(['promtool', 'test', 'rules', 'random_test.yml'], folder);
  expect(`${theirs.out}${theirs.err}`.slice(0, 3_000)).toBe('Unit Testing:  random_test.yml\n  SUCCESS\n\n');
});
