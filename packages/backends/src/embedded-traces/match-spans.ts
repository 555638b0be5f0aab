/** Which traces of a batch have a span that meets every condition of a search. */
import type { TraceQuery } from '../trace-reader.ts';
import { createTagMatcher } from './match-tags.ts';
import { type Enclosing, exactNs, type ScannedSpan, scanSpans } from './scan-spans.ts';
import { serviceNameOf } from './service-name.ts';

export type SpanMatcher = (raw: Uint8Array) => ReadonlySet<string>;

/** Answers trace ids as 32 hex digits. */
export function createSpanMatcher(query: TraceQuery): SpanMatcher {
  const operation = query.operation === undefined ? undefined : Buffer.from(query.operation);
  const matchers = [...(query.tags ?? [])].map(([key, text]) => createTagMatcher(key, text));

  return (raw) => {
    const found = new Set<string>();
    let resource: Enclosing | undefined;
    let scope: Enclosing | undefined;
    let isService = true;
    scanSpans(raw, {
      resource(next) {
        resource = next;
        isService = query.service === undefined || serviceNameOf(raw, next) === query.service;
      },
      scope(next) {
        scope = next;
      },
      span(span) {
        if (!isService || span.traceIdAt < 0 || !hasName(span, operation) || !isInTime(span, query)) return;
        const place = { span, resource: resource!, scope: scope! };
        if (matchers.every((matches) => matches(place))) found.add(traceIdOf(span));
      },
    });
    return found;
  };
}

export function traceIdOf({ bytes, traceIdAt }: ScannedSpan): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + traceIdAt, 16).toString('hex');
}

function hasName(span: ScannedSpan, name: Uint8Array | undefined): boolean {
  if (name === undefined) return true;
  if (span.nameEnd - span.nameStart !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (span.bytes[span.nameStart + i] !== name[i]) return false;
  return true;
}

function isInTime(span: ScannedSpan, query: TraceQuery): boolean {
  const start = exactNs(span, span.startTimeAt);
  if (query.startNs !== undefined && start < query.startNs) return false;
  if (query.endNs !== undefined && start > query.endNs) return false;
  if (query.minDurationNs === undefined && query.maxDurationNs === undefined) return true;
  const end = exactNs(span, span.endTimeAt);
  const duration = end > start ? end - start : 0n;
  return (
    duration >= (query.minDurationNs ?? 0n) &&
    (query.maxDurationNs === undefined || duration <= query.maxDurationNs)
  );
}
