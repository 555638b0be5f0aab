/** Debian's promtool checks what is generated from SLO specs, feature by feature, and tests the shipped rules. */
import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseYaml } from '@sluice/config/parse-yaml';
import { toYaml } from '@sluice/config/to-yaml';
import { type GenerateOptions, generateGroup } from '@sluice/rules/slo/generate/generate-rules';
import { renderGroups } from '@sluice/rules/slo/generate/render-rules';
import { loadSlos } from '@sluice/rules/slo/load-slos';
import { DEFAULT_SLO_SETTINGS } from '@sluice/rules/slo/slo-settings';
import { afterAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const PACKS = join(import.meta.dirname, '../../packages/packs/slo');
const folder = mkdtempSync(join(tmpdir(), 'sluice-slo-'));
const DAY_MS = 86_400_000;

afterAll(() => rmSync(folder, { recursive: true }));

async function promtool(...args: string[]): Promise<{ readonly code: number; readonly text: string }> {
  try {
    const { stdout, stderr } = await run('promtool', args, { cwd: folder });
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const {
      code,
      stdout = '',
      stderr = '',
    } = error as { code?: string | number; stdout?: string; stderr?: string };
    if (code === 'ENOENT') throw new Error("there is no promtool: install Debian's prometheus");
    return { code: Number(code), text: stdout + stderr };
  }
}

const EVENTS = `version: prometheus/v1
service: svc
labels: {owner: us}
slos:
  - name: events
    objective: 99.9
    sli: {events: {error_query: 'sum(rate(hits_total{code=~"5.."}[{{.window}}]))', total_query: 'sum(rate(hits_total[{{.window}}]))'}}
    alerting: {name: SvcBurns, annotations: {runbook: 'see {{ $labels.sloth_id }}'}}
  - name: raw
    objective: 95
    sli: {raw: {error_ratio_query: '1 - avg(avg_over_time(up[{{.window}}]))'}}
    alerting: {page_alert: {disable: true}, ticket_alert: {disable: true}}
`;
const KUBERNETES = `apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: n, namespace: ns}
spec:
  service: k8s
  slos:
    - name: events
      objective: 99
      sli: {events: {errorQuery: 'sum(rate(e[{{.window}}]))', totalQuery: 'sum(rate(t[{{.window}}]))'}}
      alerting: {name: K8sBurns}
`;
const OPENSLO = `apiVersion: openslo/v1alpha
kind: SLO
metadata: {name: one}
spec:
  service: open
  objectives:
    - target: 0.995
      ratioMetrics:
        good: {source: prometheus, queryType: promql, query: 'sum(rate(ok[{{.window}}]))'}
        total: {source: prometheus, queryType: promql, query: 'sum(rate(t[{{.window}}]))'}
  timeWindows: [{count: 30, unit: Day}]
`;
const PAIR = '{errorBudgetPercent: 12.5, shortWindow: 30m, longWindow: 6h}';
const WEEK = `apiVersion: sloth.slok.dev/v1
kind: AlertWindows
spec: {sloPeriod: 7d, page: {quick: ${PAIR}, slow: ${PAIR}}, ticket: {quick: ${PAIR}, slow: ${PAIR}}}
`;

/** The rule files of a spec; of a Kubernetes object, what the Prometheus operator makes a file of. */
function generate(source: string, options: Partial<GenerateOptions>, days: number): readonly string[] {
  const settings = { ...DEFAULT_SLO_SETTINGS, defaultPeriodMs: days * DAY_MS };
  const { groups, windows, problems } = loadSlos([{ file: 'spec.yml', source }], { settings });
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  return groups!.map((group) => {
    const text = renderGroups(group, generateGroup(group, { windows, version: '0', ...options }), {
      version: '0',
    });
    const [document] = parseYaml(text, { file: 'out.yml' }).documents.map((node) => node.toPlain()) as [
      { readonly spec?: object },
    ];
    return document.spec === undefined ? text : toYaml(document.spec);
  });
}

describe('promtool takes the rules', () => {
  test.each([
    ['of events and of ratios', EVENTS, {}, 30, [32]],
    ['of 28 days', EVENTS, {}, 28, [32]],
    ['without alerts', EVENTS, { hasAlerts: false }, 30, [30]],
    ['without recordings', EVENTS, { hasRecordings: false }, 30, [2]],
    ['with more labels', EVENTS, { extraLabels: { cluster: 'eu' } }, 30, [32]],
    ['of several documents', `${EVENTS}---\n${KUBERNETES}---\n${OPENSLO}`, {}, 30, [32, 17, 15]],
    ['of Kubernetes objects', KUBERNETES, {}, 30, [17]],
    ['of OpenSLO', OPENSLO, {}, 30, [15]],
    ['of windows of one’s own', `${EVENTS}---\n${WEEK}`, {}, 7, [22]],
  ] as const)('%s', async (_, source, options, days, counts) => {
    const files = generate(source, options, days);
    expect(files).toHaveLength(counts.length);
    for (const [i, text] of files.entries()) {
      writeFileSync(join(folder, 'rules.yml'), text);
      expect(await promtool('check', 'rules', '--lint-fatal', 'rules.yml')).toMatchObject({
        code: 0,
        text: expect.stringContaining(`SUCCESS: ${counts[i]} rules found`),
      });
    }
  });

  test.each(['ai-teams.yml', 'lyss.yml'])('of the pack %s', async (name) => {
    const [text] = generate(readFileSync(join(PACKS, name), 'utf8'), {}, 30);
    writeFileSync(join(folder, 'rules.yml'), text!);
    expect(await promtool('check', 'rules', '--lint-fatal', 'rules.yml')).toMatchObject({ code: 0 });
  });
});

test.each(globSync('*_test.yml', { cwd: PACKS }))('the shipped tests of %s pass', async (name) => {
  expect(await promtool('test', 'rules', join(PACKS, name))).toMatchObject({ code: 0 });
});
