/**
 * The pipeline's own traces: one span an invocation, of a small share of traces, sent after the work is done and
 * within a short time. Nothing of it can fail or hold up what it watches.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { describeError } from '@sluice/core/errors';
import { METRIC } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import { encodeSelfSpans, type SelfSpan, type SpanAttributes, type SpanKind } from './encode-self-spans.ts';
import {
  createContext,
  isSampled,
  parseTraceparent,
  type TraceContext,
  toTraceparent,
} from './trace-context.ts';

export interface SelfTracerOptions {
  /** Share of traces that are kept, from 0 to 1. 0 costs nothing at all. */
  readonly ratio: number;
  readonly resource: SpanAttributes;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Takes an OTLP export request of so many spans. @throws when it cannot */
  readonly send: (request: Uint8Array, spans: number) => Promise<void>;
  readonly selfMetrics: SelfMetrics;
  readonly deadlineMs?: number;
}

export interface Invocation {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: SpanAttributes;
  /** `traceparent` of the request, or of each message: the first that is of use is the parent, others are linked. */
  readonly parents: readonly (string | null | undefined)[];
}

export interface ActiveSpan {
  set(attributes: SpanAttributes): void;
  /** What went wrong, though nothing was thrown. */
  fail(error: string): void;
}

export interface SelfTracer {
  /** Runs the work as one span, if its trace is one of those that are kept. What it answers or throws is passed on. */
  run<T>(invocation: Invocation, work: (span: ActiveSpan) => Promise<T>): Promise<T>;
  /** Of the work that runs, for what it sends on; `undefined` when its trace is not kept. */
  traceparent(): string | undefined;
  /** Sends what has ended; resolves within the deadline, whatever happens. */
  flush(): Promise<void>;
}

/** One call of SQS within the region takes about 10 ms; what takes this long is not worth waiting for. */
const DEADLINE_MS = 250;
/** An export is one message, and a process that cannot send must not fill its memory. */
const MAX_PENDING = 100;
const MAX_LINKS = 32;

const NOT_KEPT: ActiveSpan = { set() {}, fail() {} };

export const NO_TRACER: SelfTracer = {
  run: (_invocation, work) => work(NOT_KEPT),
  traceparent: () => undefined,
  flush: async () => {},
};

export function createSelfTracer(options: SelfTracerOptions): SelfTracer {
  const { ratio, resource, clock, send, selfMetrics, deadlineMs = DEADLINE_MS } = options;
  if (ratio <= 0) return NO_TRACER;
  const sent = selfMetrics.counter(METRIC.selfSpans, "The pipeline's own spans that were sent.");
  const lost = selfMetrics.counter(
    METRIC.selfSpansLost,
    "The pipeline's own spans that were given up, by why.",
  );
  const active = new AsyncLocalStorage<TraceContext>();
  let pending: SelfSpan[] = [];

  const keep = (span: SelfSpan): void => {
    if (pending.length < MAX_PENDING) pending.push(span);
    else lost.add(1, { reason: 'too-many' });
  };

  return {
    async run({ name, kind, attributes, parents }, work) {
      const known = parents.map(parseTraceparent).filter((context) => context !== undefined);
      const parent = known.find((context) => isSampled(context, ratio));
      const context = createContext(parent ?? (known.length === 1 ? known[0] : undefined));
      if (!isSampled(context, ratio)) return work(NOT_KEPT);
      const links = known.filter((other) => other !== parent).slice(0, MAX_LINKS);
      const startMs = clock.nowMs();
      let added: SpanAttributes = attributes;
      let failure: string | undefined;
      const span: ActiveSpan = {
        set: (more) => {
          added = { ...added, ...more };
        },
        fail: (error) => {
          failure = error;
        },
      };
      try {
        return await active.run(context, () => work(span));
      } catch (error) {
        failure = describeError(error);
        span.set({ 'error.type': error instanceof Error ? error.name : '_OTHER' });
        throw error;
      } finally {
        const error = failure === undefined ? {} : { error: failure };
        keep({
          context,
          parent,
          links,
          name,
          kind,
          startMs,
          endMs: clock.nowMs(),
          attributes: added,
          ...error,
        });
      }
    },
    traceparent() {
      const context = active.getStore();
      return context === undefined ? undefined : toTraceparent(context);
    },
    async flush() {
      if (pending.length === 0) return;
      const spans = pending;
      pending = [];
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('too late')), deadlineMs);
      });
      try {
        await Promise.race([send(encodeSelfSpans(spans, resource), spans.length), late]);
        sent.add(spans.length);
      } catch {
        lost.add(spans.length, { reason: 'not-sent' });
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
