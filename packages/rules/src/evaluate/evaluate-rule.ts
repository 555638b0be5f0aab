/** One rule at one time: its query, its labels, and what it gives. A fault changes nothing of the rule's state. */
import type { Engine } from '@sluice/promql/engine';
import { type Labels, toRecord, withLabels } from '@sluice/promql/model/labels';
import type { QueryResult, VectorSample } from '@sluice/promql/query-result';
import type { SeriesReader } from '@sluice/promql/series-reader';
import type { AlertingRule, RecordingRule } from '../rule-file.ts';
import { type ActiveAlerts, type Candidate, type RuleSample, stepAlerts } from './alert-state.ts';
import { expandTemplate, type TemplateData, type TemplateQuery } from './expand-templates.ts';

export interface RuleContext {
  readonly engine: Engine;
  readonly reader: SeriesReader;
  /** When the rule is evaluated; it asks for the data of `timeMs - queryOffsetMs`. */
  readonly timeMs: number;
  readonly queryOffsetMs: number;
  readonly limit: number;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
}

/** A rule that cannot be evaluated, in Prometheus' words; its alerts stay as they are. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
}

export async function evaluateRecordingRule(
  rule: RecordingRule,
  context: RuleContext,
): Promise<readonly RuleSample[]> {
  const samples: RuleSample[] = [];
  const seen = new Set<string>();
  const changes = new Map([...rule.labels, ['__name__', rule.name]]);
  for (const sample of await vectorOf(rule.query, context)) {
    const labels = withLabels(sample.labels, changes);
    const identity = identityOf(labels);
    if (seen.has(identity))
      throw new RuleError('vector contains metrics with the same labelset after applying rule labels');
    seen.add(identity);
    samples.push({ labels, value: sample.value });
  }
  if (context.limit > 0 && samples.length > context.limit)
    throw new RuleError(`exceeded limit of ${context.limit} with ${samples.length} series`);
  return samples;
}

export async function evaluateAlertingRule(
  rule: AlertingRule,
  before: ActiveAlerts,
  context: RuleContext,
): Promise<ActiveAlerts> {
  const candidates = new Map<string, Candidate>();
  const query = templateQueryOf(context);
  for (const sample of await vectorOf(rule.query, context)) {
    const data: TemplateData = {
      labels: toRecord(sample.labels),
      externalLabels: context.externalLabels,
      externalUrl: context.externalUrl,
      value: sample.value,
    };
    const expand = (text: string): Promise<string> =>
      expandTemplate(text, data, { name: `__alert_${rule.name}`, query });
    const changes = new Map<string, string>([['__name__', '']]);
    for (const [name, text] of rule.labels) changes.set(name, await expand(text));
    changes.set('alertname', rule.name);
    const labels = withLabels(sample.labels, changes);
    const annotations: Record<string, string> = {};
    for (const [name, text] of rule.annotations) annotations[name] = await expand(text);
    const identity = identityOf(labels);
    if (candidates.has(identity))
      throw new RuleError('vector contains metrics with the same labelset after applying alert labels');
    candidates.set(identity, { identity, labels: { ...toRecord(labels) }, annotations, value: sample.value });
  }
  const after = stepAlerts(before, candidates, { ...rule, timeMs: context.timeMs });
  const live = [...after.values()].filter(({ state }) => state !== 'inactive').length;
  if (context.limit > 0 && live > context.limit)
    throw new RuleError(`exceeded limit of ${context.limit} with ${live} alerts`);
  return after;
}

/** Text that is the same for equal label sets only. */
export function identityOf(labels: Labels): string {
  return JSON.stringify(labels.map(({ name, value }) => [name, value]));
}

async function vectorOf(
  query: string,
  { engine, reader, timeMs, queryOffsetMs }: RuleContext,
): Promise<readonly VectorSample[]> {
  const result = await engine.instant(query, { reader, timeMs: timeMs - queryOffsetMs });
  return toSamples(result);
}

function toSamples({ value }: QueryResult): readonly VectorSample[] {
  switch (value.type) {
    case 'vector':
      return value.samples;
    case 'scalar':
      return [{ labels: [], timeMs: value.timeMs, value: value.value }];
    default:
      throw new RuleError('rule result is not a vector or scalar');
  }
}

function templateQueryOf(context: RuleContext): TemplateQuery {
  return async (expression) =>
    (await vectorOf(expression, context)).map(({ labels, value }) => ({ labels: toRecord(labels), value }));
}
