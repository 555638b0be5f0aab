/**
 * Holds a hot tenant back before its requests are queued. All events of a tenant go through one group of a FIFO
 * queue, which takes 300 calls a second (SQS quotas § FIFO queues): beyond that the sender is told to slow down, or to send more events at a time.
 */
import type { TenantId } from '@sluice/core/ids';
import { type TokenBucket, takeTokens } from '@sluice/platform/limits/token-bucket';

export type GateVerdict =
  | { readonly status: 'ok' }
  | { readonly status: 'limited'; readonly retryAfterSeconds: number; readonly reason: string };

export interface TenantGate {
  enter(tenant: TenantId, requests: number): GateVerdict;
}

export interface TenantGateOptions {
  readonly nowMs: () => number;
  readonly requestsPerSecond?: number;
}

const REQUESTS_PER_SECOND = 300;
const MAX_TENANTS = 10_000;

/** Per process; several processes together are held back by the queue itself. */
export function createTenantGate({
  nowMs,
  requestsPerSecond = REQUESTS_PER_SECOND,
}: TenantGateOptions): TenantGate {
  const buckets = new Map<TenantId, TokenBucket>();
  const rate = { itemsPerSecond: requestsPerSecond, burstItems: requestsPerSecond };
  return {
    enter(tenant, requests) {
      const answer = takeTokens(buckets.get(tenant), rate, { items: requests, nowMs: nowMs() });
      // Least recently used first out; a forgotten tenant starts with a full bucket.
      buckets.delete(tenant);
      buckets.set(tenant, answer.bucket);
      if (buckets.size > MAX_TENANTS) buckets.delete(buckets.keys().next().value!);
      if (answer.status === 'ok') return answer;
      return {
        status: 'limited',
        retryAfterSeconds: answer.waitMs / 1000,
        reason: `more than ${requestsPerSecond} audit requests a second: send several events in one request, as an array or to /v1/audit/bulk`,
      };
    },
  };
}
