/**
 * Which items validation takes, judged on decoded values and written apart from the walkers: the fuzz run
 * cuts a decoded request by these rules and compares it with the bytes that validation left.
 */
import type { Exemplar, LogRecord, Metric, MetricData, Span } from '../model.ts';

export function isTakenSpan({ traceId, spanId, parentSpanId, links }: Span): boolean {
  return (
    isId(traceId, 32) &&
    isId(spanId, 16) &&
    isAbsentOr(parentSpanId, 16) &&
    links.every((link) => isAbsentOr(link.traceId, 32) && isAbsentOr(link.spanId, 16))
  );
}

export function isTakenRecord({ traceId, spanId }: LogRecord): boolean {
  return isAbsentOr(traceId, 32) && isAbsentOr(spanId, 16);
}

/** The metric with the points that are taken, or undefined if it is cut out whole. */
export function takeMetric(metric: Metric): Metric | undefined {
  const { name, data } = metric;
  if (data.points.length === 0) return metric;
  if (name === '') return undefined;
  if ('aggregationTemporality' in data && ![1, 2].includes(data.aggregationTemporality)) return undefined;
  return { ...metric, data: takePoints(data) };
}

function takePoints(data: MetricData): MetricData {
  switch (data.type) {
    case 'histogram':
      return {
        ...data,
        points: data.points.filter((point) => {
          if (point.timeUnixNano === 0n || !hasSoundExemplars(point.exemplars)) return false;
          if ((point.flags & 1) === 1) return true;
          const { bucketCounts, explicitBounds } = point;
          const fits =
            bucketCounts.length === explicitBounds.length + 1 ||
            (bucketCounts.length === 0 && explicitBounds.length === 0);
          return (
            fits &&
            explicitBounds.every(
              (bound, i) => !Number.isNaN(bound) && (i === 0 || bound > explicitBounds[i - 1]!),
            )
          );
        }),
      };
    case 'summary':
      return {
        ...data,
        points: data.points.filter(
          ({ timeUnixNano, quantiles }) =>
            timeUnixNano !== 0n && quantiles.every(({ quantile }) => quantile >= 0 && quantile <= 1),
        ),
      };
    case 'empty':
      return data;
    default: {
      const isTaken = (point: { timeUnixNano: bigint; exemplars: readonly Exemplar[] }): boolean =>
        point.timeUnixNano !== 0n && hasSoundExemplars(point.exemplars);
      return {
        ...data,
        points: (data.points as (typeof data.points)[number][]).filter(isTaken),
      } as MetricData;
    }
  }
}

function hasSoundExemplars(exemplars: readonly Exemplar[]): boolean {
  return exemplars.every(({ traceId, spanId }) => isAbsentOr(traceId, 32) && isAbsentOr(spanId, 16));
}

function isId(hex: string, digits: number): boolean {
  return hex.length === digits && /[^0]/.test(hex);
}

function isAbsentOr(hex: string, digits: number): boolean {
  return hex.length === 0 || hex.length === digits;
}
