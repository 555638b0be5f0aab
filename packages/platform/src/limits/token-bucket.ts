/**
 * A token bucket: so many items a second on average, so many at once after a pause. A request larger
 * than the bucket passes when the bucket is full and leaves it in debt, else it could never pass.
 */
export interface TokenBucket {
  readonly tokens: number;
  readonly atMs: number;
}

export interface BucketRate {
  readonly itemsPerSecond: number;
  readonly burstItems: number;
}

export type BucketAnswer =
  | { readonly status: 'ok'; readonly bucket: TokenBucket }
  | { readonly status: 'limited'; readonly bucket: TokenBucket; readonly waitMs: number };

/** `bucket` is undefined for one that was never used: it is full. */
export function takeTokens(
  bucket: TokenBucket | undefined,
  { itemsPerSecond, burstItems }: BucketRate,
  { items, nowMs }: { readonly items: number; readonly nowMs: number },
): BucketAnswer {
  const elapsedMs = bucket === undefined ? 0 : Math.max(0, nowMs - bucket.atMs);
  const held = Math.min(burstItems, (bucket?.tokens ?? burstItems) + (elapsedMs / 1000) * itemsPerSecond);
  const needed = Math.min(items, burstItems);
  if (held < needed) {
    // Floating point would now and then tell a millisecond too few: the sum is done as the next call does it.
    let waitMs = Math.floor(((needed - held) / itemsPerSecond) * 1000) + 1;
    while (held + (waitMs / 1000) * itemsPerSecond < needed) waitMs++;
    return { status: 'limited', bucket: { tokens: held, atMs: nowMs }, waitMs };
  }
  return { status: 'ok', bucket: { tokens: held - items, atMs: nowMs } };
}
