/** A meter of the OpenTelemetry SDK that exports over OTLP/HTTP at an interval, counted in the tally. */
import type { Meter } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import type { Resource } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { type Tally, tallyMetrics } from './tally.ts';

const EXPORT_TIMEOUT_MS = 5_000;

export interface MetricsTelemetry {
  readonly meter: Meter;
  /** Sends now what was measured. */
  flush(): Promise<void>;
  /** Sends what is left and closes; never throws, failures are in the tally. */
  shutdown(): Promise<void>;
}

export interface MetricsTelemetryOptions {
  /** Without a trailing slash and `/v1/metrics`. */
  readonly endpoint: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly intervalMs: number;
  readonly scope: { readonly name: string; readonly version: string };
  readonly tally: Tally;
}

export function createMetricsTelemetry(
  resource: Resource,
  options: MetricsTelemetryOptions,
): MetricsTelemetry {
  const { endpoint, headers = {}, intervalMs, scope, tally } = options;
  const exporter = new OTLPMetricExporter({
    url: `${endpoint}/v1/metrics`,
    headers: { ...headers },
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const provider = new MeterProvider({
    resource,
    readers: [
      new PeriodicExportingMetricReader({
        exportIntervalMillis: intervalMs,
        exportTimeoutMillis: Math.min(intervalMs, EXPORT_TIMEOUT_MS),
        exporter: tallyMetrics(exporter, tally),
      }),
    ],
  });
  return {
    meter: provider.getMeter(scope.name, scope.version),
    flush: () => provider.forceFlush(),
    shutdown: async () => void (await Promise.allSettled([provider.shutdown()])),
  };
}
