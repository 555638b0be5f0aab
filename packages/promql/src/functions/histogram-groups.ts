/** Puts the `le` series of classic histograms together, and native histograms beside them. */
import { aboutMetric } from '../evaluate/annotations.ts';
import { MESSAGE } from '../evaluate/messages.ts';
import type { Evaluation } from '../evaluate/query-context.ts';
import { FLOAT, HISTOGRAM, type StepSeries } from '../evaluate/step-series.ts';
import type { Histogram } from '../histogram/histogram.ts';
import { parseGoFloat } from '../model/go-float.ts';
import {
  BUCKET_LABEL,
  dropLabels,
  type Labels,
  labelsKey,
  labelValue,
  METRIC_NAME,
} from '../model/labels.ts';
import type { Expr } from '../parse/ast.ts';
import type { ClassicBuckets } from './classic-buckets.ts';

export interface HistogramGroup {
  /** Without `le`. */
  readonly labels: Labels;
  native: StepSeries | undefined;
  /** By ascending bound. */
  readonly classic: { readonly bound: number; readonly series: StepSeries }[];
}

const WITHOUT_BUCKET = new Set([BUCKET_LABEL]);

/** Native histograms first; buckets whose `le` is no number are warned about and left out. */
export function groupHistograms(
  series: readonly StepSeries[],
  { position }: Expr,
  { query }: Evaluation,
): HistogramGroup[] {
  const groups = new Map<string, HistogramGroup>();
  const groupOf = (labels: Labels): HistogramGroup => {
    const key = labelsKey(labels);
    let group = groups.get(key);
    if (!group) {
      group = { labels, native: undefined, classic: [] };
      groups.set(key, group);
    }
    return group;
  };
  for (const candidate of series) if (candidate.histograms) groupOf(candidate.labels).native = candidate;
  for (const candidate of series) {
    if (!candidate.kinds.includes(FLOAT)) continue;
    const { labels } = candidate;
    const text = labelValue(labels, BUCKET_LABEL);
    const bound = parseGoFloat(text);
    if (bound === undefined) {
      const message = aboutMetric(MESSAGE.badBucketLabel(text), labelValue(labels, METRIC_NAME));
      query.annotations.warn(message, position);
    } else groupOf(dropLabels(labels, WITHOUT_BUCKET)).classic.push({ bound, series: candidate });
  }
  for (const { classic } of groups.values()) classic.sort((a, b) => a.bound - b.bound);
  return [...groups.values()];
}

export interface GroupVisitor {
  native(step: number, histogram: Histogram): void;
  /** The buckets are the visitor's to change, until the next call. */
  classic(step: number, buckets: ClassicBuckets): void;
}

/** Step by step; where a group is both native and classic nothing is called, and that is warned about. */
export function visitGroup(
  { labels, native, classic }: HistogramGroup,
  { expr, evaluation }: { readonly expr: Expr; readonly evaluation: Evaluation },
  visitor: GroupVisitor,
): void {
  evaluation.query.checkTime();
  const buckets: ClassicBuckets = { bounds: [], counts: [] };
  for (let step = 0; step < evaluation.grid.count; step++) {
    const isNative = native?.kinds[step] === HISTOGRAM;
    const isClassic = gather(classic, step, buckets);
    if (isNative && isClassic) {
      const message = aboutMetric(MESSAGE.classicAndNative, labelValue(labels, METRIC_NAME));
      evaluation.query.annotations.warn(message, expr.position);
    } else if (isNative) visitor.native(step, native!.histograms![step]!);
    else if (isClassic) visitor.classic(step, buckets);
  }
}

/** The buckets that have a value at a step; equal bounds are added up. */
function gather(
  classic: HistogramGroup['classic'],
  step: number,
  { bounds, counts }: ClassicBuckets,
): boolean {
  let length = 0;
  for (let i = 0; i < classic.length; i++) {
    const { bound, series } = classic[i]!;
    if (series.kinds[step] !== FLOAT) continue;
    const count = series.values[step]!;
    if (length > 0 && bounds[length - 1] === bound) counts[length - 1]! += count;
    else {
      bounds[length] = bound;
      counts[length] = count;
      length++;
    }
  }
  bounds.length = length;
  counts.length = length;
  return length > 0;
}
