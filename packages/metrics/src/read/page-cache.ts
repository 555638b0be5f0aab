/**
 * Decoded pages and snapshots, which never change, least recently used first out. Bounded by bytes: what a
 * value takes once decoded is estimated by whoever puts it in. Readers that ask at once share one read.
 */
export interface PageCache {
  get<T>(key: string, read: () => Promise<{ readonly value: T; readonly bytes: number }>): Promise<T>;
  bytes(): number;
}

interface Held {
  readonly value: unknown;
  readonly bytes: number;
}

export function createPageCache({ maxBytes }: { readonly maxBytes: number }): PageCache {
  /** In order of use: a Map keeps the order of insertion. */
  const held = new Map<string, Held>();
  const underWay = new Map<string, Promise<unknown>>();
  let bytes = 0;

  const keep = (key: string, entry: Held): void => {
    if (entry.bytes > maxBytes) return;
    held.set(key, entry);
    bytes += entry.bytes;
    for (const [oldest, { bytes: freed }] of held) {
      if (bytes <= maxBytes) break;
      held.delete(oldest);
      bytes -= freed;
    }
  };

  return {
    bytes: () => bytes,
    async get<T>(
      key: string,
      read: () => Promise<{ readonly value: T; readonly bytes: number }>,
    ): Promise<T> {
      const known = held.get(key);
      if (known !== undefined) {
        held.delete(key);
        held.set(key, known);
        return known.value as T;
      }
      const started = underWay.get(key);
      if (started !== undefined) return started as Promise<T>;
      const reading = read()
        .then((entry) => {
          keep(key, entry);
          return entry.value;
        })
        .finally(() => underWay.delete(key));
      underWay.set(key, reading);
      return reading;
    },
  };
}
