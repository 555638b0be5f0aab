/** A pusher of snapshots with a receiver that checks every request: snapshots in, what the receiver holds out. */
import { createRemoteWriter, type RemoteWriterOptions } from '@sluice/backends/mimir/remote-writer';
import { createFakeMimir, type FakeMimir, type FakeMimirOptions } from '@sluice/backends/testing/fake-mimir';
import { createLogger } from '@sluice/core/logger';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createHurriedClock, type HurriedClock } from '@sluice/core/testing/hurried-clock';
import { createRandom } from '@sluice/core/testing/random';
import type { SeriesSnapshot, Snapshot } from '@sluice/metrics/model/snapshot';
import { STALE_BITS } from '@sluice/metrics/testing/decode-remote-write';
import { MINUTE_MS, makeCounter, makeSnapshot, TICK_MS } from '@sluice/metrics/testing/make-snapshot';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import {
  createSnapshotPusher,
  type SnapshotPusher,
  type SnapshotPushResult,
} from '../metrics/push-snapshot.ts';

export interface RemoteWriteWorld {
  readonly mimir: FakeMimir;
  readonly clock: HurriedClock;
  readonly lines: readonly string[];
  /** Pushes the series as the snapshot of the minute `at`. */
  push(at: number, series: readonly SeriesSnapshot[], tenant?: string): Promise<SnapshotPushResult>;
  /** As after a restart. */
  restart(): void;
  metrics(): Promise<string>;
}

const open: FakeMimir[] = [];

/** For `afterEach`. */
export async function closeWorlds(): Promise<void> {
  for (const mimir of open.splice(0)) await mimir.close();
}

export async function createRemoteWriteWorld(
  fake: FakeMimirOptions = {},
  options: Partial<RemoteWriterOptions> & { readonly nativeHistograms?: boolean } = {},
): Promise<RemoteWriteWorld> {
  const mimir = await createFakeMimir(fake);
  open.push(mimir);
  const clock = createHurriedClock(TICK_MS);
  const table = createEmbeddedTable({ database: createMemoryDatabase(), name: 'metrics', clock });
  const snapshots = new Map<number, Snapshot>();
  const selfMetrics = createSelfMetrics();
  const lines: string[] = [];
  const logger = createLogger({ level: 'debug', write: (line) => void lines.push(line), nowMs: clock.nowMs });
  const start = (): SnapshotPusher =>
    createSnapshotPusher({
      writer: createRemoteWriter({
        url: mimir.url,
        fetch,
        clock,
        random: createRandom(1).next,
        timeoutMs: 10_000,
        ...options,
      }),
      table,
      snapshots: { read: async (_shard, tickMs) => snapshots.get(tickMs) },
      clock,
      selfMetrics,
      logger,
      nativeHistograms: options.nativeHistograms ?? false,
      tenancy: options.tenancy ?? 'shared',
    });
  let pusher = start();
  return {
    mimir,
    clock,
    lines,
    push(at, series, tenant = 'default') {
      const tickMs = TICK_MS + at * MINUTE_MS;
      const previousTickMs = tickMs - MINUTE_MS;
      const families = { requests_total: { help: 'Requests.', unit: '{request}' } };
      const snapshot = makeSnapshot(series, { tickMs, previousTickMs, families, tenant });
      snapshots.set(tickMs, snapshot);
      return pusher.push(snapshot, { signal: new AbortController().signal });
    },
    restart: () => {
      pusher = start();
    },
    metrics: () => selfMetrics.render(),
  };
}

export const atMinute = (at: number) => ({ tickMs: TICK_MS + at * MINUTE_MS });
/** Counts since minute 0. */
export const counter = (at: number, level: number, labels: Record<string, string> = {}): SeriesSnapshot =>
  makeCounter('requests_total', { ...atMinute(at), level, labels, resumedTickMs: TICK_MS });
export const REQUESTS = 'requests_total{instance="i-1",job="shop/cart"}';

export const valuesOf = ({ mimir }: RemoteWriteWorld, series = REQUESTS): readonly (number | 'stale')[] =>
  (mimir.series().get(series) ?? []).map(({ value, bits }) => (bits === STALE_BITS ? 'stale' : value));
export const timesOf = ({ mimir }: RemoteWriteWorld, series = REQUESTS): readonly number[] =>
  (mimir.series().get(series) ?? []).map(({ timeMs }) => (timeMs - TICK_MS) / MINUTE_MS);
