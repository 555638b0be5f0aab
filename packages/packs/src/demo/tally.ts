/**
 * Counts what the exporters of the SDK got rid of and what they could not send, by looking over their
 * shoulder: the exporters themselves stay as published.
 */
import type { LogRecordExporter } from '@opentelemetry/sdk-logs';
import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { SpanExporter } from '@opentelemetry/sdk-trace';

export interface Counts {
  readonly spans: number;
  readonly logs: number;
  readonly points: number;
}

export interface Tally {
  count(kind: keyof Counts, items: number, error: Error | undefined): void;
  sent(): Counts;
  failed(): Counts;
  lastError(): string | undefined;
}

export function createTally(): Tally {
  const sent = { spans: 0, logs: 0, points: 0 };
  const failed = { spans: 0, logs: 0, points: 0 };
  let lastError: string | undefined;
  return {
    count(kind, items, error) {
      if (error === undefined) sent[kind] += items;
      else {
        failed[kind] += items;
        lastError = error.message || error.name;
      }
    },
    sent: () => ({ ...sent }),
    failed: () => ({ ...failed }),
    lastError: () => lastError,
  };
}

/** `ExportResultCode.SUCCESS` of @opentelemetry/core. */
const SUCCESS = 0;
type Result = { readonly code: number; readonly error?: Error };

function errorOf({ code, error }: Result): Error | undefined {
  return code === SUCCESS ? undefined : (error ?? new Error('export failed'));
}

export function tallySpans(exporter: SpanExporter, tally: Tally): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        tally.count('spans', spans.length, errorOf(result));
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

export function tallyLogs(exporter: LogRecordExporter, tally: Tally): LogRecordExporter {
  return {
    export: (records, done) =>
      exporter.export(records, (result) => {
        tally.count('logs', records.length, errorOf(result));
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
  };
}

export function tallyMetrics(exporter: PushMetricExporter, tally: Tally): PushMetricExporter {
  return {
    export: (metrics, done) =>
      exporter.export(metrics, (result) => {
        tally.count('points', countPoints(metrics), errorOf(result));
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
    ...(exporter.selectAggregation === undefined
      ? {}
      : { selectAggregation: exporter.selectAggregation.bind(exporter) }),
    ...(exporter.selectAggregationTemporality === undefined
      ? {}
      : { selectAggregationTemporality: exporter.selectAggregationTemporality.bind(exporter) }),
  };
}

function countPoints({ scopeMetrics }: ResourceMetrics): number {
  return scopeMetrics
    .flatMap(({ metrics }) => metrics)
    .reduce((sum, { dataPoints }) => sum + dataPoints.length, 0);
}
