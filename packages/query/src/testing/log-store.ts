/** A log store in memory with lines in it, and Loki's API over it, for tests of the query side. */
import {
  createEmbeddedLogStore,
  type EmbeddedLogStore,
} from '@sluice/backends/embedded-logs/embedded-log-store';
import { encodeLogs, type PlainLogs } from '@sluice/backends/testing/log-requests';
import { makePart } from '@sluice/backends/testing/telemetry-part';
import type { TenantId } from '@sluice/core/ids';
import { createFakeClock, type FakeClock } from '@sluice/core/testing/fake-clock';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';

export const TEST_TENANT = 'default' as TenantId;
/** 2026-01-01T00:00:00Z */
export const TEST_NOW_MS = 1_767_225_600_000;
export const TEST_NOW_NS = BigInt(TEST_NOW_MS) * 1_000_000n;

export interface TestLogStore {
  readonly store: EmbeddedLogStore;
  readonly clock: FakeClock;
  push(...groups: readonly PlainLogs[]): Promise<void>;
}

export function createTestLogStore(): TestLogStore {
  const clock = createFakeClock(TEST_NOW_MS);
  const store = createEmbeddedLogStore({
    database: createMemoryDatabase(),
    clock,
    retentionMs: 30 * 86_400_000,
    maxBytes: 1e9,
  });
  return {
    store,
    clock,
    async push(...groups) {
      const part = makePart(encodeLogs(groups), { signal: 'logs', receivedAtMs: TEST_NOW_MS });
      const result = await store.push(TEST_TENANT, [part], { signal: new AbortController().signal });
      if (result.status !== 'ok') throw new Error(result.reason);
    },
  };
}
