/** A number in [0, 1) that depends on a text alone, evenly spread: decides what `limit_ratio` takes. */
export function hashFraction(text: string): number {
  // Two FNV-1a hashes of different starts, mixed, make 53 bits.
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code ^ (low >>> 13), 0x85ebca6b);
  }
  return (avalanche(high) * 2 ** 21 + (avalanche(low) >>> 11)) / 2 ** 53;
}

function avalanche(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
