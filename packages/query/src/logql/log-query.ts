/** Runs log queries: the newest (or oldest) lines that pass the pipeline, and the walk that metric queries share. */

import type { LogChunk, LogLabels, LogRange, LogReader } from '@sluice/backends/log-reader';
import type { TenantId } from '@sluice/core/ids';
import { createPauses } from '@sluice/core/pauses';
import { systemClock } from '@sluice/core/ports/clock';
import type { LogSelector } from './ast.ts';
import type { Entry, EntryCategories } from './entry.ts';
import { createLineScanner } from './line-scanner.ts';

export interface LogSource {
  readonly reader: LogReader;
  readonly tenant: TenantId;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** What a query went through; adds up over its parts. */
export interface QueryStats {
  chunks: number;
  lines: number;
  bytes: number;
}

export function createQueryStats(): QueryStats {
  return { chunks: 0, lines: 0, bytes: 0 };
}

export type Direction = 'forward' | 'backward';

export interface LogResult {
  readonly timeNs: bigint;
  readonly line: string;
  readonly categories: EntryCategories;
}

export interface LogQueryOptions extends LogRange {
  readonly limit: number;
  readonly direction: Direction;
  readonly stats: QueryStats;
}

/** In the order of the direction; of equal times, in the order they came. */
export async function runLogQuery(
  selector: LogSelector,
  source: LogSource,
  options: LogQueryOptions,
): Promise<readonly LogResult[]> {
  const { limit, direction } = options;
  const isBackward = direction === 'backward';
  const scan = createScan(selector, source, options);
  const order = isBackward
    ? (a: LogResult, b: LogResult) => (a.timeNs > b.timeNs ? -1 : a.timeNs < b.timeNs ? 1 : 0)
    : (a: LogResult, b: LogResult) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0);
  const chunks = isBackward
    ? scan.chunks
    : scan.chunks.toSorted((a, b) => (a.firstNs < b.firstNs ? -1 : a.firstNs > b.firstNs ? 1 : 0));

  let results: LogResult[] = [];
  for (const chunk of chunks) {
    const bound = results.length >= limit ? results[limit - 1]!.timeNs : undefined;
    // Chunks come in the order of their best line: what follows cannot be better than what there is.
    if (bound !== undefined && (isBackward ? chunk.lastNs < bound : chunk.firstNs > bound)) break;
    let found = 0;
    await scan.visit(chunk, isBackward, (entry) => {
      if (bound !== undefined && (isBackward ? entry.timeNs <= bound : entry.timeNs >= bound)) return false;
      results.push({ timeNs: entry.timeNs, line: entry.line, categories: entry.categories() });
      found += 1;
      return found < limit;
    });
    if (found > 0) results = results.sort(order).slice(0, limit);
  }
  return results;
}

/** Calls `visit` for every line in the range that passes, chunk by chunk, in no order between chunks. */
export async function eachEntry(
  selector: LogSelector,
  source: LogSource,
  options: LogRange & { readonly stats: QueryStats; readonly visit: (entry: Entry, chunk: LogChunk) => void },
): Promise<void> {
  const scan = createScan(selector, source, options);
  for (const chunk of scan.chunks) {
    await scan.visit(chunk, false, (entry) => {
      options.visit(entry, chunk);
      return true;
    });
  }
}

interface Scan {
  readonly chunks: readonly LogChunk[];
  /** `visit` answers whether it wants more of this chunk. */
  visit(chunk: LogChunk, isBackward: boolean, visit: (entry: Entry) => boolean): Promise<void>;
}

function createScan(
  selector: LogSelector,
  { reader, tenant, signal }: LogSource,
  { startNs, endNs, stats }: LogRange & { readonly stats: QueryStats },
): Scan {
  const scanner = createLineScanner(selector);
  const range = { startNs, endNs };
  const pauses = createPauses(systemClock);
  return {
    chunks: reader.chunks({ tenant, isWanted: scanner.isWanted, ...range }),
    async visit(chunk, isBackward, found) {
      signal.throwIfAborted();
      if (pauses.isDue()) await pauses.take();
      stats.chunks += 1;
      stats.lines += chunk.count;
      stats.bytes += chunk.bytes;
      scanner.visit(chunk.load(), chunk, { range, isBackward, found });
    },
  };
}

/** One text per set of labels, whatever their order. */
export function labelsKey(labels: LogLabels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
