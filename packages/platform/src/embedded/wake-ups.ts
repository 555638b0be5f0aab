/** Wakes receivers of the same process at once when something may have become visible on their queue. */
import type { EmbeddedDatabase } from './database.ts';

export interface WakeUps {
  wake(queue: string): void;
  /** Calls `onWake` after each wake until the answered function is called. */
  listen(queue: string, onWake: () => void): () => void;
}

const byDatabase = new WeakMap<EmbeddedDatabase, WakeUps>();

/** One per database, so that queues that share a file hear of each other's dead letters. */
export function wakeUpsOf(database: EmbeddedDatabase): WakeUps {
  const known = byDatabase.get(database) ?? createWakeUps();
  byDatabase.set(database, known);
  return known;
}

function createWakeUps(): WakeUps {
  const listeners = new Map<string, Set<() => void>>();
  return {
    wake(queue) {
      for (const onWake of listeners.get(queue) ?? []) onWake();
    },
    listen(queue, onWake) {
      const own = listeners.get(queue) ?? new Set();
      listeners.set(queue, own.add(onWake));
      return () => own.delete(onWake);
    },
  };
}
