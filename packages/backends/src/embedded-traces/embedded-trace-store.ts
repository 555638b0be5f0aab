/**
 * Traces in the one file of local mode, for where there is no Tempo: a sink that takes what Tempo would,
 * and the reader behind the Jaeger API. A message is stored as it came; beside it stands just enough to
 * find its spans again (see trace-tables.ts).
 */
import { describeError, PermanentError } from '@sluice/core/errors';
import type { TenantId } from '@sluice/core/ids';
import { type Logger, silentLogger } from '@sluice/core/logger';
import type { Clock } from '@sluice/core/ports/clock';
import type { PushResult, Sink, TelemetryPart } from '@sluice/core/ports/sink';
import type { EmbeddedDatabase } from '@sluice/platform/embedded/database';
import type { TraceReader } from '../trace-reader.ts';
import { createEmbeddedTraceReader } from './embedded-trace-reader.ts';
import { indexBatch } from './index-batch.ts';
import { type PruneLimits, pruneOperations, pruneTraces } from './prune-traces.ts';
import { createTraceRows } from './trace-rows.ts';
import { TRACE_TABLES } from './trace-tables.ts';
import { createTraceWriter, type IndexedPart } from './trace-writer.ts';

export interface EmbeddedTraceStoreOptions {
  readonly database: EmbeddedDatabase;
  readonly clock: Clock;
  /** Messages older than this are deleted. */
  readonly retentionMs: number;
  /** Compressed spans and their index; above it the oldest messages go. */
  readonly maxBytes: number;
  readonly logger?: Logger;
}

export type EmbeddedTraceStore = Sink &
  TraceReader & {
    /** Deletes what is too old or too much. Pushes do so by themselves; a schedule covers quiet times. */
    prune(): Promise<void>;
  };

/** Inflated; bounds how long one push keeps the event loop busy. */
const MAX_RAW_BYTES = 4 * 1024 * 1024;
const PRUNE_INTERVAL_MS = 60_000;
const OPERATIONS_MARGIN_MS = 2 * 60 * 60_000;

export function createEmbeddedTraceStore({
  database,
  clock,
  retentionMs,
  maxBytes,
  logger = silentLogger,
}: EmbeddedTraceStoreOptions): EmbeddedTraceStore {
  database.migrate('embedded-traces', TRACE_TABLES);
  const writer = createTraceWriter(database.db);
  let storedBytes = Number(database.db.prepare('SELECT bytes FROM trace_total').get()!.bytes);
  let prunedAtMs = 0;
  let pruning: Promise<void> | undefined;

  const prune = (): Promise<void> => {
    pruning ??= pruneAll().finally(() => {
      pruning = undefined;
    });
    return pruning;
  };

  const pruneAll = async (): Promise<void> => {
    prunedAtMs = clock.nowMs();
    const limits: PruneLimits = { beforeMs: prunedAtMs - retentionMs, maxBytes };
    let spans = 0;
    let overfull = 0;
    for (let more = true; more; ) {
      const step = await database.write((db) => {
        writer.forget();
        return pruneTraces(db, limits);
      });
      ({ more } = step);
      spans += step.spans;
      overfull += step.overfull;
    }
    await database.write((db) => pruneOperations(db, limits.beforeMs - OPERATIONS_MARGIN_MS));
    storedBytes = Number(database.db.prepare('SELECT bytes FROM trace_total').get()!.bytes);
    if (overfull > 0) {
      logger.warn('the trace store is full: the oldest messages were deleted before their time', {
        messages: overfull,
        spans,
        maxBytes,
      });
    } else if (spans > 0) logger.info('traces past their retention were deleted', { spans, retentionMs });
  };

  return {
    ...createEmbeddedTraceReader(createTraceRows(database.db)),
    name: 'embedded-traces',
    maxRawBytes: MAX_RAW_BYTES,
    prune,
    async push(tenant: TenantId, parts: readonly TelemetryPart[]): Promise<PushResult> {
      let indexed: readonly IndexedPart[];
      try {
        indexed = await Promise.all(
          parts.map(async (part) => ({ part, index: indexBatch(await part.raw()) })),
        );
      } catch (error) {
        if (!isBadInput(error)) throw error;
        return { status: 'permanent', reason: `embedded-traces: ${describeError(error)}` };
      }
      const { bytes, names } = await database.write(() => writer.insert(tenant, indexed));
      writer.remember(names);
      storedBytes += bytes;
      if (storedBytes > maxBytes || clock.nowMs() - prunedAtMs >= PRUNE_INTERVAL_MS) await prune();
      return { status: 'ok' };
    },
  };
}

/** Spans that are not spans, or a gzip that is not one. */
function isBadInput(error: unknown): boolean {
  if (error instanceof PermanentError) return true;
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}
