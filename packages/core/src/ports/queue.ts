/**
 * The Queue port, with the semantics of Amazon SQS: at-least-once, visibility timeout, receive count,
 * delay, FIFO groups and deduplication, dead-lettering after N receives.
 */

/** Limits of SQS that every adapter enforces (SQS quotas: message size, batch size, attributes, delay). */
export const QUEUE_LIMITS = {
  /** Body plus attribute names, types and values, of one message and of one batch. */
  maxBytes: 1_048_576,
  maxBatch: 10,
  maxAttributes: 10,
  maxDelaySeconds: 900,
  maxVisibilitySeconds: 43_200,
  deduplicationWindowMs: 5 * 60_000,
} as const;

export interface OutgoingMessage {
  /** Characters that SQS allows: XML 1.0 text. */
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** 0-900; standard queues only. */
  readonly delaySeconds?: number;
  /** FIFO queues only, and required there: order holds within a group. */
  readonly groupId?: string;
  /** FIFO queues only: a second message with this id within 5 minutes is answered ok and dropped. */
  readonly deduplicationId?: string;
}

export interface ReceivedMessage {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** 1 at the first receive. */
  readonly receiveCount: number;
  readonly sentAtMs: number;
  readonly groupId?: string;
  /** Names this receive of the message; a later receive of the same message has another. */
  readonly receiptHandle: string;
}

export type SendOutcome =
  | { readonly status: 'ok'; readonly messageId: string }
  | { readonly status: 'retryable' | 'permanent'; readonly reason: string };

export interface ReceiveOptions {
  /** 1-10. */
  readonly maxMessages: number;
  readonly visibilityTimeoutMs: number;
  /** How long to wait for a first message; 0 answers at once. */
  readonly waitMs: number;
  readonly signal?: AbortSignal;
}

export interface QueueStats {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
  /** Age of the oldest message that is not deleted; 0 when empty, `undefined` where the queue does not tell. */
  readonly oldestAgeMs: number | undefined;
}

export interface Queue {
  readonly name: string;
  /**
   * One outcome per message, in order. Takes any number: the adapter groups them into calls within
   * QUEUE_LIMITS. A throw means that nothing is known about any of them.
   */
  send(messages: readonly OutgoingMessage[]): Promise<readonly SendOutcome[]>;
  receive(options: ReceiveOptions): Promise<readonly ReceivedMessage[]>;
  /** Deletes received messages. A receipt that is no longer valid is ignored, as SQS does for standard queues. */
  delete(receiptHandles: readonly string[]): Promise<void>;
  /** Hides a received message for so long from now; 0 makes it visible at once. */
  changeVisibility(receiptHandle: string, timeoutMs: number): Promise<void>;
  stats(): Promise<QueueStats>;
}

/** What a consumer says of a batch: every message that is not named is done and gets deleted. */
export interface BatchOutcome {
  readonly failures: readonly BatchFailure[];
}

export interface BatchFailure {
  readonly messageId: string;
  /** When to see the message again; without it, when its visibility timeout ends. */
  readonly retryAfterMs?: number;
}

export interface BatchContext {
  /** Epoch milliseconds after which no new work should start (80 % of the time that the process has). */
  readonly softDeadlineMs: number;
  /** Aborts when the process must stop. */
  readonly signal: AbortSignal;
}

/** A queue consumer. A throw fails the whole batch. */
export type BatchHandler = (
  messages: readonly ReceivedMessage[],
  context: BatchContext,
) => Promise<BatchOutcome>;
