/**
 * Live tails over a log reader: the newest lines from before, then every line as it is stored. A reader
 * that is too slow loses lines, and is told which: the memory of a tail is bounded.
 */
import type { LogChunk, LogLabels, LogReader } from '@sluice/backends/log-reader';
import type { TenantId } from '@sluice/core/ids';
import type { Clock } from '@sluice/core/ports/clock';
import type { Entry, EntryCategories } from '../logql/entry.ts';
import { createLineScanner } from '../logql/line-scanner.ts';
import { createQueryStats, runLogQuery } from '../logql/log-query.ts';
import type { TailRequest } from './tail-request.ts';

export interface TailEntry {
  readonly timeNs: bigint;
  readonly line: string;
  readonly categories: EntryCategories;
}

export interface DroppedEntry {
  readonly timeNs: bigint;
  readonly labels: LogLabels;
}

/** What came since the frame before, in the order of times. */
export interface TailFrame {
  readonly entries: readonly TailEntry[];
  /** The first thousand of those that were lost. */
  readonly dropped: readonly DroppedEntry[];
  readonly droppedCount: number;
}

export interface LiveTail {
  /** Waits until there is something; `undefined` once the tail is closed. One call at a time. */
  next(): Promise<TailFrame | undefined>;
  close(): void;
}

export interface LiveTails {
  /** @throws TooManyTails */
  open(request: TailRequest, tenant: TenantId): LiveTail;
  /** Ends all tails: nobody waits for one any longer. */
  closeAll(): void;
}

/** Answered as 429. */
export class TooManyTails extends Error {}

export interface TailLimits {
  readonly maxTailsPerTenant: number;
  readonly maxBufferedEntries: number;
  readonly maxBufferedBytes: number;
  readonly maxDroppedEntries: number;
  readonly maxFrameEntries: number;
}

/** The first and the fourth are Loki's defaults. */
export const TAIL_LIMITS: TailLimits = {
  maxTailsPerTenant: 10,
  maxBufferedEntries: 10_000,
  maxBufferedBytes: 8 * 1_048_576,
  maxDroppedEntries: 1000,
  maxFrameEntries: 1000,
};

export interface LiveTailsOptions {
  readonly reader: LogReader;
  readonly clock: Clock;
  readonly limits?: TailLimits;
}

export function createLiveTails({ reader, clock, limits = TAIL_LIMITS }: LiveTailsOptions): LiveTails {
  const open = new Map<LiveTail, TenantId>();
  return {
    open(request, tenant) {
      const count = [...open.values()].filter((own) => own === tenant).length;
      if (count >= limits.maxTailsPerTenant) {
        throw new TooManyTails(
          `max concurrent tail requests limit exceeded, count > limit (${count + 1} > ${limits.maxTailsPerTenant})`,
        );
      }
      const tail = openTail(request, { reader, clock, limits, tenant, onClose: () => open.delete(tail) });
      open.set(tail, tenant);
      return tail;
    },
    closeAll() {
      for (const tail of [...open.keys()]) tail.close();
    },
  };
}

interface TailOptions extends Required<LiveTailsOptions> {
  readonly tenant: TenantId;
  readonly onClose: () => void;
}

interface Waiting extends TailEntry {
  /** When it may be shown. */
  readonly dueMs: number;
}

function openTail(
  { selector, startNs, limit, delayForMs }: TailRequest,
  { reader, clock, limits, tenant, onClose }: TailOptions,
): LiveTail {
  const scanner = createLineScanner(selector);
  const { isWanted } = scanner;
  const ending = new AbortController();
  const { signal } = ending;
  let waiting: Waiting[] = [];
  let bufferedBytes = 0;
  let dropped: DroppedEntry[] = [];
  let droppedCount = 0;
  let wake: () => void = () => {};

  const add = (entry: Entry): boolean => {
    const { timeNs, line } = entry;
    const categories = entry.categories();
    if (waiting.length < limits.maxBufferedEntries && bufferedBytes < limits.maxBufferedBytes) {
      waiting.push({ timeNs, line, categories, dueMs: clock.nowMs() + delayForMs });
      bufferedBytes += line.length;
      return true;
    }
    droppedCount += 1;
    if (dropped.length < limits.maxDroppedEntries) dropped.push({ timeNs, labels: categories.stream });
    return true;
  };
  const before = new Set<number>();
  const stop = reader.subscribe(tenant, (chunk: LogChunk) => {
    // Stored just before the tail began: among the lines from before.
    if (before.has(chunk.id) || !isWanted(chunk.stream.labels)) return;
    scanner.visit(chunk.load(), chunk, { found: add });
    wake();
  });
  const range = { startNs, endNs: 2n ** 63n - 1n };
  const chunks = reader.chunks({ tenant, isWanted, ...range });
  for (const { id } of chunks) before.add(id);
  let history: Promise<readonly TailEntry[]> | undefined = runLogQuery(
    selector,
    { reader: { ...reader, chunks: () => chunks }, tenant, signal },
    { ...range, limit, direction: 'backward', stats: createQueryStats() },
  );
  // It is read by the first `next`, or by nobody.
  history.catch(() => {});

  const takeHistory = async (): Promise<TailFrame | undefined> => {
    const entries = await history!;
    history = undefined;
    return entries.length === 0 ? undefined : { entries: entries.toReversed(), dropped: [], droppedCount: 0 };
  };

  const takeDue = (): TailFrame | undefined => {
    const nowMs = clock.nowMs();
    const isDue = ({ dueMs }: Waiting): boolean => dueMs <= nowMs;
    const due = waiting
      .filter(isDue)
      .sort((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0));
    if (due.length === 0 && droppedCount === 0) return undefined;
    const entries = due.slice(0, limits.maxFrameEntries);
    waiting = [...due.slice(limits.maxFrameEntries), ...waiting.filter((entry) => !isDue(entry))];
    for (const { line } of entries) bufferedBytes -= line.length;
    const frame = { entries, dropped, droppedCount };
    dropped = [];
    droppedCount = 0;
    return frame;
  };

  return {
    async next() {
      try {
        if (history !== undefined) {
          const frame = await takeHistory();
          if (frame !== undefined) return frame;
        }
        while (!signal.aborted) {
          const frame = takeDue();
          if (frame !== undefined) return frame;
          await new Promise<void>((resolve) => {
            wake = resolve;
            const first = waiting[0];
            if (first !== undefined) void clock.sleep(first.dueMs - clock.nowMs(), signal).then(resolve);
          });
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      return undefined;
    },
    close() {
      if (signal.aborted) return;
      stop();
      ending.abort();
      waiting = [];
      wake();
      onClose();
    },
  };
}
