/**
 * The daily item quota of a key, shared by all processes through one counter item a day. The hot path
 * only looks at memory: what it counted is added to the table every few seconds, and the answer tells
 * what the others counted. So a quota may be overrun by a few seconds' items, and never cuts early.
 */
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';

export interface DailyQuota {
  /** Items of the day that are known to this process, its own included. */
  used(id: string): number;
  /** Items may be negative: what was counted is taken back. */
  count(id: string, items: number): void;
  /** Writes what is counted and not yet written; never rejects. */
  flush(): Promise<void>;
}

export interface DailyQuotaOptions {
  readonly table: Table;
  readonly clock: Clock;
  /** At most one write per key in this time; default 5 s. */
  readonly flushEveryMs?: number;
}

interface Count {
  readonly day: string;
  /** Of the day over all processes, as the table last said. */
  known: number;
  /** Counted here since. */
  pending: number;
  flushedAtMs: number;
  writing: Promise<void> | undefined;
}

const KEEP_SECONDS = 3 * 86_400;
const MAX_IDS = 10_000;

export function createDailyQuota({ table, clock, flushEveryMs = 5000 }: DailyQuotaOptions): DailyQuota {
  const counts = new Map<string, Count>();
  const today = (): string => new Date(clock.nowMs()).toISOString().slice(0, 10);

  const countOf = (id: string): Count => {
    const day = today();
    const known = counts.get(id);
    if (known?.day === day) return known;
    // Items that were pending at midnight belong to yesterday, whose quota is over.
    const fresh: Count = { day, known: 0, pending: 0, flushedAtMs: clock.nowMs(), writing: undefined };
    counts.delete(id);
    counts.set(id, fresh);
    if (counts.size > MAX_IDS) counts.delete(counts.keys().next().value!);
    // Adding nothing reads what other processes have counted today.
    fresh.writing = write(id, fresh);
    return fresh;
  };
  const write = async (id: string, count: Count): Promise<void> => {
    const sent = count.pending;
    count.flushedAtMs = clock.nowMs();
    try {
      const expiresAt = Math.floor(clock.nowMs() / 1000) + KEEP_SECONDS;
      const total = await table.add({ pk: `quota#${id}`, sk: count.day }, 'items', sent, { expiresAt });
      count.known = Math.max(count.known + Math.min(sent, 0), total);
    } catch {
      // It may have been added all the same, and adding twice would cut a customer short: counted here only.
      count.known += sent;
    }
    count.pending -= sent;
    count.writing = undefined;
  };

  return {
    used(id) {
      const { known, pending } = countOf(id);
      return known + pending;
    },
    count(id, items) {
      const count = countOf(id);
      count.pending += items;
      if (count.writing === undefined && clock.nowMs() - count.flushedAtMs >= flushEveryMs) {
        count.writing = write(id, count);
      }
    },
    async flush() {
      for (const [id, count] of counts) {
        await count.writing;
        if (count.pending !== 0) await write(id, count);
      }
    },
  };
}
