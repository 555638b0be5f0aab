/** The job that keeps the ledgers of all tenants: reads changed files, then updates what is due. */
import { describeError } from '@sluice/core/errors';
import type { TenantId } from '@sluice/core/ids';
import type { Logger } from '@sluice/core/logger';
import { METRIC } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import type { Engine } from '@sluice/promql/engine';
import type { SeriesReader } from '@sluice/promql/series-reader';
import type { RecordedSeriesSink } from '../tick/recorded-series.ts';
import { endGoneSlos, runSloTick } from './ledger/run-slo-tick.ts';
import { createSlotStore } from './ledger/slot-store.ts';
import type { LedgerMemory } from './ledger/update-ledger.ts';
import type { SloSetWatch } from './slo-set.ts';

export interface UpdateSlosOptions {
  readonly slos: SloSetWatch;
  readonly table: Table;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly engine: Pick<Engine, 'range' | 'instant'>;
  readonly readerOf: (tenant: TenantId) => SeriesReader;
  /** Up to when a tenant's data is complete; the ledger goes no further. */
  readonly readyThroughMs: (tenant: TenantId, nowMs: number) => Promise<number>;
  readonly recorded: RecordedSeriesSink;
  /** Of Sluice. */
  readonly version: string;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
}

/** Answers a function to be called every second or so. */
export function createUpdateSlos(options: UpdateSlosOptions): () => Promise<void> {
  const { slos, table, clock, engine, recorded, version, selfMetrics, logger } = options;
  const updates = selfMetrics.counter(METRIC.sloUpdates, 'SLOs whose ledger was brought up to date, or not.');
  const quarantined = selfMetrics.gauge(
    METRIC.sloQuarantined,
    'SLOs that are not computed until their file is corrected.',
  );
  const memories = new Map<TenantId, LedgerMemory>();
  const doneMs = new Map<TenantId, number>();
  /** Tenants that may have ledgers of SLOs that are no more. */
  let untidied: Set<TenantId> | undefined;
  return async () => {
    if (slos.refresh() || untidied === undefined) {
      untidied = new Set([...slos.current().tenants, ...memories.keys()]);
      doneMs.clear();
    }
    const { plans, settings, tenants } = slos.current();
    quarantined.set(plans.filter(({ slo }) => slo.quarantine !== undefined).length);
    for (const tenant of untidied) {
      try {
        const store = createSlotStore(table, { tenant });
        const kept = tenants.includes(tenant) ? plans : [];
        await endGoneSlos({ tenant, plans: kept, store, recorded }, clock.nowMs());
        untidied.delete(tenant);
      } catch (error) {
        logger.error('series of SLOs that are no more could not be ended; the next tick tries again', {
          tenant,
          reason: describeError(error),
        });
      }
    }
    if (plans.length === 0) return;
    const { updateIntervalMs, lateMs } = settings;
    const nowMs = clock.nowMs();
    for (const tenant of tenants) {
      if (Math.floor(nowMs / updateIntervalMs) * updateIntervalMs <= (doneMs.get(tenant) ?? 0)) continue;
      const memory = memories.get(tenant) ?? new Map();
      memories.set(tenant, memory);
      try {
        const readyMs = Math.min(nowMs, await options.readyThroughMs(tenant, nowMs));
        if (Math.floor(readyMs / updateIntervalMs) * updateIntervalMs <= (doneMs.get(tenant) ?? 0)) continue;
        const store = createSlotStore(table, { tenant });
        const deps = {
          tenant,
          plans,
          store,
          memory,
          engine,
          reader: options.readerOf(tenant),
          recorded,
          lateMs,
          updateIntervalMs,
          version,
          logger,
        };
        const { updated, failed, timeMs } = await runSloTick(deps, readyMs);
        updates.add(updated, { tenant, outcome: 'updated' });
        updates.add(failed, { tenant, outcome: 'failed' });
        doneMs.set(tenant, timeMs);
      } catch (error) {
        logger.error('SLOs could not be updated; the next tick tries again', {
          tenant,
          reason: describeError(error),
        });
      }
    }
  };
}
