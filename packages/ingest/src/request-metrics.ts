/** What ingest counts of itself. */
import { METRIC } from '@sluice/core/names';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import type { Rejection } from '@sluice/otlp/findings';

export interface RequestMetrics {
  request(labels: { readonly signal: string; readonly status: number }, seconds: number): void;
  bytes(signal: string, wireBytes: number): void;
  accepted(signal: string, tenant: string, items: number): void;
  rejected(signal: string, tenant: string, rejections: readonly Pick<Rejection, 'reason' | 'count'>[]): void;
  warned(signal: string, warnings: number): void;
}

const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export function createRequestMetrics(selfMetrics: SelfMetrics): RequestMetrics {
  const requests = selfMetrics.counter(METRIC.requests, 'Export requests by signal and HTTP status.');
  const bytes = selfMetrics.counter(METRIC.requestBytes, 'Bytes of request bodies as they arrived.');
  const duration = selfMetrics.histogram(
    METRIC.requestDuration,
    'Time from request to answer.',
    DURATION_BUCKETS,
  );
  const accepted = selfMetrics.counter(METRIC.itemsAccepted, 'Spans, log records and data points queued.');
  const rejected = selfMetrics.counter(METRIC.itemsRejected, 'Items refused, by reason.');
  const warnings = selfMetrics.counter(METRIC.warnings, 'Warnings given with accepted requests.');
  return {
    request({ signal, status }, seconds) {
      requests.add(1, { signal, status: String(status) });
      duration.observe(seconds, { signal });
    },
    bytes: (signal, wireBytes) => bytes.add(wireBytes, { signal }),
    accepted: (signal, tenant, items) => accepted.add(items, { signal, tenant }),
    rejected(signal, tenant, rejections) {
      for (const { reason, count } of rejections) rejected.add(count, { signal, tenant, reason });
    },
    warned: (signal, count) => warnings.add(count, { signal }),
  };
}
