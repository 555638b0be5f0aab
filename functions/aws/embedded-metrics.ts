/**
 * The pipeline's own metrics of a function, as CloudWatch takes them out of its log (Amazon CloudWatch embedded
 * metric format specification): no call, no agent. A few names only, without tenants and other labels, since each combination
 * is paid for by the month.
 */
import { METRIC } from '@sluice/core/names';
import type { SelfMetrics } from '@sluice/core/self-metrics';

export interface EmbeddedMetricsOptions {
  readonly selfMetrics: SelfMetrics;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly write: (line: string) => void;
  readonly nowMs: () => number;
}

export const EMF_NAMESPACE = 'Sluice';

/** Sums over their labels, of what has been added since the last report. */
const COUNTERS: readonly string[] = [
  METRIC.requests,
  METRIC.itemsAccepted,
  METRIC.itemsRejected,
  METRIC.deliveredItems,
  METRIC.deliveryRetries,
  METRIC.deadLetters,
  METRIC.metricsPoints,
  METRIC.auditEvents,
  METRIC.remoteWriteSamples,
  METRIC.selfSpansLost,
];
/** The largest over their labels, at every report. */
const GAUGES: readonly string[] = [
  METRIC.misconfigured,
  METRIC.remoteWriteLag,
  METRIC.auditCheckpointAge,
  METRIC.auditSealRefused,
  METRIC.auditFindings,
];

export function createEmbeddedMetrics(options: EmbeddedMetricsOptions): () => Promise<void> {
  const { selfMetrics, dimensions, write, nowMs } = options;
  const reported = new Map<string, number>();
  return async () => {
    const values: Record<string, number> = {};
    for (const [name, samples] of parseSamples(await selfMetrics.render())) {
      if (GAUGES.includes(name)) values[name] = Math.max(...samples);
      if (!COUNTERS.includes(name)) continue;
      const total = samples.reduce((sum, value) => sum + value, 0);
      const added = total - (reported.get(name) ?? 0);
      if (added > 0) values[name] = added;
      reported.set(name, total);
    }
    const names = Object.keys(values);
    if (names.length === 0) return;
    const description = {
      Namespace: EMF_NAMESPACE,
      Dimensions: [Object.keys(dimensions)],
      Metrics: names.map((Name) => ({ Name })),
    };
    write(
      JSON.stringify({
        _aws: { Timestamp: nowMs(), CloudWatchMetrics: [description] },
        ...dimensions,
        ...values,
      }),
    );
  };
}

/** Values by name, of the text that `render` makes. */
function parseSamples(text: string): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{.*\})? (\S+)$/.exec(line);
    if (match === null) continue;
    const [, name, value] = match as unknown as [string, string, string];
    const samples = found.get(name) ?? [];
    samples.push(Number(value));
    found.set(name, samples);
  }
  return found;
}
