/**
 * What the read side asks of a trace store. Answers are OTLP, so that each API (Jaeger JSON, the console)
 * translates for itself and nothing is lost on the way.
 */
import type { TenantId } from '@sluice/core/ids';
import type { ResourceSpans } from '@sluice/otlp/model';

/** Service name of spans whose resource has none, as Jaeger's translator of OTLP names it. */
export const UNNAMED_SERVICE = 'OTLPResourceNoServiceName';

export interface StoredTrace {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Only spans of this trace; identical copies of a span collapsed. */
  readonly resourceSpans: readonly ResourceSpans[];
}

export interface TraceOperation {
  readonly name: string;
  /** OTLP SpanKind, 0-5. */
  readonly kind: number;
}

/** A trace is found when at least one of its spans meets every condition. */
export interface TraceQuery {
  readonly service?: string;
  readonly operation?: string;
  /**
   * By key: the text of a span, resource or event attribute, or of what Jaeger shows as a tag (`error`,
   * `span.kind`, `otel.status_code`, `otel.scope.name`, …). Numbers match by value.
   */
  readonly tags?: ReadonlyMap<string, string>;
  readonly minDurationNs?: bigint;
  readonly maxDurationNs?: bigint;
  /** Bounds on the span's start, inclusive, Unix nanoseconds. */
  readonly startNs?: bigint;
  readonly endNs?: bigint;
  /** At most so many traces, those that arrived last. */
  readonly limit: number;
}

export interface TimeRange {
  /** Unix nanoseconds, inclusive. */
  readonly startNs?: bigint;
  readonly endNs?: bigint;
}

export interface ServiceDependency {
  readonly parent: string;
  readonly child: string;
  readonly callCount: number;
}

export interface TraceReader {
  /** Sorted. */
  services(tenant: TenantId): Promise<readonly string[]>;
  /** Sorted by name. */
  operations(tenant: TenantId, service: string): Promise<readonly TraceOperation[]>;
  /** `undefined` when no span of the trace is stored (or starts in the range). */
  trace(tenant: TenantId, traceId: string, range?: TimeRange): Promise<StoredTrace | undefined>;
  /** Latest start first. */
  search(tenant: TenantId, query: TraceQuery): Promise<readonly StoredTrace[]>;
  /** Calls between services, from the parents of the spans that start in the range. */
  dependencies(tenant: TenantId, range: TimeRange): Promise<readonly ServiceDependency[]>;
}
