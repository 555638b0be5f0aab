/**
 * One tick over all SLOs of a tenant: ledgers brought up to where data is complete, and their series
 * recorded. It may die anywhere and run twice: slots are overwritten, batches are a repeat by their name.
 */
import { describeError } from '@sluice/core/errors';
import type { Logger } from '@sluice/core/logger';
import type { RuleSample } from '../../evaluate/alert-state.ts';
import type { RecordedSeriesSink } from '../../tick/recorded-series.ts';
import type { ComputeDeps } from './compute-slots.ts';
import type { SloPlan } from './slo-plan.ts';
import { toSloSamples, windowLabels } from './slo-series.ts';
import type { SlotStore } from './slot-store.ts';
import { type LedgerMemory, updateLedger } from './update-ledger.ts';

export interface SloTickDeps extends ComputeDeps {
  readonly tenant: string;
  readonly plans: readonly SloPlan[];
  readonly store: SlotStore;
  readonly memory: LedgerMemory;
  readonly recorded: RecordedSeriesSink;
  readonly lateMs: number;
  readonly updateIntervalMs: number;
  /** Of Sluice, for `sloth_slo_info`. */
  readonly version: string;
  readonly logger: Logger;
}

export interface SloTickResult {
  readonly updated: number;
  readonly failed: number;
  readonly timeMs: number;
}

/** Name of the batches of recorded series; no rule file can have it. */
const GROUP = ';slo-ledger';

/** `readyMs`: up to when data is complete. @throws when series are not known to be recorded */
export async function runSloTick(deps: SloTickDeps, readyMs: number): Promise<SloTickResult> {
  const { tenant, plans, recorded, version, logger, updateIntervalMs } = deps;
  const timeMs = Math.floor(readyMs / updateIntervalMs) * updateIntervalMs;
  const samples: RuleSample[] = [];
  let updated = 0;
  let failed = 0;
  for (const plan of plans) {
    if (plan.slo.quarantine !== undefined) continue;
    try {
      const update = await updateLedger(plan, timeMs, deps);
      if (update === undefined || !update.isNew) continue;
      updated += 1;
      samples.push(...toSloSamples(plan, update.status, { version }));
      // As Sloth's rules have it for a window without events: no alert compares with it, from now on.
      samples.push(
        ...update.ended.map((windowMs) => ({ labels: windowLabels(plan.slo, windowMs), value: Number.NaN })),
      );
    } catch (error) {
      failed += 1;
      logger.error('an SLO could not be computed; the next tick tries again', {
        tenant,
        slo: plan.slo.id,
        reason: describeError(error),
      });
    }
  }
  if (samples.length > 0)
    await recorded.record({ tenant, group: GROUP, evaluatedAtMs: timeMs, timeMs, samples, stale: [] });
  return { updated, failed, timeMs };
}

/**
 * Heads of SLOs that are no longer in any file, or in quarantine: their series end, so that no alert goes on
 * with what was recorded last. For when files were read anew, not for every tick.
 */
export async function endGoneSlos(
  { tenant, plans, store, recorded }: Pick<SloTickDeps, 'tenant' | 'plans' | 'store' | 'recorded'>,
  nowMs: number,
): Promise<void> {
  const wanted = new Set(plans.filter(({ slo }) => slo.quarantine === undefined).map(({ slo }) => slo.id));
  const gone = (await store.heads()).filter(({ status }) => !wanted.has(status.id));
  const stale = gone.flatMap(({ status, recorded: windows }) =>
    windows.map((windowMs) => windowLabels(status, windowMs)),
  );
  const batch = { tenant, group: `${GROUP}-ended`, evaluatedAtMs: nowMs, timeMs: nowMs, samples: [], stale };
  if (stale.length > 0) await recorded.record(batch);
  for (const { status } of gone) await store.dropHead(status.id);
}
