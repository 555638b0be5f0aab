/** The data directory of the local process: its lock, its database, and a queue with dead letters per signal. */
import { join, resolve } from 'node:path';
import { DATA_FILE, deadLetterName, QUEUE, type Signal, TABLE } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';
import { type EmbeddedDatabase, openDatabase } from '@sluice/platform/embedded/database';
import { acquireProcessLock } from '@sluice/platform/embedded/process-lock';
import { createEmbeddedQueue, type EmbeddedQueue } from '@sluice/platform/embedded/queue';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';

export interface QueuePair {
  readonly queue: EmbeddedQueue;
  readonly deadLetter: EmbeddedQueue;
}

export interface Storage {
  readonly dataDir: string;
  readonly database: EmbeddedDatabase;
  readonly keyTable: Table;
  readonly queues: Readonly<Record<Signal, QueuePair>>;
  readonly auditTable: Table;
  readonly auditQueue: QueuePair;
  readonly notificationQueue: QueuePair;
  close(): Promise<void>;
}

/** A message that could not be delivered in weeks of tries; no destination's outage comes near it. */
const MAX_RECEIVE_COUNT = 1000;

/** @throws UsageError when the directory cannot be used, or another process uses it. */
export function openStorage(dataDir: string, clock: Clock): Storage {
  const lock = acquireProcessLock(join(dataDir, DATA_FILE.lock));
  try {
    const database = openDatabase({ path: join(dataDir, DATA_FILE.database) });
    const pair = (name: string): QueuePair => {
      const deadLetter = createEmbeddedQueue({ database, name: deadLetterName(name), clock });
      const queue = createEmbeddedQueue({
        database,
        name,
        clock,
        maxReceiveCount: MAX_RECEIVE_COUNT,
        deadLetter: deadLetter.name,
      });
      return { queue, deadLetter };
    };
    return {
      dataDir: resolve(dataDir),
      database,
      keyTable: createEmbeddedTable({ database, name: TABLE.keys, clock }),
      auditTable: createEmbeddedTable({ database, name: TABLE.audit, clock }),
      auditQueue: pair(QUEUE.audit),
      notificationQueue: pair(QUEUE.notifications),
      queues: { traces: pair(QUEUE.traces), logs: pair(QUEUE.logs), metrics: pair(QUEUE.metrics) },
      async close() {
        await database.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
