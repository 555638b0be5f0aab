/**
 * The plainest application with the OpenTelemetry SDK: one trace, one log line and one counter, nothing
 * configured but what the environment says. Prints what it sent as one line of JSON and ends. For
 * end-to-end tests.
 */
import { context, trace } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

const SERVICE = 'plain-app';
const resource = resourceFromAttributes({ 'service.name': SERVICE });
const tracers = new TracerProvider({
  resource,
  spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
});
const loggers = new LoggerProvider({
  resource,
  processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter() })],
});
const meters = new MeterProvider({
  resource,
  readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() })],
});

const tracer = tracers.getTracer('plain');
const root = tracer.startSpan('GET /orders', {
  attributes: { 'http.request.method': 'GET', 'order.count': 3 },
});
const withRoot = trace.setSpan(context.active(), root);
const child = tracer.startSpan('SELECT orders', {}, withRoot);
child.addEvent('rows read', { rows: 3 });
child.end();
const message = `three orders were read by ${root.spanContext().spanId}`;
loggers
  .getLogger('plain')
  .emit({ body: message, severityNumber: 9, severityText: 'INFO', context: withRoot });
meters.getMeter('plain').createCounter('orders.read').add(3);
root.end();

await Promise.all([tracers.shutdown(), loggers.shutdown(), meters.shutdown()]);
const { traceId, spanId } = root.spanContext();
process.stdout.write(
  `${JSON.stringify({ service: SERVICE, traceId, rootSpanId: spanId, childSpanId: child.spanContext().spanId, message })}\n`,
);
