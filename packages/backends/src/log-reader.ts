/**
 * What the read side asks of a log store: which streams there are, and their chunks of lines. Filters and
 * languages are the reader's business; a chunk hands out its lines as bytes, so that most of them are
 * never turned into strings.
 */
import type { TenantId } from '@sluice/core/ids';

export type LogLabels = Readonly<Record<string, string>>;

export interface LogStream {
  readonly id: number;
  readonly labels: LogLabels;
}

/** Bounds are Unix nanoseconds: start inclusive, end exclusive. */
export interface LogRange {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

export interface LogQuery extends LogRange {
  readonly tenant: TenantId;
  /** Chooses streams by their labels. */
  readonly isWanted: (labels: LogLabels) => boolean;
}

/** Lines of one stream, in the order of their times. A chunk may reach beyond the range that was asked for. */
export interface LogChunk {
  /** Unlike that of any other chunk; lines that are merged with others later get a new one. */
  readonly id: number;
  readonly stream: LogStream;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  readonly count: number;
  /** Bytes of its lines. */
  readonly bytes: number;
  /** When its oldest line was stored. */
  readonly storedAtMs: number;
  /** Reads and decompresses. Empty when the chunk has been evicted meanwhile. */
  load(): LogLines;
}

/** Line `i` is `text.subarray(starts[i], starts[i + 1] - 1)`: UTF-8, each followed by one line feed. */
export interface LogLines {
  readonly count: number;
  readonly timesNs: BigInt64Array;
  readonly starts: Uint32Array;
  readonly text: Buffer;
}

export interface LogStoreStats {
  readonly streams: number;
  readonly chunks: number;
  readonly lines: number;
  /** Bytes of the lines, and what they take compressed. */
  readonly bytes: number;
  readonly storedBytes: number;
}

export interface LogReader {
  /** Streams with lines in the range. */
  streams(tenant: TenantId, range: LogRange): readonly LogStream[];
  /** Chunks that overlap the range, those with the newest lines first. */
  chunks(query: LogQuery): readonly LogChunk[];
  /** Calls `listener` with every chunk of the tenant once it is stored, before it is merged. Answers how to stop. */
  subscribe(tenant: TenantId, listener: (chunk: LogChunk) => void): () => void;
  stats(): LogStoreStats;
}
