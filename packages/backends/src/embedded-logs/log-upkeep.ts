/** Keeps the embedded log store within its retention and its size; what is evicted is announced. */
import type { Logger } from '@sluice/core/logger';
import type { EmbeddedDatabase } from '@sluice/platform/embedded/database';
import type { LogTables } from './log-tables.ts';

export interface UpkeepOptions {
  readonly database: EmbeddedDatabase;
  readonly tables: LogTables;
  readonly logger: Logger;
  readonly retentionMs: number;
  readonly maxBytes: number;
  /** Told of lines that went, and why. */
  readonly onEvicted: (lines: number, reason: EvictionReason) => void;
}

export type EvictionReason = 'retention' | 'size';

/** A scan that holds a replaced chunk has long read it by then. */
const REPLACED_GRACE_MS = 5 * 60_000;
/** Queues keep a message for 14 days: so long one may come again. */
const MESSAGE_RETENTION_MS = 15 * 24 * 3_600_000;
/** Eviction frees a little more than it must, so that it need not run at every push. */
const EVICTION_TARGET = 0.95;

export async function keepWithinLimits(nowMs: number, options: UpkeepOptions): Promise<void> {
  const { database, tables, logger, retentionMs, maxBytes, onEvicted } = options;
  const expired = await database.write(() => {
    tables.deleteReplaced(nowMs - REPLACED_GRACE_MS);
    tables.deleteMessagesBefore(nowMs - MESSAGE_RETENTION_MS);
    return tables.deleteStoredBefore(nowMs - retentionMs);
  });
  if (expired.lines > 0) {
    logger.info('log lines reached the end of their retention', { ...expired });
    onEvicted(expired.lines, 'retention');
  }

  let { storedBytes } = tables.totals();
  if (storedBytes > maxBytes) {
    let lines = 0;
    let bytes = 0;
    while (storedBytes - bytes > maxBytes * EVICTION_TARGET) {
      const chunks = tables.oldest(storedBytes - bytes - maxBytes * EVICTION_TARGET);
      if (chunks.length === 0) break;
      await database.write(() => {
        for (const { id } of chunks) tables.deleteChunk(id);
      });
      for (const chunk of chunks) {
        lines += chunk.lines;
        bytes += chunk.bytes;
      }
    }
    storedBytes -= bytes;
    logger.warn('the log store was full: its oldest lines were evicted', { lines, bytes, maxBytes });
    onEvicted(lines, 'size');
  }
  await database.write(() => tables.deleteEmptyStreams());
}
