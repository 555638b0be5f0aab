/** Merges a stream's small chunks into larger ones: a scan pays per chunk, and small ones compress badly. */
import type { EmbeddedDatabase } from '@sluice/platform/embedded/database';
import {
  appendLines,
  type ChunkBuilder,
  createChunkBuilder,
  decodeChunk,
  type EncodedChunk,
  encodeChunk,
} from './log-chunk.ts';
import type { LogTables } from './log-tables.ts';

/** By bytes of text: 0 below 64 KiB, 1 below 1 MiB, 2 is large enough to stay. */
const TIER_BYTES = [65_536, 1_048_576] as const;
const CHUNKS_TO_MERGE = 16;
const MAX_MERGED_BYTES = 2_097_152;

export function tierOf(bytes: number): number {
  return bytes < TIER_BYTES[0] ? 0 : bytes < TIER_BYTES[1] ? 1 : 2;
}

export interface MergeOptions {
  readonly database: EmbeddedDatabase;
  readonly tables: LogTables;
  readonly nowMs: number;
}

/** Merges what is worth it, tier by tier. Replaced chunks stay readable for scans under way. */
export async function mergeChunks(stream: number, { database, tables, nowMs }: MergeOptions): Promise<void> {
  for (const tier of [0, 1]) {
    const { count, bytes } = tables.countOfTier(stream, tier);
    if (count < CHUNKS_TO_MERGE && bytes < TIER_BYTES[1] * 2) continue;
    const rows = tables.chunksOfTier(stream, tier);
    const merged: EncodedChunk[] = [];
    let builder: ChunkBuilder = createChunkBuilder();
    for (const row of rows) {
      const data = tables.readData(row.id);
      if (data === undefined) continue;
      if (builder.text.length > 0 && builder.text.length + row.bytes > MAX_MERGED_BYTES) {
        merged.push(encodeChunk(builder));
        builder = createChunkBuilder();
      }
      appendLines(builder, decodeChunk(data, row));
    }
    if (builder.timesNs.length > 0) merged.push(encodeChunk(builder));
    // Merged chunks are as old as their oldest part: none of it may outlive its retention.
    const storedAtMs = Math.min(...rows.map((row) => row.storedAtMs));
    await database.write(() => {
      // Evicted or merged meanwhile: then the rows are not all there, and this merge is void.
      const still = new Set(tables.chunksOfTier(stream, tier).map(({ id }) => id));
      if (!rows.every(({ id }) => still.has(id))) return;
      for (const chunk of merged) {
        // Never the same tier again, or it would be merged for ever.
        tables.addChunk(chunk, { stream, tier: Math.max(tier + 1, tierOf(chunk.bytes)), storedAtMs });
      }
      tables.markReplaced(
        rows.map(({ id }) => id),
        nowMs,
      );
    });
  }
}
