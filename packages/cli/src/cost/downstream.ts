/** What Grafana Cloud asks for the same telemetry: not ours to lower, and mostly the larger part. */
import { GRAFANA_CLOUD } from '@sluice/core/cloud-prices';
import { DAYS_A_MONTH } from './assumptions.ts';
import type { Volumes } from './cost-model.ts';
import type { Counted } from './counted-work.ts';
import { traceWorkOf } from './trace-work.ts';

export interface Downstream {
  readonly traceGb: number;
  readonly logGb: number;
  readonly series: number;
  /** A month, with what the plan includes taken off. */
  readonly usd: {
    readonly traces: number;
    readonly logs: number;
    readonly series: number;
    readonly plan: number;
  };
}

export function downstreamOf(volumes: Volumes, counted: Counted): Downstream {
  const { spansPerDay, spansPerRequest, logBytesPerDay, series } = volumes;
  const bytesPerSpan = traceWorkOf(counted.traces, spansPerRequest).rawBytes / spansPerRequest;
  const traceGb = (spansPerDay * bytesPerSpan * DAYS_A_MONTH) / 1e9;
  const logGb = (logBytesPerDay * DAYS_A_MONTH) / 1e9;
  const { includedGb, includedSeries, ingestGb, seriesMonth, platformMonth } = GRAFANA_CLOUD;
  const beyond = (quantity: number, included: number): number => Math.max(0, quantity - included);
  return {
    traceGb,
    logGb,
    series,
    usd: {
      traces: beyond(traceGb, includedGb) * ingestGb,
      logs: beyond(logGb, includedGb) * ingestGb,
      series: beyond(series, includedSeries) * seriesMonth,
      plan: platformMonth,
    },
  };
}
