/** Range aggregations: samples of lines, by series, in windows that end at each time: (time - range, time]. */
import type { Grouping, MetricExpr, RangeOperation, Unwrap } from './ast.ts';
import { type Entry, ERROR_DETAILS_LABEL, ERROR_LABEL } from './entry.ts';
import { createLabelFilter, readValue } from './label-filters.ts';
import { METADATA_LABELS } from './line-metadata.ts';
import { eachEntry, labelsKey } from './log-query.ts';
import { LogqlError } from './logql-error.ts';
import type { MetricContext, Series } from './metric-query.ts';
import { createWindowFunction } from './window-functions.ts';

type RangeExpr = Extract<MetricExpr, { kind: 'range' }>;

/** Samples of one series, as they come. */
interface Samples {
  readonly labels: Readonly<Record<string, string>>;
  readonly timesMs: number[];
  readonly values: number[];
}

/** More series are a mistake in the query, and would not fit in memory. */
export const MAX_SERIES = 20_000;

/** @throws LogqlError */
export async function evaluateRange(expr: RangeExpr, context: MetricContext): Promise<readonly Series[]> {
  const { rangeMs, offsetMs, operation } = expr;
  const { timesMs } = context;
  const series = await collectSamples(expr, context);
  if (operation === 'absent_over_time') return [absent(expr, series, timesMs)];

  const apply = createWindowFunction(operation, {
    rangeMs,
    parameter: expr.parameter ?? 0,
    isUnwrapped: expr.unwrap !== undefined,
  });
  return series.map((samples) => {
    const { timesMs: sampleTimes, values } = inOrder(samples);
    let from = 0;
    let to = 0;
    return {
      labels: samples.labels,
      values: timesMs.map((timeMs) => {
        const end = timeMs - offsetMs;
        while (to < sampleTimes.length && sampleTimes[to]! <= end) to += 1;
        while (from < to && sampleTimes[from]! <= end - rangeMs) from += 1;
        return from === to ? undefined : apply(values, from, to);
      }),
    };
  });
}

async function collectSamples(
  expr: RangeExpr,
  { source, stats, timesMs }: MetricContext,
): Promise<readonly Samples[]> {
  const { selector, rangeMs, offsetMs, grouping, unwrap, operation } = expr;
  const first = timesMs[0]! - offsetMs - rangeMs;
  const last = timesMs.at(-1)! - offsetMs;
  const sampleOf = createValueReader(operation, unwrap);
  const byKey = new Map<string, Samples>();
  // Without stages that make labels, all lines of a stream are of one series.
  const isPlain =
    unwrap === undefined &&
    selector.stages.every(({ kind }) => kind === 'line') &&
    !METADATA_LABELS.some((name) => grouping?.labels.includes(name));
  const byStream = new Map<number, Samples>();

  const samplesOf = (entry: Entry): Samples => {
    const labels = seriesLabels(entry, grouping, unwrap);
    const key = labelsKey(labels);
    let samples = byKey.get(key);
    if (samples === undefined) {
      if (byKey.size >= MAX_SERIES) {
        throw new LogqlError(
          `maximum number of series (${MAX_SERIES}) reached for a single query; consider aggregating with sum by (…) or a narrower selector`,
        );
      }
      samples = { labels, timesMs: [], values: [] };
      byKey.set(key, samples);
    }
    return samples;
  };

  await eachEntry(selector, source, {
    startNs: BigInt(Math.floor(first)) * 1_000_000n + 1n,
    endNs: BigInt(Math.floor(last)) * 1_000_000n + 1n,
    stats,
    visit(entry, chunk) {
      const value = sampleOf(entry);
      if (value === undefined) return;
      let samples = isPlain ? byStream.get(chunk.stream.id) : undefined;
      if (samples === undefined) {
        samples = samplesOf(entry);
        if (isPlain) byStream.set(chunk.stream.id, samples);
      }
      samples.timesMs.push(Number(entry.timeNs) / 1e6);
      samples.values.push(value);
    },
  });
  return [...byKey.values()];
}

/** Answers `undefined` for lines that give no sample. @throws LogqlError when a stage failed on the line */
function createValueReader(
  operation: RangeOperation,
  unwrap: Unwrap | undefined,
): (entry: Entry) => number | undefined {
  const filters = (unwrap?.filters ?? []).map(createLabelFilter);
  const isBytes = operation === 'bytes_rate' || operation === 'bytes_over_time';
  return (entry) => {
    let value: number | undefined = isBytes ? Buffer.byteLength(entry.line) : 1;
    if (unwrap !== undefined) {
      const text = entry.get(unwrap.label);
      if (text === '') return undefined;
      value = readValue(unwrap.conversion, text);
      if (value === undefined)
        entry.fail('SampleExtractionErr', `cannot read ${JSON.stringify(text)} as a ${unwrap.conversion}`);
      if (!filters.every((filter) => filter(entry))) return undefined;
    }
    const error = entry.get(ERROR_LABEL);
    if (error !== '') {
      throw new LogqlError(
        `pipeline error: '${error}' for a line: ${entry.get(ERROR_DETAILS_LABEL)}. Use a label filter to intentionally skip this error. (e.g | __error__!="${error}").`,
      );
    }
    return value;
  };
}

function seriesLabels(
  entry: Entry,
  grouping: Grouping | undefined,
  unwrap: Unwrap | undefined,
): Readonly<Record<string, string>> {
  if (grouping !== undefined && !grouping.isWithout) {
    const grouped: Record<string, string> = {};
    for (const name of grouping.labels) {
      const value = entry.get(name);
      if (value !== '') grouped[name] = value;
    }
    return grouped;
  }
  // Ids beside the line differ from line to line: as labels of a series they would count nothing together.
  const { stream, parsed } = entry.categories();
  const labels: Record<string, string> = { ...stream, ...parsed };
  if (unwrap !== undefined) delete labels[unwrap.label];
  for (const name of grouping?.labels ?? []) delete labels[name];
  return labels;
}

function inOrder({ timesMs, values }: Samples): {
  readonly timesMs: readonly number[];
  readonly values: readonly number[];
} {
  let isOrdered = true;
  for (let i = 1; i < timesMs.length && isOrdered; i++) isOrdered = timesMs[i]! >= timesMs[i - 1]!;
  if (isOrdered) return { timesMs, values };
  const order = Uint32Array.from(timesMs, (_, i) => i).sort((a, b) => timesMs[a]! - timesMs[b]! || a - b);
  return { timesMs: Array.from(order, (i) => timesMs[i]!), values: Array.from(order, (i) => values[i]!) };
}

/** 1 where no line was in the window; labels are those that the selector fixes by `=`. */
function absent(
  { selector, rangeMs, offsetMs }: RangeExpr,
  series: readonly Samples[],
  timesMs: readonly number[],
): Series {
  const all = series.flatMap((samples) => samples.timesMs).sort((a, b) => a - b);
  const labels = Object.fromEntries(
    selector.matchers
      .filter(({ op, value }) => op === '=' && value !== '')
      .map(({ name, value }) => [name, value]),
  );
  let at = 0;
  return {
    labels,
    values: timesMs.map((timeMs) => {
      const end = timeMs - offsetMs;
      while (at < all.length && all[at]! <= end - rangeMs) at += 1;
      return at < all.length && all[at]! <= end ? undefined : 1;
    }),
  };
}
