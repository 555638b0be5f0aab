/**
 * Remembers which events of a message CloudWatch has taken when a push fails half-way: it keeps whatever it is
 * sent, so the next try must not send these again. Bounded; what is forgotten is at worst there twice.
 */
import type { MessageId } from '@sluice/core/ids';
import type { LogEvent } from './log-events.ts';

export interface AcceptedEvents {
  add(events: readonly LogEvent[]): void;
  /** Those that were not taken yet. */
  without(events: readonly LogEvent[]): readonly LogEvent[];
  forget(messages: readonly MessageId[]): void;
}

export function createAcceptedEvents({ maxEvents = 200_000 } = {}): AcceptedEvents {
  const taken = new Map<MessageId, Set<number>>();
  let size = 0;
  const forget = (messageId: MessageId): void => {
    size -= taken.get(messageId)?.size ?? 0;
    taken.delete(messageId);
  };
  return {
    add(events) {
      for (const { messageId, index } of events) {
        const known = taken.get(messageId) ?? new Set();
        size -= known.size;
        taken.set(messageId, known.add(index));
        size += known.size;
      }
      for (const [oldest] of taken) {
        if (size <= maxEvents) break;
        forget(oldest);
      }
    },
    without: (events) =>
      taken.size === 0 ? events : events.filter(({ messageId, index }) => !taken.get(messageId)?.has(index)),
    forget: (messages) => messages.forEach(forget),
  };
}
