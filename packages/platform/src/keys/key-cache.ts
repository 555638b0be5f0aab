/**
 * What a verifier remembers of keys, by hash: answers for a while, the last good answer for longer (for
 * outages of the table), one look-up at a time per key, and a bound on it all.
 */
import type { Clock } from '@sluice/core/ports/clock';
import type { ApiKey } from './api-key.ts';

export interface KeyCache {
  /** Fresh from memory, else through `look`. Throws what `look` throws when nothing usable is remembered. */
  get(hash: string, look: (hash: string) => Promise<ApiKey | undefined>): Promise<ApiKey | undefined>;
  /** True once per key and day, as long as the key is remembered. */
  isFirstUse(hash: string, day: string): boolean;
}

export interface KeyCacheOptions {
  readonly clock: Clock;
  readonly positiveTtlMs?: number;
  readonly negativeTtlMs?: number;
  readonly lastKnownGoodMs?: number;
  readonly maxEntries?: number;
}

interface Entry {
  readonly key: ApiKey | undefined;
  readonly lookedUpAtMs: number;
  /** While the table is away it is asked again only so often. */
  readonly freshUntilMs: number;
}

export function createKeyCache(options: KeyCacheOptions): KeyCache {
  const { clock, positiveTtlMs = 60_000, negativeTtlMs = 10_000 } = options;
  const { lastKnownGoodMs = 15 * 60_000, maxEntries = 10_000 } = options;
  const entries = new Map<string, Entry>();
  const underWay = new Map<string, Promise<ApiKey | undefined>>();
  const usedOn = new Map<string, string>();

  const remember = (hash: string, key: ApiKey | undefined, freshMs: number, lookedUpAtMs: number): void => {
    entries.delete(hash);
    entries.set(hash, { key, lookedUpAtMs, freshUntilMs: clock.nowMs() + freshMs });
    dropOldest(entries, maxEntries);
  };
  const lookUp = async (
    hash: string,
    look: (hash: string) => Promise<ApiKey | undefined>,
  ): Promise<ApiKey | undefined> => {
    try {
      const key = await look(hash);
      remember(hash, key, key === undefined ? negativeTtlMs : positiveTtlMs, clock.nowMs());
      return key;
    } catch (error) {
      const last = entries.get(hash);
      if (last?.key === undefined || clock.nowMs() - last.lookedUpAtMs > lastKnownGoodMs) throw error;
      remember(hash, last.key, negativeTtlMs, last.lookedUpAtMs);
      return last.key;
    } finally {
      underWay.delete(hash);
    }
  };

  return {
    async get(hash, look) {
      const entry = entries.get(hash);
      if (entry !== undefined && clock.nowMs() < entry.freshUntilMs) return entry.key;
      const running = underWay.get(hash) ?? lookUp(hash, look);
      underWay.set(hash, running);
      return running;
    },
    isFirstUse(hash, day) {
      if (usedOn.get(hash) === day) return false;
      usedOn.delete(hash);
      usedOn.set(hash, day);
      dropOldest(usedOn, maxEntries);
      return true;
    },
  };
}

/** A Map keeps the order of insertion, so its first key is the oldest. */
function dropOldest(map: Map<string, unknown>, maxEntries: number): void {
  while (map.size > maxEntries) map.delete(map.keys().next().value!);
}
