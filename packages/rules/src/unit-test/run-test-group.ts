/**
 * One test of a promtool file: rules are evaluated from time zero on over the given series, alerts are compared
 * as they come, expressions at the end. Source: Prometheus cmd/promtool, whose order of things this keeps.
 */
import { formatDuration } from '@sluice/config/duration';
import { createEngine, type Engine } from '@sluice/promql/engine';
import { formatHistogram } from '@sluice/promql/histogram/format-histogram';
import { compareLabels, type Labels, toLabels } from '@sluice/promql/model/labels';
import { parseMetric, parseValues } from '@sluice/promql/notation/series-notation';
import { ALL_FEATURES } from '@sluice/promql/parse/parse-expression';
import type { QueryResult } from '@sluice/promql/query-result';
import type { ActiveAlerts } from '../evaluate/alert-state.ts';
import { evaluateGroup, type GroupEvaluation } from '../evaluate/evaluate-group.ts';
import type { RuleGroup } from '../rule-file.ts';
import {
  formatGoDuration,
  renderAlertFailure,
  renderExpressionFailure,
  type ShownAlert,
  type ShownSample,
} from './render-failure.ts';
import { createSampleStore, type SampleStore } from './sample-store.ts';
import type { AlertTest, ExpressionTest, TestGroup } from './test-file.ts';

export interface TestGroupOptions {
  readonly groups: readonly RuleGroup[];
  readonly evaluationIntervalMs: number;
  readonly fuzzyCompare: boolean;
  /** What each group gave at each time; for those who compare more than the file asks for. */
  readonly onEvaluation?: (timeMs: number, group: RuleGroup, evaluation: GroupEvaluation) => void;
}

/** What is wrong, in promtool's words; nothing when all is as expected. */
export async function runTestGroup(test: TestGroup, options: TestGroupOptions): Promise<readonly string[]> {
  const { evaluationIntervalMs } = options;
  for (const { alertname, evalTimeMs } of test.alertTests) {
    if (alertname !== '') continue;
    const place = test.name === '' ? '' : ` (in TestGroup ${test.name})`;
    return [
      `an item under alert_rule_test misses required attribute alertname at eval_time ${formatDuration(evalTimeMs)}${place}`,
    ];
  }
  const store = openStore(test);
  if (typeof store === 'string') return [store];
  const engine = createEngine({
    clock: { nowMs: () => 0 },
    features: ALL_FEATURES,
    defaultStepMs: () => evaluationIntervalMs,
  });
  const failures: string[] = [];
  const waiting = [...new Set(test.alertTests.map(({ evalTimeMs }) => evalTimeMs))].sort((a, b) => a - b);
  const { startMs } = test;
  const lastMs = Math.max(
    0,
    ...[...test.alertTests, ...test.expressionTests].map(({ evalTimeMs }) => evalTimeMs),
  );
  const world = createWorld(test, { ...options, store, engine });
  for (let sinceMs = 0; sinceMs <= lastMs; sinceMs += evaluationIntervalMs) {
    const faults = await world.evaluate(startMs + sinceMs);
    failures.push(...faults);
    // A rule that cannot be evaluated ends the test; one that gives something else does not.
    if (faults.length > 0) return failures;
    while (waiting.length > 0 && waiting[0]! < sinceMs + evaluationIntervalMs) {
      const evalTimeMs = waiting.shift()!;
      for (const wanted of test.alertTests) {
        if (wanted.evalTimeMs !== evalTimeMs) continue;
        const failure = compareAlerts(wanted, world.firing(wanted.alertname), test.name);
        if (failure !== undefined) failures.push(failure);
      }
    }
  }
  store.setPresent(Number.POSITIVE_INFINITY);
  for (const wanted of test.expressionTests) {
    const failure = await compareExpression(wanted, {
      engine,
      store,
      startMs,
      isFuzzy: options.fuzzyCompare,
    });
    if (failure !== undefined) failures.push(failure);
  }
  return failures;
}

function openStore({ inputSeries, ...times }: TestGroup): SampleStore | string {
  try {
    return createSampleStore(inputSeries, times);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface WorldOptions extends TestGroupOptions {
  readonly store: SampleStore;
  readonly engine: Engine;
}

function createWorld(
  { externalLabels, externalUrl }: TestGroup,
  { groups, evaluationIntervalMs, store, engine, onEvaluation }: WorldOptions,
) {
  const last = new Map<RuleGroup, GroupEvaluation>();
  return {
    /** Answers what could not be evaluated. */
    async evaluate(timeMs: number): Promise<readonly string[]> {
      const faults: string[] = [];
      store.setPresent(timeMs);
      for (const group of groups) {
        const queryOffsetMs = group.queryOffsetMs ?? 0;
        const evaluation = await evaluateGroup(group, last.get(group)?.memory, {
          engine,
          reader: store,
          timeMs,
          intervalMs: evaluationIntervalMs,
          queryOffsetMs,
          externalLabels: Object.fromEntries(externalLabels),
          externalUrl,
        });
        last.set(group, evaluation);
        store.append(evaluation.samples, timeMs - queryOffsetMs);
        store.end(evaluation.stale, timeMs - queryOffsetMs);
        onEvaluation?.(timeMs, group, evaluation);
        evaluation.memory.rules.forEach(({ health, lastError }, index) => {
          if (health !== 'err') return;
          const { name } = group.rules[index]!;
          faults.push(`    rule: ${name}, time: ${formatGoDuration(timeMs)}, err: ${lastError}`);
        });
      }
      return faults;
    },
    firing(alertname: string): readonly ShownAlert[] {
      return groups.flatMap((group) =>
        group.rules.flatMap((rule, index) =>
          rule.type === 'alerting' && rule.name === alertname
            ? firingOf(last.get(group)?.alerts[index] ?? new Map())
            : [],
        ),
      );
    },
  };
}

function firingOf(alerts: ActiveAlerts): readonly ShownAlert[] {
  return [...alerts.values()]
    .filter(({ state }) => state === 'firing')
    .map(({ labels, annotations }) => ({
      labels: toLabels(labels),
      annotations: toAnnotations(annotations),
    }));
}

/** Annotations may be empty, which labels cannot be. */
function toAnnotations(annotations: Readonly<Record<string, string>>): Labels {
  return Object.entries(annotations)
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const byLabels = (a: ShownAlert, b: ShownAlert): number =>
  compareLabels(a.labels, b.labels) || compareLabels(a.annotations, b.annotations);

function compareAlerts(
  { alertname, evalTimeMs, expected: wanted }: AlertTest,
  found: readonly ShownAlert[],
  testName: string,
): string | undefined {
  const expected = wanted
    .map(
      ({ labels, annotations }): ShownAlert => ({
        labels: toAnnotations({ ...Object.fromEntries(labels), alertname }),
        annotations: toAnnotations(Object.fromEntries(annotations)),
      }),
    )
    .sort(byLabels);
  const got = [...found].sort(byLabels);
  const isSame =
    expected.length === got.length && expected.every((alert, i) => byLabels(alert, got[i]!) === 0);
  return isSame ? undefined : renderAlertFailure({ testName, alertname, evalTimeMs, expected, got });
}

async function compareExpression(
  { expr, evalTimeMs, expected: wanted }: ExpressionTest,
  {
    engine,
    store,
    startMs,
    isFuzzy,
  }: {
    readonly engine: Engine;
    readonly store: SampleStore;
    readonly startMs: number;
    readonly isFuzzy: boolean;
  },
): Promise<string | undefined> {
  const fail = (reason: string): string =>
    `    expr: ${JSON.stringify(expr)}, time: ${formatDuration(evalTimeMs)}, err: ${reason}`;
  let got: readonly ShownSample[];
  try {
    got = toShown(await engine.instant(expr, { reader: store, timeMs: startMs + evalTimeMs }));
  } catch (error) {
    return fail(messageOf(error));
  }
  const expected: ShownSample[] = [];
  for (const { labels, value, histogram } of wanted) {
    try {
      expected.push({ labels: parseMetric(labels), value, histogram: normalHistogram(histogram) });
    } catch (error) {
      return fail(`labels ${JSON.stringify(labels)}: ${messageOf(error)}`);
    }
  }
  const order = (a: ShownSample, b: ShownSample): number => compareLabels(a.labels, b.labels);
  expected.sort(order);
  const found = [...got].sort(order);
  const isSame =
    expected.length === found.length &&
    expected.every((sample, i) => isSameSample(sample, found[i]!, isFuzzy));
  return isSame ? undefined : renderExpressionFailure({ expr, evalTimeMs, expected, got: found });
}

function toShown({ value }: QueryResult): readonly ShownSample[] {
  switch (value.type) {
    case 'vector':
      return value.samples.map(({ labels, value: float, histogram }) => ({
        labels,
        value: histogram === undefined ? float : 0,
        histogram: histogram === undefined ? '' : formatHistogram(histogram),
      }));
    case 'scalar':
      return [{ labels: [], value: value.value, histogram: '' }];
    default:
      throw new Error('rule result is not a vector or scalar');
  }
}

/** As the engine's results are written, so that two spellings of one histogram are equal. */
function normalHistogram(text: string): string {
  if (text === '') return '';
  const [value, ...rest] = parseValues(text);
  if (value?.kind !== 'histogram' || rest.length > 0)
    throw new Error(`expected a histogram, got ${JSON.stringify(text)}`);
  return formatHistogram(value.histogram);
}

function isSameSample(a: ShownSample, b: ShownSample, isFuzzy: boolean): boolean {
  if (compareLabels(a.labels, b.labels) !== 0 || a.histogram !== b.histogram) return false;
  if (a.value === b.value || (Number.isNaN(a.value) && Number.isNaN(b.value))) return true;
  return isFuzzy && areNeighbours(a.value, b.value);
}

/** Whether no other double lies between them. */
function areNeighbours(a: number, b: number): boolean {
  const bits = (value: number): bigint => {
    const raw = new BigInt64Array(Float64Array.of(value).buffer)[0]!;
    // Doubles of either sign in one ascending row of whole numbers.
    return raw < 0n ? -(raw & 0x7fffffffffffffffn) : raw;
  };
  const distance = bits(a) - bits(b);
  return distance >= -1n && distance <= 1n;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
