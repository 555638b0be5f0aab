/** Collectors and reducers on an embedded table and a clock that stands still, for tests of what comes out. */
import { encodeEnvelope, messageIdOf } from '@sluice/core/envelope';
import { deflateGzip } from '@sluice/core/gzip';
import { parseTenantId } from '@sluice/core/ids';
import type { ReceivedMessage } from '@sluice/core/ports/queue';
import type { Table } from '@sluice/core/ports/table';
import { createFakeClock, type FakeClock } from '@sluice/core/testing/fake-clock';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { type CollectDeps, type CollectOutcome, collectMetrics } from '../collect/collect-metrics.ts';
import { createMetricsSettings, type MetricsSettings } from '../metrics-settings.ts';
import type { SeriesSnapshot, Snapshot } from '../model/snapshot.ts';
import { type ReduceDeps, type ReduceResult, reduceShard } from '../reduce/reduce-shard.ts';
import { encodeMetrics, type RequestSpec } from './encode-metrics.ts';

export const TENANT = 'default';
/** A full minute. */
export const WORLD_START_MS = Date.UTC(2026, 0, 1, 12, 0, 0);

export type MetricMessage = Pick<ReceivedMessage, 'messageId' | 'body' | 'attributes'>;

export interface MetricsWorld {
  readonly table: Table;
  readonly clock: FakeClock;
  readonly settings: MetricsSettings;
  message(
    requests: readonly RequestSpec[],
    options?: { readonly receivedAtMs?: number; readonly tenant?: string },
  ): Promise<MetricMessage>;
  collect(
    messages: readonly MetricMessage[],
    changes?: Partial<CollectDeps>,
  ): Promise<readonly CollectOutcome[]>;
  /** Makes a message of requests and collects it. */
  send(...requests: readonly RequestSpec[]): Promise<CollectOutcome>;
  /** Moves the clock to the next tick and reduces shard 0 (or another). */
  tick(options?: { readonly shard?: number; readonly deps?: Partial<ReduceDeps> }): Promise<ReduceResult>;
  reduce(
    tickMs: number,
    options?: { readonly shard?: number; readonly deps?: Partial<ReduceDeps> },
  ): Promise<ReduceResult>;
}

export function createMetricsWorld(changes: Partial<MetricsSettings> = {}): MetricsWorld {
  const clock = createFakeClock(WORLD_START_MS);
  const settings = createMetricsSettings(changes);
  const table = createEmbeddedTable({ database: createMemoryDatabase(), name: 'metrics', clock });
  const world: MetricsWorld = {
    table,
    clock,
    settings,
    async message(requests, { receivedAtMs = clock.nowMs(), tenant = TENANT } = {}) {
      const raw = encodeMetrics(...requests);
      const id = messageIdOf(parseTenantId(tenant), 'metrics', raw);
      const gzip = await deflateGzip(raw);
      const { body, attributes } = encodeEnvelope({
        id,
        signal: 'metrics',
        tenant: parseTenantId(tenant),
        items: 1,
        receivedAtMs,
        gzip,
      });
      return { messageId: id, body, attributes };
    },
    collect: (messages, own = {}) => collectMetrics(messages, { table, clock, settings, ...own }),
    async send(...requests) {
      return (await world.collect([await world.message(requests)]))[0]!;
    },
    tick(options) {
      clock.set((Math.floor(clock.nowMs() / settings.tickMs) + 1) * settings.tickMs);
      return world.reduce(clock.nowMs(), options);
    },
    reduce: (tickMs, { shard = 0, deps = {} } = {}) =>
      reduceShard({ tenant: TENANT, shard, tickMs }, { table, clock, settings, ...deps }),
  };
  return world;
}

/** @throws when nothing was published. */
export function snapshotOf(result: ReduceResult): Snapshot {
  if (result.status === 'unchanged') throw new Error(`nothing was published: ${result.reason}`);
  return result.snapshot;
}

/** Series by text such as `name{a="b"}`, without `job` and scope labels. */
export function seriesByText(snapshot: Snapshot): ReadonlyMap<string, SeriesSnapshot> {
  return new Map(snapshot.series.map((series) => [seriesText(series), series]));
}

export function seriesText({ labels }: Pick<SeriesSnapshot, 'labels'>): string {
  const name = labels.find((label) => label.name === '__name__')?.value ?? '';
  const rest = labels.filter((label) => label.name !== '__name__' && label.name !== 'job');
  return rest.length === 0 ? name : `${name}{${rest.map((l) => `${l.name}="${l.value}"`).join(',')}}`;
}
