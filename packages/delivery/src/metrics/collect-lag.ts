/**
 * How long messages wait to be collected, where the queue itself does not tell (SQS has the age of its oldest message
 * in CloudWatch alone): collectors note how old the messages are that they take, and who asks reads the note.
 */
import type { Clock } from '@sluice/core/ports/clock';
import type { BatchHandler, Queue } from '@sluice/core/ports/queue';
import type { Key, Table } from '@sluice/core/ports/table';

export interface CollectLagOptions {
  readonly table: Table;
  readonly clock: Pick<Clock, 'nowMs'>;
}

const NOTE: Key = { pk: 'mlag', sk: 'collect' };
/** A collector that keeps up says so once a minute, one that does not, more often. */
const NOTE_EVERY_MS = 60_000;
const LATE_NOTE_EVERY_MS = 15_000;
const LATE_MS = 30_000;
const KEPT_SECONDS = 86_400;

/** Notes how old the oldest message of a batch was; a note that fails is left out. */
export function noteCollectLag(handler: BatchHandler, { table, clock }: CollectLagOptions): BatchHandler {
  let notedMs = Number.NEGATIVE_INFINITY;
  return async (messages, context) => {
    const outcome = await handler(messages, context);
    const nowMs = clock.nowMs();
    const sentMs = Math.min(...messages.map(({ sentAtMs }) => sentAtMs));
    const everyMs = nowMs - sentMs > LATE_MS ? LATE_NOTE_EVERY_MS : NOTE_EVERY_MS;
    // A batch that failed as a whole has moved nothing.
    if (nowMs - notedMs < everyMs || outcome.failures.length === messages.length) return outcome;
    notedMs = nowMs;
    const expiresAt = Math.ceil(nowMs / 1000) + KEPT_SECONDS;
    await table.put({ ...NOTE, sentMs, takenMs: nowMs, expiresAt }).catch(() => undefined);
    return outcome;
  };
}

/**
 * The queue with an age in its statistics. While collectors take messages, the oldest is as old as those that they take;
 * when they take none though some are there, it grows since then.
 */
export function withCollectLag(
  queue: Pick<Queue, 'stats'>,
  { table, clock }: CollectLagOptions,
): Pick<Queue, 'stats'> {
  let fullSinceMs: number | undefined;
  return {
    async stats() {
      const stats = await queue.stats();
      if (stats.oldestAgeMs !== undefined) {
        if (stats.oldestAgeMs === 0) fullSinceMs = undefined;
        return stats;
      }
      const nowMs = clock.nowMs();
      fullSinceMs ??= nowMs;
      const note = await table.get(NOTE);
      const [sentMs, takenMs] = [note?.sentMs, note?.takenMs];
      if (typeof sentMs !== 'number' || typeof takenMs !== 'number')
        return { ...stats, oldestAgeMs: nowMs - fullSinceMs };
      const isMoving = nowMs - takenMs <= NOTE_EVERY_MS;
      const sinceMs = isMoving ? sentMs : Math.max(takenMs, fullSinceMs);
      return { ...stats, oldestAgeMs: Math.max(0, nowMs - sinceMs) };
    },
  };
}
