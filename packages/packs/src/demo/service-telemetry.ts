/** One service of the shop with its own OpenTelemetry SDK: a tracer, a logger and a meter that share a resource. */
import type { Logger, Meter, Tracer } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Dice } from './dice.ts';
import { createMetricsTelemetry } from './metrics-telemetry.ts';
import type { ServiceName } from './sketch.ts';
import { type Tally, tallyLogs, tallySpans } from './tally.ts';

const SCOPE = { name: 'sluice-demo-shop', version: '1.0.0' };
const EXPORT_DELAY_MS = 1_000;
const METRIC_INTERVAL_MS = 5_000;
const EXPORT_TIMEOUT_MS = 5_000;
/** Enough for some seconds of an unreachable pipeline at a high rate. */
const MAX_QUEUE = 65_536;

export interface ServiceTelemetry {
  readonly tracer: Tracer;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Sends what is buffered and closes; never throws, failures are in the tally. */
  shutdown(): Promise<void>;
}

export interface TelemetryOptions {
  /** Without a trailing slash; `/v1/traces` and its siblings are appended. */
  readonly endpoint: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly dice: Dice;
  readonly tally: Tally;
}

export function createServiceTelemetry(
  service: ServiceName,
  { endpoint, headers = {}, dice, tally }: TelemetryOptions,
): ServiceTelemetry {
  const resource = resourceFromAttributes({
    'service.name': service,
    'service.namespace': 'shop',
    'service.version': '2.7.1',
    'service.instance.id': `${service}-${dice.hex(6)}`,
    'deployment.environment.name': 'demo',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'opentelemetry',
  });
  const exporterOptions = (path: string) => ({
    url: `${endpoint}${path}`,
    headers: { ...headers },
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const batching = { scheduledDelayMillis: EXPORT_DELAY_MS, maxQueueSize: MAX_QUEUE };

  const tracers = new TracerProvider({
    resource,
    idGenerator: { generateTraceId: () => dice.hex(32), generateSpanId: () => dice.hex(16) },
    spanProcessors: [
      new BatchSpanProcessor({
        ...batching,
        exporter: tallySpans(new OTLPTraceExporter(exporterOptions('/v1/traces')), tally),
      }),
    ],
  });
  const loggers = new LoggerProvider({
    resource,
    processors: [
      new BatchLogRecordProcessor({
        ...batching,
        exporter: tallyLogs(new OTLPLogExporter(exporterOptions('/v1/logs')), tally),
      }),
    ],
  });
  const metrics = createMetricsTelemetry(resource, {
    endpoint,
    headers,
    intervalMs: METRIC_INTERVAL_MS,
    scope: SCOPE,
    tally,
  });
  return {
    tracer: tracers.getTracer(SCOPE.name, SCOPE.version),
    logger: loggers.getLogger(SCOPE.name, SCOPE.version),
    meter: metrics.meter,
    async shutdown() {
      await Promise.allSettled([tracers.shutdown(), loggers.shutdown(), metrics.shutdown()]);
    },
  };
}
