/**
 * The log store of local mode: the same lines that Loki would get, in the one SQLite file. A message is
 * stored once however often it is pushed.
 */
import { describeError } from '@sluice/core/errors';
import type { MessageId, TenantId } from '@sluice/core/ids';
import { type Logger, silentLogger } from '@sluice/core/logger';
import type { Clock } from '@sluice/core/ports/clock';
import type { PushResult, Sink, TelemetryPart } from '@sluice/core/ports/sink';
import { createSelfMetrics, type SelfMetrics } from '@sluice/core/self-metrics';
import { OtlpFormatError } from '@sluice/otlp/format-error';
import type { EmbeddedDatabase } from '@sluice/platform/embedded/database';
import type { LogChunk, LogLabels, LogReader, LogStream } from '../log-reader.ts';
import { createLogShaper } from '../logs/shape-logs.ts';
import {
  type ChunkBuilder,
  createChunkBuilder,
  decodeChunk,
  type EncodedChunk,
  emptyLines,
  encodeChunk,
  endLine,
  startLine,
} from './log-chunk.ts';
import { observeLogStore } from './log-store-metrics.ts';
import { createLogTables, LOG_SCHEMA } from './log-tables.ts';
import { keepWithinLimits } from './log-upkeep.ts';
import { mergeChunks, tierOf } from './merge-chunks.ts';

export interface EmbeddedLogStoreOptions {
  readonly database: EmbeddedDatabase;
  readonly clock: Clock;
  /** Counted from when lines were stored, whatever their own times say. */
  readonly retentionMs: number;
  /** Of compressed chunks; beyond it the oldest go. */
  readonly maxBytes: number;
  readonly logger?: Logger;
  readonly selfMetrics?: SelfMetrics;
}

export type EmbeddedLogStore = Sink & LogReader;

const MAX_RAW_BYTES = 8 * 1_048_576;
const UPKEEP_INTERVAL_MS = 60_000;

interface NewChunk {
  readonly labels: LogLabels;
  readonly chunk: EncodedChunk;
}

type StoredAt = Pick<LogChunk, 'id' | 'stream' | 'storedAtMs'>;

export function createEmbeddedLogStore(options: EmbeddedLogStoreOptions): EmbeddedLogStore {
  const { database, clock, logger = silentLogger, selfMetrics = createSelfMetrics() } = options;
  database.migrate('logs', LOG_SCHEMA);
  const tables = createLogTables(database.db);
  const shaper = createLogShaper();
  const onEvicted = observeLogStore(selfMetrics, tables);
  const listeners = new Map<TenantId, Set<(chunk: LogChunk) => void>>();
  let nextUpkeepMs = Number.NEGATIVE_INFINITY;
  let upkeep = Promise.resolve();

  const shape = (parts: readonly TelemetryPart[], raws: readonly Uint8Array[]): readonly NewChunk[] => {
    const builders = new Map<string, { labels: LogLabels; builder: ChunkBuilder }>();
    let current: ChunkBuilder | undefined;
    parts.forEach(({ receivedAtMs }, i) => {
      shaper.shape(raws[i]!, receivedAtMs, {
        begin({ labels, labelsText }, { seconds, nanos }) {
          let known = builders.get(labelsText);
          if (known === undefined) {
            known = { labels: { ...labels }, builder: createChunkBuilder() };
            builders.set(labelsText, known);
          }
          current = known.builder;
          startLine(current, BigInt(seconds) * 1_000_000_000n + BigInt(nanos));
          return current.text;
        },
        end() {
          endLine(current!);
        },
      });
    });
    return [...builders.values()].map(({ labels, builder }) => ({ labels, chunk: encodeChunk(builder) }));
  };

  /** Answers where each chunk was written to. */
  const store = async (
    tenant: TenantId,
    messages: readonly MessageId[],
    chunks: readonly NewChunk[],
  ): Promise<readonly StoredAt[]> => {
    const nowMs = clock.nowMs();
    return database.write(() => {
      for (const id of messages) {
        // Pushed a second time while the first push was under way: nothing of this one is kept.
        if (!tables.addMessage(id, nowMs)) throw new AlreadyStored();
      }
      return chunks.map(({ labels, chunk }) => {
        const stream = tables.ensureStream(tenant, labels);
        const id = tables.addChunk(chunk, { stream, tier: tierOf(chunk.bytes), storedAtMs: nowMs });
        return { id, stream: { id: stream, labels }, storedAtMs: nowMs };
      });
    });
  };

  const announce = (tenant: TenantId, chunks: readonly NewChunk[], places: readonly StoredAt[]): void => {
    const known = listeners.get(tenant);
    if (known === undefined || known.size === 0) return;
    chunks.forEach(({ chunk: { data, ...chunk } }, i) => {
      for (const listener of known) {
        listener({ ...places[i]!, ...chunk, load: () => decodeChunk(data, chunk) });
      }
    });
  };

  const maintain = async (places: readonly StoredAt[]): Promise<void> => {
    const nowMs = clock.nowMs();
    try {
      for (const { stream } of places) await mergeChunks(stream.id, { database, tables, nowMs });
      if (nowMs < nextUpkeepMs) return;
      nextUpkeepMs = nowMs + UPKEEP_INTERVAL_MS;
      await keepWithinLimits(nowMs, { ...options, tables, logger, onEvicted });
    } catch (error) {
      // The lines are stored; the next push tries again.
      logger.warn('the upkeep of the log store failed', { error: describeError(error) });
    }
  };

  const pushFresh = async (tenant: TenantId, parts: readonly TelemetryPart[]): Promise<PushResult> => {
    const fresh = new Map<MessageId, TelemetryPart>();
    for (const part of parts) if (!tables.hasMessage(part.messageId)) fresh.set(part.messageId, part);
    const wanted = [...fresh.values()];
    if (wanted.length === 0) return { status: 'ok' };
    const raws = await Promise.all(wanted.map((part) => part.raw()));
    const chunks = shape(wanted, raws);
    const places = await store(tenant, [...fresh.keys()], chunks);
    announce(tenant, chunks, places);
    // One after the other: two merges of a stream would void each other.
    upkeep = upkeep.then(() => maintain(places));
    await upkeep;
    return { status: 'ok' };
  };

  const toChunk = (stream: LogStream, row: ReturnType<typeof tables.liveChunks>[number]): LogChunk => ({
    id: row.id,
    stream,
    firstNs: row.firstNs,
    lastNs: row.lastNs,
    count: row.count,
    bytes: row.bytes,
    storedAtMs: row.storedAtMs,
    load() {
      const data = tables.readData(row.id);
      return data === undefined ? emptyLines() : decodeChunk(data, row);
    },
  });

  return {
    name: 'embedded-logs',
    maxRawBytes: MAX_RAW_BYTES,
    async push(tenant, parts) {
      try {
        return await pushFresh(tenant, parts);
      } catch (error) {
        if (error instanceof AlreadyStored) return this.push(tenant, parts, { signal: AbortSignal.abort() });
        const reason = `embedded log store: ${describeError(error)}`;
        return error instanceof OtlpFormatError
          ? { status: 'permanent', reason }
          : { status: 'retryable', reason };
      }
    },
    streams(tenant, range) {
      return tables.streams(tenant).filter(({ id }) => tables.liveChunks(id, range).length > 0);
    },
    chunks({ tenant, isWanted, ...range }) {
      return tables
        .streams(tenant)
        .filter(({ labels }) => isWanted(labels))
        .flatMap((stream) => tables.liveChunks(stream.id, range).map((row) => toChunk(stream, row)))
        .sort((a, b) => (a.lastNs > b.lastNs ? -1 : a.lastNs < b.lastNs ? 1 : 0));
    },
    subscribe(tenant, listener) {
      const known = listeners.get(tenant) ?? new Set();
      listeners.set(tenant, known.add(listener));
      return () => void known.delete(listener);
    },
    stats() {
      const { n } = database.db.prepare('SELECT count(*) AS n FROM log_streams').get() as { n: number };
      return { streams: n, ...tables.totals() };
    },
  };
}

/** A message of this push was stored by another push meanwhile. */
class AlreadyStored extends Error {}
