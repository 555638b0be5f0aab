/**
 * Reading and mending a dead-letter queue through nothing but the Queue port: list, redrive, drop. A
 * queue cannot be read without receiving, so a pass hides what it looks at and shows it again at its
 * end; an interrupted pass leaves it hidden for `HIDE_MS` at most. Redriving sends first and deletes
 * then: cut short in between, a message is delivered twice and collapses by its id.
 */
import {
  decodeDeadLetter,
  decodePayload,
  decodeRetry,
  type EnvelopeFacts,
  type Payload,
} from '@sluice/core/envelope';
import { ATTRIBUTE } from '@sluice/core/names';
import {
  type OutgoingMessage,
  QUEUE_LIMITS,
  type Queue,
  type ReceivedMessage,
} from '@sluice/core/ports/queue';

export interface DeadMessage {
  /** The envelope's id where the message has one, else the queue's. */
  readonly id: string;
  readonly reason: string;
  /** Queue that the message comes from. */
  readonly source: string;
  readonly deadAtMs: number;
  /** Set when only this destination has not got it. */
  readonly sink?: string;
  /** Absent when the message is no envelope of ours. */
  readonly facts?: EnvelopeFacts;
  readonly payload?: Payload;
  readonly message: ReceivedMessage;
}

export interface DeadLetterFilter {
  /** Beginnings of ids. */
  readonly ids?: readonly string[];
  readonly tenant?: string;
  readonly sink?: string;
  /** Text that the reason holds, in any case. */
  readonly reason?: string;
}

export interface PassOptions {
  readonly filter?: DeadLetterFilter;
  /** At most so many matching messages. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (matched: number) => void;
}

export interface PassResult {
  /** Redriven or dropped. */
  readonly done: number;
  /** Looked at and left where they are. */
  readonly kept: number;
  /** Matching ones that could not be moved, by why. */
  readonly failed: readonly { readonly id: string; readonly reason: string }[];
}

const HIDE_MS = 5 * 60_000;

/** Every matching message, oldest first where the queue keeps order. All of them stay on the queue. */
export async function listDeadLetters(
  deadLetter: Queue,
  options: PassOptions = {},
): Promise<readonly DeadMessage[]> {
  const found: DeadMessage[] = [];
  await pass(deadLetter, options, async (matching) => {
    found.push(...matching);
    return { gone: [], failed: [] };
  });
  return found;
}

/** Sends matching messages back to the queue they came from, to be tried anew from the first attempt. */
export function redriveDeadLetters(
  deadLetter: Queue,
  { target, ...options }: PassOptions & { readonly target: Queue },
): Promise<PassResult> {
  return pass(deadLetter, options, async (matching) => {
    const outcomes = await target.send(matching.map(toRedriven));
    const failed = matching.flatMap(({ id }, index) => {
      const outcome = outcomes[index]!;
      return outcome.status === 'ok' ? [] : [{ id, reason: outcome.reason }];
    });
    return { gone: matching.filter((_, index) => outcomes[index]!.status === 'ok'), failed };
  });
}

/** Deletes matching messages for good. */
export function dropDeadLetters(deadLetter: Queue, options: PassOptions = {}): Promise<PassResult> {
  return pass(deadLetter, options, async (matching) => ({ gone: matching, failed: [] }));
}

export function toDeadMessage(message: ReceivedMessage): DeadMessage {
  const dead = decodeDeadLetter(message.attributes);
  const sink = decodeRetry(message.attributes)?.sink;
  const opened = tryPayload(message);
  return {
    id: opened?.facts.id ?? message.messageId,
    reason: dead?.reason ?? 'not recorded',
    source: dead?.source ?? 'not recorded',
    deadAtMs: dead?.atMs ?? message.sentAtMs,
    ...(sink === undefined ? {} : { sink }),
    ...(opened === undefined ? {} : { facts: opened.facts, payload: opened.payload }),
    message,
  };
}

interface Step {
  /** To delete: dropped, or safe elsewhere. */
  readonly gone: readonly DeadMessage[];
  readonly failed: PassResult['failed'];
}

async function pass(
  queue: Queue,
  { filter = {}, limit = Number.POSITIVE_INFINITY, signal, onProgress }: PassOptions,
  act: (matching: readonly DeadMessage[]) => Promise<Step>,
): Promise<PassResult> {
  const failed: { id: string; reason: string }[] = [];
  /** Receipts of what was looked at and is still on the queue, by message. */
  const hidden = new Map<string, string>();
  const seen = new Set<string>();
  let matched = 0;
  let done = 0;
  try {
    while (matched < limit && signal?.aborted !== true) {
      const received = await queue.receive({
        maxMessages: QUEUE_LIMITS.maxBatch,
        visibilityTimeoutMs: HIDE_MS,
        waitMs: 0,
      });
      const fresh = received.filter(({ messageId }) => !seen.has(messageId)).map(toDeadMessage);
      if (fresh.length === 0) break;
      for (const { message } of fresh) {
        seen.add(message.messageId);
        hidden.set(message.messageId, message.receiptHandle);
      }
      const matching = fresh.filter((dead) => isMatch(dead, filter)).slice(0, limit - matched);
      if (matching.length === 0) continue;
      const step = await act(matching);
      matched += matching.length;
      failed.push(...step.failed);
      if (step.gone.length > 0) {
        await queue.delete(step.gone.map(({ message }) => message.receiptHandle));
        done += step.gone.length;
        for (const { message } of step.gone) hidden.delete(message.messageId);
      }
      onProgress?.(matched);
    }
  } finally {
    for (const receipt of hidden.values()) await queue.changeVisibility(receipt, 0);
  }
  return { done, kept: hidden.size, failed };
}

function isMatch(dead: DeadMessage, { ids, tenant, sink, reason }: DeadLetterFilter): boolean {
  return (
    (ids === undefined || ids.some((id) => dead.id.startsWith(id) || dead.message.messageId === id)) &&
    (tenant === undefined || dead.facts?.tenant === tenant) &&
    (sink === undefined || dead.sink === sink) &&
    (reason === undefined || dead.reason.toLowerCase().includes(reason.toLowerCase()))
  );
}

function toRedriven({ message }: DeadMessage): OutgoingMessage {
  const { [ATTRIBUTE.dead]: _reason, ...attributes } = message.attributes;
  const retry = decodeRetry(attributes);
  return {
    body: message.body,
    attributes:
      retry === undefined
        ? attributes
        : { ...attributes, [ATTRIBUTE.retry]: JSON.stringify({ ...retry, attempt: 0, refusals: 0 }) },
    ...(message.groupId === undefined
      ? {}
      : { groupId: message.groupId, deduplicationId: `redrive-${message.messageId}` }),
  };
}

function tryPayload(message: ReceivedMessage): ReturnType<typeof decodePayload> | undefined {
  try {
    return decodePayload(message);
  } catch {
    return undefined;
  }
}
