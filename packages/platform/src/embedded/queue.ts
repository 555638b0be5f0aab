/** The Queue port on SQLite: what SQS promises, in one file, durable before `send` is answered. */
import type { Clock } from '@sluice/core/ports/clock';
import type {
  OutgoingMessage,
  Queue,
  ReceivedMessage,
  ReceiveOptions,
  SendOutcome,
} from '@sluice/core/ports/queue';
import { refusalOf } from '../queue/message-limits.ts';
import { checkReceive, checkVisibility } from '../queue/receive-limits.ts';
import type { EmbeddedDatabase } from './database.ts';
import { createQueueRows, type StateRow } from './queue-rows.ts';
import { wakeUpsOf } from './wake-ups.ts';

export interface EmbeddedQueueOptions {
  readonly database: EmbeddedDatabase;
  readonly name: string;
  readonly clock: Clock;
  /** A message that was received so often without being deleted goes to `deadLetter` instead of out again. */
  readonly maxReceiveCount?: number;
  /** Name of another embedded queue in the same file. Without it messages come back for ever. */
  readonly deadLetter?: string;
  /** By default what the name says: `.fifo` at its end. */
  readonly fifo?: boolean;
  /** Messages older than this are dropped, as SQS does (its maximum, and the default, is 14 days). */
  readonly retentionMs?: number;
}

export interface EmbeddedQueue extends Queue {
  /**
   * Makes every message visible that an earlier process had received: for the start of the only
   * consumer, so that a crash does not cost a visibility timeout. Answers how many there were.
   */
  releaseInFlight(): Promise<number>;
}

const RETENTION_MS = 14 * 86_400_000;
/** How soon a message that another process has sent is seen. */
const POLL_MS = 500;
const PURGE_EVERY_MS = 60_000;

export function createEmbeddedQueue(options: EmbeddedQueueOptions): EmbeddedQueue {
  const { database, name, clock, deadLetter, retentionMs = RETENTION_MS } = options;
  const fifo = options.fifo ?? name.endsWith('.fifo');
  const maxReceives = deadLetter === undefined ? Number.POSITIVE_INFINITY : (options.maxReceiveCount ?? 1000);
  const rows = createQueueRows(database, name);
  const wakeUps = wakeUpsOf(database);
  const selectNext = database.db.prepare(
    'SELECT min(visible_at) AS at FROM queue_state WHERE queue = ? AND visible_at > ?',
  );
  const selectAny = database.db.prepare(
    'SELECT 1 FROM queue_state WHERE queue = ? AND visible_at <= ? LIMIT 1',
  );
  const selectStats = database.db.prepare(
    `SELECT count(*) FILTER (WHERE visible_at <= ?1) AS visible,
            count(*) FILTER (WHERE visible_at > ?1 AND receives > 0) AS inFlight,
            count(*) FILTER (WHERE visible_at > ?1 AND receives = 0) AS delayed, min(sent_at) AS oldest
     FROM queue_state WHERE queue = ?2`,
  );
  let purgedAtMs = Number.NEGATIVE_INFINITY;

  const insertOnce = (message: OutgoingMessage, nowMs: number): string => {
    if (!fifo) return rows.insert(message, nowMs);
    const known = rows.findDuplicate(message, nowMs);
    if (known !== undefined) return known;
    const messageId = rows.insert(message, nowMs);
    rows.noteDeduplication(message, messageId, nowMs);
    return messageId;
  };

  const takeBatch = (
    nowMs: number,
    { maxMessages, visibilityTimeoutMs }: ReceiveOptions,
  ): ReceivedMessage[] => {
    const taken: ReceivedMessage[] = [];
    for (;;) {
      const wanted = maxMessages - taken.length;
      const found = fifo ? rows.visibleInGroups(nowMs, wanted) : rows.visible(nowMs, wanted);
      const dead = found.filter(isSpent);
      for (const row of dead) bury(row, nowMs);
      // A message behind a dead one of its group must not overtake: look again once the dead are gone.
      if (fifo && dead.length > 0) continue;
      for (const row of found) if (!isSpent(row)) taken.push(rows.take(row, nowMs + visibilityTimeoutMs));
      if (fifo || dead.length === 0 || taken.length >= maxMessages) return taken;
    }
  };
  const isSpent = ({ receives }: StateRow): boolean => receives >= maxReceives;
  const bury = (row: StateRow, nowMs: number): void => {
    const reason = `received ${row.receives} times without being done (maxReceiveCount ${maxReceives})`;
    rows.moveToDeadLetter(row, { queue: deadLetter!, reason, nowMs });
  };

  const purgeSometimes = async (): Promise<void> => {
    const nowMs = clock.nowMs();
    if (nowMs - purgedAtMs < PURGE_EVERY_MS) return;
    purgedAtMs = nowMs;
    await database.write(() => {
      rows.purgeBefore(nowMs - retentionMs);
      if (fifo) rows.purgeDeduplication(nowMs);
    });
  };

  return {
    name,
    async send(messages) {
      const outcomes: SendOutcome[] = messages.map((message) => {
        const reason = refusalOf(message, { fifo });
        return reason === undefined ? { status: 'ok', messageId: '' } : { status: 'permanent', reason };
      });
      if (!outcomes.some(({ status }) => status === 'ok')) return outcomes;
      const nowMs = clock.nowMs();
      const sent = await database.write(() =>
        outcomes.map((outcome, index): SendOutcome => {
          if (outcome.status !== 'ok') return outcome;
          return { status: 'ok', messageId: insertOnce(messages[index]!, nowMs) };
        }),
      );
      wakeUps.wake(name);
      return sent;
    },
    async receive(receiveOptions) {
      checkReceive(receiveOptions);
      await purgeSometimes();
      const { waitMs, signal } = receiveOptions;
      const deadlineMs = clock.nowMs() + waitMs;
      const bell = createBell(clock, signal);
      const unlisten = wakeUps.listen(name, bell.ring);
      try {
        for (;;) {
          bell.reset();
          const nowMs = clock.nowMs();
          if (selectAny.get(name, nowMs) !== undefined && !signal?.aborted) {
            const taken = await database.write(() => takeBatch(clock.nowMs(), receiveOptions));
            if (deadLetter !== undefined) wakeUps.wake(deadLetter);
            if (taken.length > 0) return taken;
          }
          const nextAtMs = Number(selectNext.get(name, nowMs)?.at ?? Number.POSITIVE_INFINITY);
          const untilMs = Math.min(deadlineMs, nextAtMs, nowMs + POLL_MS);
          if (nowMs >= deadlineMs || signal?.aborted) return [];
          await bell.wait(untilMs - clock.nowMs());
        }
      } finally {
        unlisten();
      }
    },
    async delete(receiptHandles) {
      const receipts = receiptHandles.map(parseReceipt).filter((receipt) => receipt !== undefined);
      if (receipts.length === 0) return;
      await database.write(() => {
        for (const { seq, receives } of receipts) rows.remove(seq, receives);
      });
      if (fifo) wakeUps.wake(name);
    },
    async changeVisibility(receiptHandle, timeoutMs) {
      checkVisibility(timeoutMs);
      const receipt = parseReceipt(receiptHandle);
      if (receipt === undefined) return;
      await database.write(() =>
        rows.hide(receipt.seq, receipt.receives, clock.nowMs() + Math.ceil(timeoutMs)),
      );
      wakeUps.wake(name);
    },
    async stats() {
      const nowMs = clock.nowMs();
      const row = selectStats.get(nowMs, name)!;
      return {
        visible: Number(row.visible),
        inFlight: Number(row.inFlight),
        delayed: Number(row.delayed),
        oldestAgeMs: row.oldest === null ? 0 : Math.max(0, nowMs - Number(row.oldest)),
      };
    },
    async releaseInFlight() {
      const released = await database.write(() => rows.releaseInFlight(clock.nowMs()));
      if (released > 0) wakeUps.wake(name);
      return released;
    },
  };
}

function parseReceipt(handle: string): { readonly seq: number; readonly receives: number } | undefined {
  const match = /^(\d{1,15})\.(\d{1,9})$/.exec(handle);
  return match === null ? undefined : { seq: Number(match[1]), receives: Number(match[2]) };
}

/** Sleeps until a time, a ring, or an abort; a ring between two waits is not lost. */
function createBell(clock: Clock, signal: AbortSignal | undefined) {
  let rung = false;
  let sleeping: AbortController | undefined;
  return {
    ring(): void {
      rung = true;
      sleeping?.abort();
    },
    reset(): void {
      rung = false;
    },
    async wait(ms: number): Promise<void> {
      if (rung || ms <= 0) return;
      sleeping = new AbortController();
      const stop = (): void => sleeping?.abort();
      signal?.addEventListener('abort', stop, { once: true });
      await clock.sleep(ms, sleeping.signal);
      signal?.removeEventListener('abort', stop);
      sleeping = undefined;
    },
  };
}
