/**
 * The consumer of the metrics queue, without the queue: opens messages, translates their points, and
 * appends them as immutable blocks, one a shard, under the present write-tick. A message is done once its
 * blocks are written within the span that reducers look back over; written twice it is recognised by its id.
 */
import { gunzipSync } from 'node:zlib';
import { decodePayload } from '@sluice/core/envelope';
import { describeError, PermanentError } from '@sluice/core/errors';
import { inflateGzip } from '@sluice/core/gzip';
import type { Clock } from '@sluice/core/ports/clock';
import type { ReceivedMessage } from '@sluice/core/ports/queue';
import type { Table } from '@sluice/core/ports/table';
import { decodeMetrics } from '@sluice/otlp/decode-metrics';
import type { MetricsSettings } from '../metrics-settings.ts';
import type { ServiceCounts } from '../span-metrics/count-spans.ts';
import { decodeSpanCounts } from '../span-metrics/span-counts-codec.ts';
import { translateSpanCounts } from '../span-metrics/translate-span-counts.ts';
import type { Rejection } from '../translate/rejections.ts';
import { translateMetrics } from '../translate/translate-metrics.ts';
import type { Section } from './block.ts';
import { type CollectMemory, createCollectMemory } from './collect-memory.ts';
import { writeSections } from './write-sections.ts';

export interface CollectDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly settings: MetricsSettings;
  /** Kept by one process over its batches: caches only, a new one costs time and a few bytes. */
  readonly memory?: CollectMemory;
}

export type CollectOutcome = { readonly messageId: string } & (
  | {
      readonly status: 'stored';
      readonly points: number;
      readonly rejected: readonly Rejection[];
      readonly warnings: readonly string[];
    }
  /** No retry can help: for the dead-letter queue. */
  | { readonly status: 'dead'; readonly reason: string }
  | { readonly status: 'retry'; readonly reason: string }
);

/** A usual post: handing it to another thread and back costs more than inflating it here. */
const SMALL_GZIP_BYTES = 32_768;
const LEAST_CHUNK_BYTES = 1024;
const MOST_CHUNK_BYTES = 1024 * 1024;
/** Inflated; above every limit that ingest can be set to. */
const MAX_INFLATED_BYTES = 512 * 1024 * 1024;
/** 64 bits of the message's SHA-256: among a million messages an hour, one wrong repeat in two million years. */
const ID_DIGITS = 16;

export interface OpenedMessage {
  readonly messageId: string;
  readonly tenant: string;
  readonly section: Section;
  readonly rejected: readonly Rejection[];
  readonly warnings: readonly string[];
}

/** One outcome a message, in order. Never throws for what one message holds. */
export async function collectMetrics(
  messages: readonly Pick<ReceivedMessage, 'messageId' | 'body' | 'attributes'>[],
  deps: CollectDeps,
): Promise<readonly CollectOutcome[]> {
  const memory = deps.memory ?? createCollectMemory();
  const outcomes = new Map<string, CollectOutcome>();
  const opened: OpenedMessage[] = [];
  for (const message of messages) {
    const { messageId } = message;
    try {
      opened.push(await openMessage(message, { ...deps, memory }));
    } catch (error) {
      const status = error instanceof PermanentError ? 'dead' : 'retry';
      outcomes.set(messageId, { messageId, status, reason: describeError(error) });
    }
  }
  const failed = await writeSections(opened, { ...deps, memory });
  for (const { messageId, section, rejected, warnings } of opened) {
    const reason = failed.get(messageId);
    outcomes.set(
      messageId,
      reason === undefined
        ? { messageId, status: 'stored', points: section.points.length, rejected, warnings }
        : { messageId, status: 'retry', reason },
    );
  }
  return messages.map(({ messageId }) => outcomes.get(messageId)!);
}

/** @throws PermanentError when the message can never be read. */
async function openMessage(
  message: Pick<ReceivedMessage, 'messageId' | 'body' | 'attributes'>,
  { settings, memory }: Required<CollectDeps>,
): Promise<OpenedMessage> {
  const { facts, payload } = decodePayload(message);
  if (facts.signal !== 'metrics') {
    throw new PermanentError(`a message of ${facts.signal} on the queue of metrics`);
  }
  const { receivedAtMs, tenant, id } = facts;
  const { series, spanSeries } = memory;
  const { points, rejected, warnings } =
    payload.codec === 'span-counts'
      ? translateSpanCounts(readSpanCounts(payload.bytes), settings, { receivedAtMs, series, spanSeries })
      : translateMetrics(decodeMetrics(await inflate(payload.bytes)), settings, {
          receivedAtMs,
          cache: series,
        });
  const section = { id: id.slice(0, ID_DIGITS), receivedAtMs, points };
  return { messageId: message.messageId, tenant, section, rejected, warnings };
}

function readSpanCounts(bytes: Uint8Array): readonly ServiceCounts[] {
  try {
    return decodeSpanCounts(bytes);
  } catch (cause) {
    throw new PermanentError('the payload is not counts of spans', { cause });
  }
}

async function inflate(gzip: Uint8Array): Promise<Uint8Array> {
  try {
    if (gzip.length <= SMALL_GZIP_BYTES) {
      return gunzipSync(gzip, { maxOutputLength: MAX_INFLATED_BYTES, chunkSize: expectedBytes(gzip) });
    }
    return await inflateGzip(gzip, { maxBytes: MAX_INFLATED_BYTES });
  } catch (cause) {
    throw new PermanentError('the payload is not whole gzip data', { cause });
  }
}

/** As a gzip member ends with it (RFC 1952 § 2.3.1): a hint, since anyone can write it. */
function expectedBytes(gzip: Uint8Array): number {
  if (gzip.length < 4) return LEAST_CHUNK_BYTES;
  const size = new DataView(gzip.buffer, gzip.byteOffset, gzip.byteLength).getUint32(gzip.length - 4, true);
  return Math.min(MOST_CHUNK_BYTES, Math.max(LEAST_CHUNK_BYTES, size + 1));
}
