/** The read side of the embedded trace store. */

import type { TenantId } from '@sluice/core/ids';
import { decodeTraces } from '@sluice/otlp/decode-traces';
import type { ResourceSpans } from '@sluice/otlp/model';
import type { StoredTrace, TimeRange, TraceQuery, TraceReader } from '../trace-reader.ts';
import { createCallCounter } from './count-calls.ts';
import { createSpanMatcher } from './match-spans.ts';
import { DERIVED_TAGS } from './match-tags.ts';
import { idKey } from './scan-spans.ts';
import { selectTrace, type TakenSpans } from './select-trace.ts';
import { mayHold, operationNameHash, tagHashes } from './span-filter.ts';
import type { FilterRow, TraceRows } from './trace-rows.ts';

/** Spans that a service graph is drawn from: the newest of the range; more would not fit into memory. */
const MAX_DEPENDENCY_SPANS = 500_000;
/** Inflated batches that one search keeps, since the traces that it finds lie close together. */
const MAX_CACHED_BYTES = 64 * 1024 * 1024;

type Load = (seq: number) => Promise<Uint8Array | undefined>;

export function createEmbeddedTraceReader(rows: TraceRows): TraceReader {
  const readTrace = async (
    load: Load,
    traceId: string,
    range?: TimeRange,
  ): Promise<StoredTrace | undefined> => {
    const taken: TakenSpans = new Map();
    const resourceSpans: ResourceSpans[] = [];
    for (const seq of rows.messagesOfTrace(traceKeyOf(traceId))) {
      const raw = await load(seq);
      if (raw === undefined) continue;
      const request = selectTrace(raw, traceId, { taken, ...(range === undefined ? {} : { range }) });
      if (request !== undefined) resourceSpans.push(...decodeTraces(request));
    }
    return resourceSpans.length === 0 ? undefined : { traceId, resourceSpans };
  };

  return {
    services: async (tenant) => rows.services(tenant),
    async operations(tenant, service) {
      const id = rows.serviceId(tenant, service);
      return id === undefined ? [] : rows.operations(id);
    },
    trace: (tenant, traceId, range) => readTrace((seq) => rows.load(tenant, seq), traceId, range),

    async search(tenant, query) {
      const load = cached((seq) => rows.load(tenant, seq));
      const matches = createSpanMatcher(query);
      const traceIds = new Set<string>();
      for (const seq of candidates(rows, tenant, query)) {
        if (traceIds.size >= query.limit) break;
        const raw = await load(seq);
        if (raw === undefined) continue;
        for (const traceId of matches(raw)) if (traceIds.size < query.limit) traceIds.add(traceId);
      }
      const traces: StoredTrace[] = [];
      for (const traceId of traceIds) {
        const trace = await readTrace(load, traceId);
        if (trace !== undefined) traces.push(trace);
      }
      return latestFirst(traces);
    },

    async dependencies(tenant, range) {
      const counter = createCallCounter();
      let spans = 0;
      for (const seq of rows.messages(tenant, range)) {
        if (spans >= MAX_DEPENDENCY_SPANS) break;
        const raw = await rows.load(tenant, seq);
        if (raw !== undefined) spans += counter.add(raw, range);
      }
      return counter.finish();
    },
  };
}

/** Messages that the filters cannot rule out. */
function* candidates(rows: TraceRows, tenant: TenantId, query: TraceQuery): Iterable<number> {
  if (query.service === undefined) {
    yield* rows.messages(tenant, query);
    return;
  }
  const service = rows.serviceId(tenant, query.service);
  if (service === undefined) return;
  const isCandidate = createRowFilter(query);
  for (const row of rows.filters(service, query)) if (isCandidate(row)) yield row.seq;
}

function createRowFilter(query: TraceQuery): (row: FilterRow) => boolean {
  const minDurationUs = Number((query.minDurationNs ?? 0n) / 1000n);
  /** Of each list, at least one hash must be in the filter. */
  const required: (readonly number[])[] = [];
  if (query.operation !== undefined) required.push([operationNameHash(query.operation)]);
  for (const [key, text] of query.tags ?? []) {
    if (!DERIVED_TAGS.has(key)) required.push(tagHashes(key, text));
  }
  const errorHashes = query.tags?.get('error') === 'true' ? tagHashes('error', 'true') : undefined;
  return ({ filter, errors, maxDurationUs }) =>
    maxDurationUs >= minDurationUs &&
    required.every((hashes) => hashes.some((hash) => mayHold(filter, hash))) &&
    (errorHashes === undefined || errors > 0 || errorHashes.some((hash) => mayHold(filter, hash)));
}

function cached(load: Load): Load {
  const kept = new Map<number, Uint8Array>();
  let bytes = 0;
  return async (seq) => {
    const known = kept.get(seq);
    if (known !== undefined) return known;
    const raw = await load(seq);
    if (raw === undefined) return undefined;
    kept.set(seq, raw);
    bytes += raw.length;
    for (const [oldest, { length }] of kept) {
      if (bytes <= MAX_CACHED_BYTES || oldest === seq) break;
      kept.delete(oldest);
      bytes -= length;
    }
    return raw;
  };
}

function latestFirst(traces: readonly StoredTrace[]): readonly StoredTrace[] {
  const starts = new Map(traces.map((trace) => [trace, startOf(trace)]));
  return [...traces].sort((a, b) => (starts.get(a)! < starts.get(b)! ? 1 : -1));
}

function startOf({ resourceSpans }: StoredTrace): bigint {
  let first: bigint | undefined;
  for (const { scopes } of resourceSpans) {
    for (const { spans } of scopes) {
      for (const { startTimeUnixNano: start } of spans)
        if (first === undefined || start < first) first = start;
    }
  }
  return first ?? 0n;
}

function traceKeyOf(traceId: string): number {
  const bytes = Buffer.from(traceId, 'hex');
  return idKey(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), bytes.length);
}
