/** A planned visit into real spans, correlated log records and measurements of the SDK. */
import {
  type Context,
  ROOT_CONTEXT,
  SeverityNumber,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { ServiceTelemetry } from './service-telemetry.ts';
import type { ShopMetrics } from './shop-metrics.ts';
import type { PlannedKind, PlannedSpan, ServiceName, Severity } from './sketch.ts';

const KIND: Readonly<Record<PlannedKind, SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};
const SEVERITY: Readonly<Record<Severity, SeverityNumber>> = {
  DEBUG: SeverityNumber.DEBUG,
  INFO: SeverityNumber.INFO,
  WARN: SeverityNumber.WARN,
  ERROR: SeverityNumber.ERROR,
};

export interface EmitOptions {
  /** Epoch milliseconds of the visit's begin. */
  readonly beginMs: number;
  readonly services: Readonly<Record<ServiceName, ServiceTelemetry>>;
  readonly metrics: ShopMetrics;
}

export function emitVisit(plan: PlannedSpan, options: EmitOptions): void {
  emitSpan(plan, ROOT_CONTEXT, options);
}

function emitSpan(plan: PlannedSpan, parent: Context, options: EmitOptions): void {
  const { beginMs, services, metrics } = options;
  const { tracer, logger } = services[plan.service];
  const span = tracer.startSpan(
    plan.name,
    { kind: KIND[plan.kind], startTime: beginMs + plan.startMs, attributes: plan.attributes },
    parent,
  );
  const context = trace.setSpan(parent, span);
  for (const { name, atMs, attributes } of plan.events) span.addEvent(name, attributes, beginMs + atMs);
  for (const { atMs, severity, body, attributes } of plan.logs) {
    logger.emit({
      timestamp: beginMs + atMs,
      severityNumber: SEVERITY[severity],
      severityText: severity,
      body,
      attributes,
      context,
    });
  }
  for (const child of plan.children) emitSpan(child, context, options);
  if (plan.error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: plan.error });
  span.end(beginMs + plan.endMs);
  metrics.recordSpan(plan);
}
