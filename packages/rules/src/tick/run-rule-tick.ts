/**
 * One tick over all groups of a tenant: those that are due are evaluated on their slot border, but only as far
 * as data is complete; otherwise they wait, and nothing fires or resolves for it. It may die anywhere and run
 * twice: recorded series are a repeat by their name, state moves in one conditional write that holds what has
 * to be said, and what was not said yet is said first the next time.
 */
import { describeError } from '@sluice/core/errors';
import type { Logger } from '@sluice/core/logger';
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';
import type { SeriesReader } from '@sluice/promql/series-reader';
import { evaluateGroup, seriesOf } from '../evaluate/evaluate-group.ts';
import type { RuleEngine } from '../evaluate/evaluate-rule.ts';
import type { RuleAlert } from '../rule-alert.ts';
import type { RuleGroup } from '../rule-file.ts';
import { intervalOf, queryOffsetOf, type RulesSettings } from '../rules-settings.ts';
import { createGroupStore, type GroupStore, groupIdOf, type StoredGroup } from '../state/group-store.ts';
import { collectReports } from './collect-reports.ts';
import { withGroupLease } from './group-lease.ts';
import type { RecordedSeriesSink } from './recorded-series.ts';

export interface RuleTickDeps {
  readonly tenant: string;
  readonly table: Table;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly logger: Logger;
  readonly settings: RulesSettings;
  readonly groups: readonly RuleGroup[];
  /** What answers a group's queries. */
  readonly sourceOf: (group: RuleGroup) => { readonly engine: RuleEngine; readonly reader: SeriesReader };
  /** Up to when data is complete: later slots wait. */
  readonly readyThroughMs: (nowMs: number) => Promise<number>;
  /** @throws when the reports are not known to be taken; they are made again. */
  readonly report: (alerts: readonly RuleAlert[]) => Promise<void>;
  readonly recorded: RecordedSeriesSink;
  readonly leaseMs?: number;
}

export interface GroupOutcome {
  readonly group: string;
  readonly status: 'evaluated' | 'busy' | 'overtaken' | 'failed';
  readonly timeMs: number;
  readonly durationMs: number;
  readonly missed: number;
  /** Rules whose evaluation failed. */
  readonly failedRules: number;
  readonly samples: number;
}

export interface RuleTickResult {
  readonly outcomes: readonly GroupOutcome[];
  /** How far complete data lies behind; 0 while it keeps up. */
  readonly lagMs: number;
}

const LEASE_MS = 120_000;

/** When each group was last seen to be evaluated: saves reading the state of those that are not due. */
export type TickMemory = Map<string, number>;

export async function runRuleTick(
  deps: RuleTickDeps,
  memory: TickMemory = new Map(),
): Promise<RuleTickResult> {
  const { groups, settings, tenant, clock, table } = deps;
  const nowMs = clock.nowMs();
  const readyMs = Math.min(nowMs, await deps.readyThroughMs(nowMs));
  const store = createGroupStore(table, { tenant });
  const outcomes: GroupOutcome[] = [];
  for (const group of groups) {
    const id = groupIdOf(group);
    const intervalMs = intervalOf(group, settings);
    const timeMs = Math.floor(readyMs / intervalMs) * intervalMs;
    if ((memory.get(id) ?? Number.NEGATIVE_INFINITY) >= timeMs) continue;
    const leasing = { table, tenant, clock, leaseMs: deps.leaseMs ?? LEASE_MS };
    try {
      const done = await withGroupLease(id, leasing, () => visit({ group, timeMs, intervalMs, store }, deps));
      if (done === 'busy') outcomes.push(idle(id, timeMs, 'busy'));
      else {
        memory.set(id, Math.max(timeMs, done.evaluatedAtMs));
        if (done.outcome !== undefined) outcomes.push(done.outcome);
      }
    } catch (error) {
      deps.logger.error('a rule group could not be evaluated; its next tick tries again', {
        tenant,
        group: id,
        reason: describeError(error),
      });
      outcomes.push(idle(id, timeMs, 'failed'));
    }
  }
  return { outcomes, lagMs: nowMs - readyMs };
}

function idle(group: string, timeMs: number, status: 'busy' | 'overtaken' | 'failed'): GroupOutcome {
  return { group, status, timeMs, durationMs: 0, missed: 0, failedRules: 0, samples: 0 };
}

interface Visit {
  readonly group: RuleGroup;
  readonly timeMs: number;
  readonly intervalMs: number;
  readonly store: GroupStore;
}

/** Answers when the group was last evaluated, and what became of it now if it was due. */
async function visit(
  { group, timeMs, intervalMs, store }: Visit,
  deps: RuleTickDeps,
): Promise<{ readonly evaluatedAtMs: number; readonly outcome?: GroupOutcome }> {
  const { settings, tenant, clock } = deps;
  const id = groupIdOf(group);
  const stored = await flushOutbox(await store.load(group), store, deps);
  const lastMs = stored?.state.memory.evaluatedAtMs;
  if (lastMs !== undefined && lastMs >= timeMs) return { evaluatedAtMs: lastMs };
  const startedMs = clock.nowMs();
  const queryOffsetMs = queryOffsetOf(group, settings);
  const { externalLabels, externalUrl } = settings;
  const evaluation = await evaluateGroup(group, stored?.state.memory, {
    ...deps.sourceOf(group),
    timeMs,
    intervalMs,
    queryOffsetMs,
    externalLabels,
    externalUrl,
    nowMs: () => clock.nowMs(),
  });
  const { samples, stale } = evaluation;
  if (samples.length > 0 || stale.length > 0) {
    const batch = {
      tenant,
      group: id,
      evaluatedAtMs: timeMs,
      timeMs: timeMs - queryOffsetMs,
      samples,
      stale,
    };
    await deps.recorded.record(batch);
  }
  const { memory, reports } = collectReports(group, evaluation, { timeMs, externalLabels, externalUrl });
  const missed = lastMs === undefined ? 0 : Math.max(0, Math.floor((timeMs - lastMs) / intervalMs) - 1);
  const durationMs = clock.nowMs() - startedMs;
  const state = {
    file: group.file,
    name: group.name,
    memory,
    outbox: reports,
    durationMs,
    missedIterations: (stored?.state.missedIterations ?? 0) + missed,
  };
  const version = await store.save(state, stored?.version);
  if (version === undefined) return { evaluatedAtMs: lastMs ?? 0, outcome: idle(id, timeMs, 'overtaken') };
  await flushOutbox({ state, version }, store, deps);
  const failedRules = memory.rules.filter(({ health }) => health === 'err').length;
  return {
    evaluatedAtMs: timeMs,
    outcome: {
      group: id,
      status: 'evaluated',
      timeMs,
      durationMs,
      missed,
      failedRules,
      samples: samples.length,
    },
  };
}

/** Says what has to be said and notes that it was. */
async function flushOutbox(
  stored: StoredGroup | undefined,
  store: GroupStore,
  { report }: Pick<RuleTickDeps, 'report'>,
): Promise<StoredGroup | undefined> {
  if (stored === undefined || stored.state.outbox.length === 0) return stored;
  await report(stored.state.outbox);
  const state = { ...stored.state, outbox: [] };
  const version = await store.save(state, stored.version);
  if (version === undefined) throw new Error('another worker has the group; its next tick carries on');
  return { state, version };
}

/**
 * Groups that are no longer in any file: their alerts end, their series end, their memory goes. For when rules
 * were loaded anew, not for every tick.
 */
export async function forgetGoneGroups(deps: RuleTickDeps): Promise<void> {
  const { tenant, table, clock, settings, groups } = deps;
  const store = createGroupStore(table, { tenant });
  const wanted = new Set(groups.map(groupIdOf));
  for (const { state, version } of await store.list()) {
    const id = groupIdOf(state);
    if (wanted.has(id)) continue;
    const nowMs = clock.nowMs();
    const { memory } = state;
    const stale = memory.rules.flatMap(seriesOf);
    const options = { timeMs: nowMs, ...settings };
    const abandoned = memory.rules.flatMap(({ alerts }) => alerts.filter(({ state: s }) => s === 'firing'));
    const evaluation = { memory, samples: [], stale, alerts: [], abandoned };
    const { reports } = collectReports({ rules: [] }, evaluation, options);
    await deps.report([...state.outbox, ...reports]);
    if (stale.length > 0)
      await deps.recorded.record({
        tenant,
        group: id,
        evaluatedAtMs: nowMs,
        timeMs: nowMs,
        samples: [],
        stale,
      });
    await store.forget(state, version);
  }
}
