/** One rule at one time: its query, its labels, and what it gives. A fault changes nothing of the rule's state. */
import type { Engine } from '@sluice/promql/engine';
import { labelsKey, METRIC_NAME, toRecord, withLabels } from '@sluice/promql/model/labels';
import type { QueryResult, VectorSample } from '@sluice/promql/query-result';
import type { SeriesReader } from '@sluice/promql/series-reader';
import type { AlertingRule, RecordingRule, Rule } from '../rule-file.ts';
import { type ActiveAlerts, type Candidate, type RuleSample, stepAlerts } from './alert-state.ts';
import { expandTemplate, type TemplateData, type TemplateQuery } from './expand-templates.ts';
import { NO_DATA_LABEL, noDataStateOf } from './no-data-state.ts';

/** What rules need of an engine; another server's may stand in for ours. */
export type RuleEngine = Pick<Engine, 'instant'>;

export interface RuleContext {
  readonly engine: RuleEngine;
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
  override readonly name: string = 'RuleError';
}

/** More alerts than the group allows: the rule's alerts are given up, as Prometheus does. */
export class LimitError extends RuleError {
  override readonly name = 'LimitError';
}

export async function evaluateRecordingRule(
  rule: RecordingRule,
  context: RuleContext,
): Promise<readonly RuleSample[]> {
  const samples: RuleSample[] = [];
  const seen = new Set<string>();
  const changes = new Map([...rule.labels, [METRIC_NAME, rule.name]]);
  const { samples: found } = await queryOf(rule, context);
  for (const { labels: own, value, histogram } of found) {
    const labels = withLabels(own, changes);
    const identity = labelsKey(labels);
    if (seen.has(identity))
      throw new RuleError('vector contains metrics with the same labelset after applying rule labels');
    seen.add(identity);
    samples.push({ labels, value, ...(histogram === undefined ? {} : { histogram }) });
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
  const add = async (sample: Pick<VectorSample, 'labels' | 'value' | 'histogram'>): Promise<void> => {
    const data: TemplateData = {
      labels: toRecord(sample.labels),
      externalLabels: context.externalLabels,
      externalUrl: context.externalUrl,
      // Go's zero value, as Prometheus passes it for a histogram.
      value: sample.histogram === undefined ? sample.value : 0,
    };
    const expand = (text: string): Promise<string> =>
      expandTemplate(text, data, { name: `__alert_${rule.name}`, query });
    const changes = new Map<string, string>([[METRIC_NAME, '']]);
    for (const [name, text] of rule.labels) changes.set(name, await expand(text));
    changes.set('alertname', rule.name);
    const labels = withLabels(sample.labels, changes);
    const annotations: Record<string, string> = {};
    for (const [name, text] of rule.annotations) annotations[name] = await expand(text);
    const identity = labelsKey(labels);
    if (candidates.has(identity))
      throw new RuleError('vector contains metrics with the same labelset after applying alert labels');
    candidates.set(identity, { identity, labels: { ...toRecord(labels) }, annotations, value: data.value });
  };
  const { samples, hasData } = await queryOf(rule, context);
  for (const sample of samples) await add(sample);
  if (!hasData && samples.length === 0) {
    const state = noDataStateOf(rule);
    if (state === 'keep_last') return before;
    if (state === 'alerting')
      await add({ labels: [{ name: NO_DATA_LABEL, value: 'true' }], value: Number.NaN });
  }
  const after = stepAlerts(before, candidates, { ...rule, timeMs: context.timeMs });
  let live = 0;
  for (const { state } of after.values()) if (state !== 'inactive') live += 1;
  if (context.limit > 0 && live > context.limit)
    throw new LimitError(`exceeded limit of ${context.limit} with ${live} alerts`);
  return after;
}

interface Answer {
  readonly samples: readonly VectorSample[];
  /** False when no series at all was there to look at. */
  readonly hasData: boolean;
}

async function queryOf(
  { query }: Rule,
  { engine, reader, timeMs, queryOffsetMs }: RuleContext,
): Promise<Answer> {
  const result = await engine.instant(query, { reader, timeMs: timeMs - queryOffsetMs });
  return { samples: toSamples(result), hasData: result.stats.seriesRead !== 0 };
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

/** Queries inside templates ask for the time of the evaluation itself: an offset is only for the rule's own. */
function templateQueryOf({ engine, reader, timeMs }: RuleContext): TemplateQuery {
  return async (expression) => {
    const samples = toSamples(await engine.instant(expression, { reader, timeMs }));
    return samples.map(({ labels, value }) => ({ labels: toRecord(labels), value }));
  };
}
