/** A queue in memory that remembers what was sent, and refuses what a test tells it to. */
import type { OutgoingMessage, Queue, SendOutcome } from '@sluice/core/ports/queue';

export interface MemoryQueue extends Queue {
  /** What it answered ok, in order. */
  readonly sent: OutgoingMessage[];
  /** Called for each message before it is taken; a throw is the throw of `send`. */
  onSend(decide: (message: OutgoingMessage, index: number) => SendOutcome | undefined): void;
}

export function createMemoryQueue(name: string): MemoryQueue {
  const sent: OutgoingMessage[] = [];
  let decide: (message: OutgoingMessage, index: number) => SendOutcome | undefined = () => undefined;
  const none = (): Promise<never> => Promise.reject(new Error(`${name} is only written to`));
  return {
    name,
    sent,
    onSend: (next) => {
      decide = next;
    },
    async send(messages) {
      return messages.map((message, index) => {
        const answer = decide(message, index) ?? { status: 'ok', messageId: String(sent.length) };
        if (answer.status === 'ok') sent.push(message);
        return answer;
      });
    },
    receive: none,
    delete: none,
    changeVisibility: none,
    stats: async () => ({ visible: sent.length, inFlight: 0, delayed: 0, oldestAgeMs: 0 }),
  };
}
