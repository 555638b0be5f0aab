/**
 * The emulator of SQS hands out one message of a FIFO group at a time; SQS hands out as many as it can, in their
 * order, and those that come back take their old places (SQS developer guide § FIFO queue delivery logic). This makes
 * the emulator do so.
 */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './bundle-door.ts';

interface Stored {
  readonly sequenceNumber?: string;
}

interface EmulatedQueue {
  fifoMessages: Map<string, Stored[]>;
  /** Messages in flight, by group. */
  fifoLockedGroups: Map<string, number>;
  /** Brings back what has been hidden for long enough. */
  processTimers(): void;
}

type Dequeue = (this: EmulatedQueue, most: number, ...rest: readonly unknown[]) => unknown[];

const PATCHED = Symbol.for('sluice.fifo-batches');

export async function giveWholeGroups(): Promise<void> {
  const file = realpathSync(join(ROOT, 'node_modules/fauxqs/dist/sqs/sqsStore.js'));
  const { SqsQueue } = (await import(pathToFileURL(file).href)) as {
    readonly SqsQueue: { readonly prototype: { dequeueFifo: Dequeue; [PATCHED]?: true } };
  };
  const queue = SqsQueue.prototype;
  if (queue[PATCHED] === true) return;
  queue[PATCHED] = true;
  const dequeueOne = queue.dequeueFifo;
  queue.dequeueFifo = function (most, ...rest) {
    this.processTimers();
    for (const group of this.fifoMessages.values()) group.sort(bySequence);
    const locked = this.fifoLockedGroups;
    const total = new Map(locked);
    const found: unknown[] = [];
    while (found.length < most) {
      // Groups that this call has taken from are open to it, those of others are not.
      this.fifoLockedGroups = new Map(locked);
      const more = dequeueOne.call(this, most - found.length, ...rest);
      for (const group of new Set([...locked.keys(), ...this.fifoLockedGroups.keys()])) {
        const change = (this.fifoLockedGroups.get(group) ?? 0) - (locked.get(group) ?? 0);
        total.set(group, (total.get(group) ?? 0) + change);
      }
      if (more.length === 0) break;
      found.push(...more);
    }
    this.fifoLockedGroups = new Map([...total].filter(([, count]) => count > 0));
    return found;
  };
}

const bySequence = (a: Stored, b: Stored): number =>
  Number(BigInt(a.sequenceNumber ?? 0) - BigInt(b.sequenceNumber ?? 0));
