/**
 * Says whether a key may send so many items now: a token bucket per process and key, and a daily quota
 * over all processes. Answers at once, from memory.
 */
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';
import type { ApiKey } from '../keys/api-key.ts';
import { createDailyQuota } from './daily-quota.ts';
import { type TokenBucket, takeTokens } from './token-bucket.ts';

export type LimitVerdict =
  | { readonly status: 'ok' }
  | {
      readonly status: 'limited';
      /** 1-5: OTel SDKs drop a batch that they are told to hold for longer than their own time-out. */
      readonly retryAfterSeconds: number;
      readonly reason: string;
    };

export interface RateLimiter {
  /** Counts the items when they may pass, and nothing when they may not. */
  check(key: Pick<ApiKey, 'id' | 'limits'>, items: number): LimitVerdict;
  /** Takes back a check that was ok, for items that could not be kept: their resend must not count again. */
  refund(key: Pick<ApiKey, 'id' | 'limits'>, items: number): void;
  /** Writes the counts of the daily quotas: for the end of a process, or of a Lambda invocation. */
  flush(): Promise<void>;
}

export interface RateLimiterOptions {
  readonly table: Table;
  readonly clock: Clock;
  readonly flushEveryMs?: number;
}

const MIN_RETRY_SECONDS = 1;
const MAX_RETRY_SECONDS = 5;
const DEFAULT_BURST_SECONDS = 10;
const MAX_BUCKETS = 10_000;

export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { clock } = options;
  const quota = createDailyQuota(options);
  const buckets = new Map<string, TokenBucket>();

  return {
    check({ id, limits }, items) {
      const { itemsPerSecond, itemsPerDay } = limits;
      if (itemsPerDay !== undefined && quota.used(id) + items > itemsPerDay) {
        return limited(
          MAX_RETRY_SECONDS,
          `the daily quota of ${itemsPerDay} items is used up until 00:00 UTC`,
        );
      }
      if (itemsPerSecond !== undefined) {
        const burstItems = limits.burstItems ?? itemsPerSecond * DEFAULT_BURST_SECONDS;
        const rate = { itemsPerSecond, burstItems };
        const answer = takeTokens(buckets.get(id), rate, { items, nowMs: clock.nowMs() });
        keep(buckets, id, answer.bucket);
        if (answer.status === 'limited') {
          return limited(
            answer.waitMs / 1000,
            `the rate limit of ${itemsPerSecond} items a second is reached`,
          );
        }
      }
      if (itemsPerDay !== undefined) quota.count(id, items);
      return { status: 'ok' };
    },
    refund({ id, limits }, items) {
      const bucket = buckets.get(id);
      if (bucket !== undefined) keep(buckets, id, { ...bucket, tokens: bucket.tokens + items });
      // The check may have been before midnight, of a quota that is over.
      if (limits.itemsPerDay !== undefined) quota.count(id, -Math.min(items, quota.used(id)));
    },
    flush: quota.flush,
  };
}

function limited(seconds: number, reason: string): LimitVerdict {
  const retryAfterSeconds = Math.min(MAX_RETRY_SECONDS, Math.max(MIN_RETRY_SECONDS, Math.ceil(seconds)));
  return { status: 'limited', retryAfterSeconds, reason };
}

/** Least recently used first out; a forgotten bucket starts full again. */
function keep(buckets: Map<string, TokenBucket>, id: string, bucket: TokenBucket): void {
  buckets.delete(id);
  buckets.set(id, bucket);
  if (buckets.size > MAX_BUCKETS) buckets.delete(buckets.keys().next().value!);
}
