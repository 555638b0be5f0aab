/**
 * Searches for bytes in the text of records. The native search jumps to the first byte of what it looks
 * for, so that it is fast where that byte is rare: the needle is looked for from its rarest byte on.
 */

/** What records consist of, the most frequent first; all other bytes are rarer. */
const FREQUENT = Buffer.from('"e0t1a:2o,i3n-4sr5c6d7m8u9p l.h_gTfbyv}{w/k');
/** A shorter rest would be found too often to be worth its checking. */
const MIN_REST_BYTES = 4;

export interface ByteSearch {
  /** The first place at or behind `from`, or -1. */
  find(text: Buffer, from: number): number;
}

export function createByteSearch(needle: Buffer): ByteSearch {
  const skip = rarestStart(needle);
  const rest = needle.subarray(skip);
  const hasStart = (text: Buffer, at: number): boolean => {
    if (at < 0) return false;
    for (let i = 0; i < skip; i++) if (text[at + i] !== needle[i]) return false;
    return true;
  };
  return {
    find(text, from) {
      let at = text.indexOf(rest, from + skip);
      while (at >= 0 && !hasStart(text, at - skip)) at = text.indexOf(rest, at + 1);
      return at < 0 ? -1 : at - skip;
    },
  };
}

/** Only starts of characters: the rest must be whole text again. */
function rarestStart(needle: Buffer): number {
  let best = 0;
  let bestRank = -1;
  for (let i = 0; i + MIN_REST_BYTES <= needle.length; i++) {
    const byte = needle[i]!;
    if ((byte & 0xc0) === 0x80) continue;
    const place = FREQUENT.indexOf(byte);
    const rank = place < 0 ? FREQUENT.length : place;
    if (rank > bestRank) {
      best = i;
      bestRank = rank;
    }
  }
  return best;
}
