/** The order to reduce one shard for one tick, as a queue message. */
import { PermanentError } from '@sluice/core/errors';
import type { OutgoingMessage, ReceivedMessage } from '@sluice/core/ports/queue';
import type { ShardKey } from '@sluice/metrics/model/snapshot';

export interface ReduceJob extends ShardKey {
  readonly tickMs: number;
}

export function encodeReduceJob({ tenant, shard, tickMs }: ReduceJob): OutgoingMessage {
  return { body: JSON.stringify({ tenant, shard, tickMs }), attributes: {} };
}

/** @throws PermanentError */
export function decodeReduceJob({ body }: Pick<ReceivedMessage, 'body'>): ReduceJob {
  const { tenant, shard, tickMs } = parse(body);
  if (typeof tenant !== 'string' || !isCount(shard) || !isCount(tickMs))
    throw new PermanentError(`not an order to reduce a shard: ${body.slice(0, 200)}`);
  return { tenant, shard, tickMs };
}

function parse(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
