import { parseYaml } from '@sluice/config/parse-yaml';
import { describe, expect, test } from 'vitest';
import { parseRuleFile } from '../../rule-file.ts';
import { loadSlos } from '../load-slos.ts';
import { DEFAULT_SLO_SETTINGS } from '../slo-settings.ts';
import { type GenerateOptions, generateGroup } from './generate-rules.ts';
import { renderGroups } from './render-rules.ts';

const DAY_MS = 86_400_000;

const EVENTS = `
version: prometheus/v1
service: svc
labels: {owner: us}
slos:
  - name: slo
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(hits_total{code=~"5.."}[{{ .window }}]))
        total_query: sum(rate(hits_total[{{.window}}]))
    alerting:
      name: SvcBurns
      labels: {category: availability}
      annotations: {runbook: 'https://runbooks.test'}
      page_alert: {labels: {level: critical}}
      ticket_alert: {labels: {level: warning}, annotations: {summary: mine}}
`;
const RAW = `
version: prometheus/v1
service: svc
slos:
  - name: raw
    objective: 95
    sli: {raw: {error_ratio_query: "1 - avg_over_time(good[{{.window}}])"}}
    alerting: {page_alert: {disable: true}, ticket_alert: {disable: true}}
`;

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

function generate(source: string, options: Partial<GenerateOptions> = {}, defaultPeriodMs = 30 * DAY_MS) {
  const { groups, windows, problems } = loadSlos([{ file: 'a.yml', source }], {
    settings: { ...DEFAULT_SLO_SETTINGS, defaultPeriodMs },
  });
  expect(problems).toEqual([]);
  const texts = groups!.map((group) =>
    renderGroups(group, generateGroup(group, { windows, version: '1.0.0', ...options }), {
      version: '1.0.0',
    }),
  );
  const text = texts.join('\n');
  const documents = parseYaml(text, { file: 'out.yml' }).documents.map((node) => node.toPlain()) as {
    readonly groups: { readonly name: string; readonly rules: readonly Rule[] }[];
  }[];
  return { text, documents, groups: documents.flatMap((document) => document.groups ?? []) };
}

describe('generated rules', () => {
  test('are three groups an SLO, in Sloth’s names', () => {
    expect(generate(EVENTS).groups.map(({ name, rules }) => [name, rules.length])).toEqual([
      ['sloth-slo-sli-recordings-svc-slo', 8],
      ['sloth-slo-meta-recordings-svc-slo', 7],
      ['sloth-slo-alerts-svc-slo', 2],
    ]);
  });

  test('record the ratio of each window, and the period out of the shortest', () => {
    const [{ rules }] = generate(EVENTS).groups as unknown as [{ rules: readonly Rule[] }];
    expect(rules.map(({ record, labels }) => [record, labels.sloth_window])).toEqual(
      ['5m', '30m', '1h', '2h', '6h', '1d', '3d', '30d'].map((window) => [
        `slo:sli_error:ratio_rate${window}`,
        window,
      ]),
    );
    expect(rules[0]).toEqual({
      record: 'slo:sli_error:ratio_rate5m',
      expr: '(sum(rate(hits_total{code=~"5.."}[5m])))\n/\n(sum(rate(hits_total[5m])))\n',
      labels: {
        owner: 'us',
        sloth_id: 'svc-slo',
        sloth_service: 'svc',
        sloth_slo: 'slo',
        sloth_window: '5m',
      },
    });
    const selected =
      'slo:sli_error:ratio_rate5m{sloth_id="svc-slo", sloth_service="svc", sloth_slo="slo"}[30d]';
    expect(rules.at(-1)!.expr).toBe(
      `sum_over_time(${selected})\n/ ignoring (sloth_window)\ncount_over_time(${selected})\n`,
    );
  });

  test('record objective, budget, burn rates and where they come from', () => {
    const { rules } = generate(EVENTS).groups[1]!;
    const of = (metric: string): Rule => rules.find(({ record }) => record === metric)!;
    const selector = '{sloth_id="svc-slo", sloth_service="svc", sloth_slo="slo"}';
    expect(rules.map(({ record, expr }) => [record, expr])).toEqual([
      // In the digits of Sloth: 99.9 / 100 is no round number in binary.
      ['slo:objective:ratio', 'vector(0.9990000000000001)'],
      ['slo:error_budget:ratio', 'vector(1-0.9990000000000001)'],
      ['slo:time_period:days', 'vector(30)'],
      [
        'slo:current_burn_rate:ratio',
        `slo:sli_error:ratio_rate5m${selector}\n/ on(sloth_id, sloth_slo, sloth_service) group_left\nslo:error_budget:ratio${selector}\n`,
      ],
      [
        'slo:period_burn_rate:ratio',
        `slo:sli_error:ratio_rate30d${selector}\n/ on(sloth_id, sloth_slo, sloth_service) group_left\nslo:error_budget:ratio${selector}\n`,
      ],
      ['slo:period_error_budget_remaining:ratio', `1 - slo:period_burn_rate:ratio${selector}`],
      ['sloth_slo_info', 'vector(1)'],
    ]);
    expect(of('sloth_slo_info').labels).toMatchObject({
      sloth_mode: 'cli-gen-prom',
      sloth_objective: '99.9',
      sloth_spec: 'prometheus/v1',
      sloth_version: '1.0.0',
    });
  });

  test('alert where both windows of a pair burn too fast', () => {
    const [page, ticket] = generate(EVENTS).groups[2]!.rules as [Rule, Rule];
    const burns = (window: string, limit: string): string =>
      `max(slo:sli_error:ratio_rate${window}{sloth_id="svc-slo", sloth_service="svc", sloth_slo="slo"} > (${limit} * 0.0009999999999999432)) without (sloth_window)`;
    const pair = (short: string, long: string, limit: string): string =>
      `(\n    ${burns(short, limit)}\n    and\n    ${burns(long, limit)}\n)\n`;
    expect(page.expr).toBe(`${pair('5m', '1h', '14.4')}or\n${pair('30m', '6h', '6')}`);
    expect(ticket.expr).toBe(`${pair('2h', '1d', '3')}or\n${pair('6h', '3d', '1')}`);
    expect(page).toMatchObject({
      alert: 'SvcBurns',
      labels: { category: 'availability', level: 'critical', sloth_severity: 'page' },
      annotations: {
        runbook: 'https://runbooks.test',
        summary:
          '{{$labels.sloth_service}} {{$labels.sloth_slo}} SLO error budget burn rate is over expected.',
        title:
          '(page) {{$labels.sloth_service}} {{$labels.sloth_slo}} SLO error budget burn rate is too fast.',
      },
    });
    expect(ticket.annotations!.summary).toBe('mine');
  });

  test('of 28 days have the period of four weeks and lower limits', () => {
    const { groups } = generate(EVENTS, {}, 28 * DAY_MS);
    expect(groups[0]!.rules.at(-1)!.record).toBe('slo:sli_error:ratio_rate4w');
    expect(groups[2]!.rules[0]!.expr).toContain('> (13.44 * 0.0009999999999999432)');
    expect(groups[2]!.rules[0]!.expr).toContain('> (5.6000000000000005 * 0.0009999999999999432)');
  });

  test('of a raw SLI are its own expression; without alerts there is no group of them', () => {
    const { groups } = generate(RAW);
    expect(groups.map(({ name }) => name)).toEqual([
      'sloth-slo-sli-recordings-svc-raw',
      'sloth-slo-meta-recordings-svc-raw',
    ]);
    expect(groups[0]!.rules[1]!.expr).toBe('(1 - avg_over_time(good[30m]))');
  });

  test('may leave out recordings or alerts, and carry more labels', () => {
    expect(generate(EVENTS, { hasAlerts: false }).groups).toHaveLength(2);
    expect(generate(EVENTS, { hasRecordings: false }).groups.map(({ name }) => name)).toEqual([
      'sloth-slo-alerts-svc-slo',
    ]);
    const { groups } = generate(EVENTS, { extraLabels: { cluster: 'eu' } });
    expect(groups[0]!.rules.every(({ labels }) => labels.cluster === 'eu' && labels.owner === 'us')).toBe(
      true,
    );
    expect(groups[2]!.rules.every(({ labels }) => labels.cluster === undefined)).toBe(true);
  });

  test('of a Kubernetes object are one, with its metadata', () => {
    const object = EVENTS.replace(
      'version: prometheus/v1',
      'apiVersion: sloth.slok.dev/v1\nkind: PrometheusServiceLevel\nmetadata: {name: n, namespace: ns, labels: {a: b}, annotations: {c: d}}\nspec:',
    )
      .replaceAll(/^(service|labels|slos)/gm, '  $1')
      .replaceAll(/^( {2}- | {4,})/gm, '  $1');
    const [document] = generate(object).documents as unknown as [
      { kind: string; metadata: unknown; spec: { groups: { rules: Rule[] }[] } },
    ];
    expect(document).toMatchObject({
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: {
        name: 'n',
        namespace: 'ns',
        labels: { a: 'b', 'app.kubernetes.io/component': 'SLO', 'app.kubernetes.io/managed-by': 'sloth' },
        annotations: { c: 'd' },
      },
    });
    expect(document.spec.groups[1]!.rules.at(-1)!.labels).toMatchObject({
      sloth_mode: 'cli-gen-k8s',
      sloth_spec: 'sloth.slok.dev/v1',
    });
  });

  test('of several documents are one document each, and all are rule files', () => {
    const { text, documents } = generate(`${EVENTS}---\n${RAW}`);
    expect(documents).toHaveLength(2);
    for (const part of text.split(/^---$/m).slice(1))
      expect(parseRuleFile(part, { file: 'x.yml' }).problems).toEqual([]);
    // Labels are written out for people to read.
    expect(text).not.toMatch(/[&*]a\d/);
  });

  test('leave out what is in quarantine', () => {
    const { groups, windows } = loadSlos([
      { file: 'a.yml', source: EVENTS.replace('code=~"5.."', 'code=~"2.."') },
    ]);
    expect(generateGroup(groups![0]!, { windows, version: '' })).toEqual([]);
  });
});
