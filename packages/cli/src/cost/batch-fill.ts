/** How many messages a consumer finds in a batch of a steady stream. */
import { SECONDS_A_DAY } from './assumptions.ts';
import type { Consumer } from './deployment.ts';
import { addWork, type BatchWork, NO_WORK, type Work, type WorkUnit } from './work.ts';

/**
 * The window opens with the first message and takes in what arrives until it ends. Messages of several pollers are
 * taken to be in one batch, which is so while there is less than one batch a window.
 */
export function batchFill(messagesPerDay: number, { batchSize, windowSeconds }: Consumer): number {
  const arriving = (messagesPerDay / SECONDS_A_DAY) * windowSeconds;
  return Math.min(batchSize, 1 + arriving);
}

/** What is done once for each tenant (and shard) in a batch: blocks, pushes, streams. */
const BY_TENANT: readonly WorkUnit[] = ['writeUnits', 'readUnits', 'tableCalls', 'pushes', 'logCalls'];

/** Of each message, in batches of `fill` that are split by `spread`. */
export function workPerMessage(
  { first, further }: BatchWork,
  { fill, spread = 1 }: { readonly fill: number; readonly spread?: number },
): Work {
  const share = (messages: number): Work =>
    addWork([1 / messages, first], [(messages - 1) / messages, further]);
  const whole = share(fill);
  if (spread === 1) return whole;
  const split = share(Math.max(1, fill / spread));
  return { ...NO_WORK, ...whole, ...Object.fromEntries(BY_TENANT.map((unit) => [unit, split[unit]])) };
}
