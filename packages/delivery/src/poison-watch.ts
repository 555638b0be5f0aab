/**
 * Tells a message that breaks its sink from a sink that is broken: a throw counts against the message
 * only if the sink took something else since the last one. Kept in memory: a restart starts over, and the
 * queue's own receive limit stands behind it.
 */
export interface PoisonWatch {
  /** Notes a throw; true when this message should not be tried again. `successes` are the sink's so far. */
  strike(sink: string, messageId: string, successes: number): boolean;
  forgive(sink: string, messageId: string): void;
}

export interface PoisonWatchOptions {
  readonly maxStrikes: number;
  /** Messages remembered; the longest known is forgotten first. */
  readonly capacity?: number;
}

interface Record {
  readonly strikes: number;
  readonly successes: number;
}

export function createPoisonWatch({ maxStrikes, capacity = 10_000 }: PoisonWatchOptions): PoisonWatch {
  const records = new Map<string, Record>();
  const keyOf = (sink: string, messageId: string): string => `${sink}\n${messageId}`;

  return {
    strike(sink, messageId, successes) {
      const key = keyOf(sink, messageId);
      const known = records.get(key);
      if (known !== undefined && known.successes === successes) return false;
      const strikes = (known?.strikes ?? 0) + 1;
      records.delete(key);
      if (strikes >= maxStrikes) return true;
      records.set(key, { strikes, successes });
      if (records.size > capacity) records.delete(records.keys().next().value!);
      return false;
    },
    forgive(sink, messageId) {
      if (records.size > 0) records.delete(keyOf(sink, messageId));
    },
  };
}
