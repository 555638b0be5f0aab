/** Puts the parts of one request on their queue, and says whether all of them are safe there. */
import { encodeEnvelope, messageIdOf } from '@sluice/core/envelope';
import { describeError } from '@sluice/core/errors';
import type { TenantId } from '@sluice/core/ids';
import type { Signal } from '@sluice/core/names';
import type { Queue, SendOutcome } from '@sluice/core/ports/queue';
import type { PackedPart } from './pack-messages.ts';

export interface EnqueueOptions {
  readonly signal: Signal;
  readonly tenant: TenantId;
  readonly receivedAtMs: number;
}

export type EnqueueOutcome =
  /** Every part is queued, but for those that the queue will never take. */
  | { readonly status: 'ok'; readonly queued: number; readonly refused: number; readonly reason?: string }
  /** At least one part may be missing. A resend gives all parts the same ids, so that none counts twice. */
  | { readonly status: 'retryable'; readonly reason: string };

export async function enqueueParts(
  queue: Queue,
  parts: readonly PackedPart[],
  { signal, tenant, receivedAtMs }: EnqueueOptions,
): Promise<EnqueueOutcome> {
  const messages = parts.map(({ bytes, gzip, items }, part) =>
    encodeEnvelope({
      id: messageIdOf(tenant, signal, bytes, part),
      signal,
      tenant,
      items,
      receivedAtMs,
      gzip,
    }),
  );
  let outcomes: readonly SendOutcome[];
  try {
    outcomes = await queue.send(messages);
  } catch (error) {
    return { status: 'retryable', reason: describeError(error) };
  }
  const total = { queued: 0, refused: 0 };
  let refusal: string | undefined;
  for (const [index, { items }] of parts.entries()) {
    const outcome = outcomes[index];
    if (outcome === undefined) return { status: 'retryable', reason: 'the queue left a message unanswered' };
    if (outcome.status === 'retryable') return { status: 'retryable', reason: outcome.reason };
    if (outcome.status === 'ok') total.queued += items;
    else {
      total.refused += items;
      refusal ??= outcome.reason;
    }
  }
  return { status: 'ok', ...total, ...(refusal === undefined ? {} : { reason: refusal }) };
}
