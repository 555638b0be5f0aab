/**
 * Draws one visit to the shop as a tree of planned spans with their logs, without touching the SDK or
 * the time of day: journeys stay pure and a seed always tells the same story.
 */
import type { Attributes } from '@opentelemetry/api';

export const SERVICES = ['storefront', 'cart', 'checkout', 'payment', 'inventory'] as const;
export type ServiceName = (typeof SERVICES)[number];
export type PlannedKind = 'server' | 'client' | 'internal' | 'producer' | 'consumer';
export type Severity = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';

/** All times are milliseconds after the start of the visit. */
export interface PlannedLog {
  readonly atMs: number;
  readonly severity: Severity;
  readonly body: string;
  readonly attributes: Attributes;
}

export interface PlannedEvent {
  readonly atMs: number;
  readonly name: string;
  readonly attributes: Attributes;
}

export interface PlannedSpan {
  readonly service: ServiceName;
  readonly name: string;
  readonly kind: PlannedKind;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  readonly events: readonly PlannedEvent[];
  readonly logs: readonly PlannedLog[];
  readonly children: readonly PlannedSpan[];
  /** Set when the span ends with status Error. */
  readonly error?: string;
}

export interface SpanHead {
  readonly service: ServiceName;
  readonly name: string;
  readonly kind: PlannedKind;
  readonly attributes?: Attributes;
}

/** The pen inside one open span; time moves on only by `spend` and by what children take. */
export interface Sketch {
  spend(ms: number): void;
  set(attributes: Attributes): void;
  event(name: string, attributes?: Attributes): void;
  log(severity: Severity, body: string, attributes?: Attributes): void;
  /** Marks the span as failed; the first message stands. */
  fail(errorType: string, message: string): void;
  child<T>(head: SpanHead, draw: (inner: Sketch) => T): T;
  /** Starts all at the same moment and goes on when the slowest is done. */
  together(draws: readonly (() => void)[]): void;
  /** Draws what happens in the background, without the span waiting for it. */
  aside(draw: () => void): void;
}

export function drawVisit(head: SpanHead, draw: (sketch: Sketch) => void): PlannedSpan {
  const pen = { nowMs: 0 };
  return drawSpan(head, draw, pen).span;
}

/** When the last of all spans of the tree ends. */
export function latestEndMs({ endMs, children }: PlannedSpan): number {
  return Math.max(endMs, ...children.map(latestEndMs));
}

function drawSpan<T>(
  head: SpanHead,
  draw: (sketch: Sketch) => T,
  pen: { nowMs: number },
): { readonly span: PlannedSpan; readonly answer: T } {
  const startMs = pen.nowMs;
  const attributes: Attributes = { ...head.attributes };
  const events: PlannedEvent[] = [];
  const logs: PlannedLog[] = [];
  const children: PlannedSpan[] = [];
  let error: string | undefined;

  const answer = draw({
    spend(ms) {
      pen.nowMs += ms;
    },
    set: (more) => void Object.assign(attributes, more),
    event: (name, more = {}) => void events.push({ atMs: pen.nowMs, name, attributes: more }),
    log: (severity, body, more = {}) => void logs.push({ atMs: pen.nowMs, severity, body, attributes: more }),
    fail(errorType, message) {
      if (error !== undefined) return;
      error = message;
      attributes['error.type'] = errorType;
    },
    child(childHead, drawChild) {
      const drawn = drawSpan(childHead, drawChild, pen);
      children.push(drawn.span);
      return drawn.answer;
    },
    together(draws) {
      const beginMs = pen.nowMs;
      let latestMs = beginMs;
      for (const drawOne of draws) {
        pen.nowMs = beginMs;
        drawOne();
        latestMs = Math.max(latestMs, pen.nowMs);
      }
      pen.nowMs = latestMs;
    },
    aside(drawAside) {
      const beginMs = pen.nowMs;
      drawAside();
      pen.nowMs = beginMs;
    },
  });
  const { service, name, kind } = head;
  const shape = { service, name, kind, startMs, endMs: pen.nowMs, attributes, events, logs, children };
  return { span: error === undefined ? shape : { ...shape, error }, answer };
}
