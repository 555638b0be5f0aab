/** Runs log queries: the newest (or oldest) lines that pass the pipeline, and the walk that metric queries share. */
import { setImmediate } from 'node:timers/promises';
import type { LogChunk, LogLabels, LogLines, LogRange, LogReader } from '@sluice/backends/log-reader';
import type { TenantId } from '@sluice/core/ids';
import type { LineFilter, LogSelector, Stage } from './ast.ts';
import { createEntry, type Entry, type EntryCategories } from './entry.ts';
import { linesWith, neededText } from './line-filters.ts';
import { createStreamFilter } from './parse-selector.ts';
import { createPipeline } from './pipeline.ts';

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

/** So many bytes of text are gone through before other work of the process gets its turn. */
const BYTES_PER_TURN = 16 * 1_048_576;

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
  { matchers, stages }: LogSelector,
  { reader, tenant, signal }: LogSource,
  { startNs, endNs, stats }: LogRange & { readonly stats: QueryStats },
): Scan {
  const pipeline = createPipeline(stages);
  const needle = Buffer.from(longestNeeded(stages));
  let bytesInTurn = 0;
  return {
    chunks: reader.chunks({ tenant, isWanted: createStreamFilter(matchers), startNs, endNs }),
    async visit(chunk, isBackward, visit) {
      signal.throwIfAborted();
      bytesInTurn += chunk.bytes;
      if (bytesInTurn > BYTES_PER_TURN) {
        bytesInTurn = 0;
        await setImmediate();
      }
      const lines = chunk.load();
      stats.chunks += 1;
      stats.lines += lines.count;
      stats.bytes += lines.text.length;
      for (const i of lineNumbers(lines, needle, isBackward)) {
        const timeNs = lines.timesNs[i]!;
        if (timeNs < startNs || timeNs >= endNs) continue;
        const entry = createEntry(timeNs, lineText(lines, i), chunk.stream.labels);
        if (pipeline(entry) && !visit(entry)) return;
      }
    },
  };
}

export function lineText({ starts, text }: LogLines, i: number): string {
  return text.toString('utf8', starts[i]!, starts[i + 1]! - 1);
}

function lineNumbers(lines: LogLines, needle: Buffer, isBackward: boolean): Iterable<number> {
  if (needle.length > 0) {
    const found = linesWith(lines, needle);
    return isBackward ? [...found].reverse() : found;
  }
  return isBackward ? countDown(lines.count) : countUp(lines.count);
}

function* countUp(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i;
}

function* countDown(count: number): Generator<number> {
  for (let i = count - 1; i >= 0; i--) yield i;
}

/** Of the line filters that see the line as it is stored, the text that rules out most. */
function longestNeeded(stages: readonly Stage[]): string {
  let longest = '';
  for (const stage of stages) {
    if (stage.kind === 'line_format' || stage.kind === 'unpack' || stage.kind === 'decolorize') break;
    if (stage.kind !== 'line') continue;
    const text = neededText(stage as LineFilter);
    if (text.length > longest.length) longest = text;
  }
  // A stored line holds no line feed.
  return longest.includes('\n') ? '' : longest;
}

/** One text per set of labels, whatever their order. */
export function labelsKey(labels: LogLabels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
