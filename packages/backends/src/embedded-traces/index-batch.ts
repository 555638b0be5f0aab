/**
 * What the store keeps beside a batch so that it can be found again: the traces that it has spans of, and
 * for each service the span of time, the longest duration, the errors, the operations and the filter.
 */

import type { TraceOperation } from '../trace-reader.ts';
import { FieldReader } from './field-reader.ts';
import { type Enclosing, headsOf, idKey, roughNs, type ScannedSpan, scanSpans } from './scan-spans.ts';
import { serviceNameOf } from './service-name.ts';
import { eventNameHash, HashSet, operationHash, tagHash } from './span-filter.ts';

export interface BatchIndex {
  readonly spans: number;
  /** Keys of trace ids (see idKey), each once, ascending. */
  readonly traceKeys: Float64Array;
  readonly services: readonly ServiceIndex[];
}

export interface ServiceIndex {
  readonly service: string;
  readonly spans: number;
  readonly errors: number;
  /** Microseconds since the epoch, rounded outwards. */
  readonly firstStartUs: number;
  readonly lastStartUs: number;
  readonly maxDurationUs: number;
  readonly operations: readonly TraceOperation[];
  readonly filter: Uint8Array;
}

const ERROR = 2;

/** @throws PermanentError on malformed bytes. */
export function indexBatch(bytes: Uint8Array): BatchIndex {
  const traceKeys = new Set<number>();
  const byService = new Map<string, ServiceIndexer>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let current: ServiceIndexer | undefined;
  let resource: Enclosing | undefined;
  let lastTraceKey = -1;
  let spans = 0;
  scanSpans(bytes, {
    resource(next) {
      resource = next;
      current = undefined;
    },
    span(span) {
      if (current === undefined) {
        const service = serviceNameOf(bytes, resource!);
        current = byService.get(service) ?? createServiceIndexer(service, view);
        byService.set(service, current);
        current.addResource(resource!);
      }
      spans++;
      current.addSpan(span);
      if (span.traceIdAt < 0) return;
      const key = idKey(view, span.traceIdAt + 16);
      if (key !== lastTraceKey) traceKeys.add(key);
      lastTraceKey = key;
    },
  });
  return {
    spans,
    traceKeys: Float64Array.from(traceKeys).sort(),
    services: [...byService.values()].map((indexer) => indexer.finish()),
  };
}

interface ServiceIndexer {
  addResource(resource: Enclosing): void;
  addSpan(span: ScannedSpan): void;
  finish(): ServiceIndex;
}

interface SeenOperation {
  readonly kind: number;
  readonly start: number;
  readonly end: number;
}

function createServiceIndexer(service: string, view: DataView): ServiceIndexer {
  const hashes = new HashSet();
  const operations = new Map<number, SeenOperation>();
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const reader = new FieldReader(bytes);
  let spans = 0;
  let errors = 0;
  let firstNs = Number.POSITIVE_INFINITY;
  let lastNs = 0;
  let maxDurationNs = 0;

  const addEvent = (start: number, end: number): void => {
    reader.enter(start, end);
    while (reader.next()) {
      if (reader.field === 2) hashes.add(eventNameHash(view, reader.start, reader.stop));
      else if (reader.field === 3) hashes.add(tagHash(view, reader.start, reader.stop));
    }
  };

  const addOperation = (span: ScannedSpan): void => {
    const { nameStart, nameEnd, kind } = span;
    const hash = operationHash(view, nameStart, nameEnd);
    hashes.add(hash);
    for (let key = hash ^ kind; ; key = (key + 1) | 0) {
      const seen = operations.get(key);
      if (seen === undefined) {
        operations.set(key, { kind, start: nameStart, end: nameEnd });
        return;
      }
      if (seen.kind === kind && sameBytes(bytes, seen, nameStart, nameEnd)) return;
    }
  };

  return {
    addResource(resource) {
      for (const [start, end] of headsOf(bytes, resource)) {
        reader.enter(start, end);
        while (reader.next()) if (reader.field === 1) hashes.add(tagHash(view, reader.start, reader.stop));
      }
    },
    addSpan(span) {
      spans++;
      if (span.statusCode === ERROR) errors++;
      const startNs = roughNs(span, span.startTimeAt);
      if (startNs < firstNs) firstNs = startNs;
      if (startNs > lastNs) lastNs = startNs;
      const durationNs = roughNs(span, span.endTimeAt) - startNs;
      if (durationNs > maxDurationNs) maxDurationNs = durationNs;
      addOperation(span);
      const { offsets, length } = span.attributes;
      for (let i = 0; i < length; i += 2) hashes.add(tagHash(view, offsets[i]!, offsets[i + 1]!));
      for (let i = 0; i < span.events.length; i += 2) {
        addEvent(span.events.offsets[i]!, span.events.offsets[i + 1]!);
      }
    },
    finish: () => ({
      service,
      spans,
      errors,
      firstStartUs: Math.floor(firstNs / 1000) - 1,
      lastStartUs: Math.ceil(lastNs / 1000) + 1,
      maxDurationUs: Math.ceil(maxDurationNs / 1000) + 1,
      operations: [...operations.values()].map(({ kind, start, end }) => ({
        kind,
        name: Buffer.from(view.buffer, view.byteOffset + start, end - start).toString(),
      })),
      filter: hashes.toFilter(),
    }),
  };
}

function sameBytes(bytes: Uint8Array, seen: SeenOperation, start: number, end: number): boolean {
  if (seen.end - seen.start !== end - start) return false;
  for (let i = start, j = seen.start; i < end; i++, j++) if (bytes[i] !== bytes[j]) return false;
  return true;
}
