/** The job that evaluates rules: every tenant's groups that are due, and the pipeline's own lag as an alert. */
import { describeError } from '@sluice/core/errors';
import type { TenantId } from '@sluice/core/ids';
import type { Logger } from '@sluice/core/logger';
import { METRIC } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import type { SeriesReader } from '@sluice/promql/series-reader';
import type { RuleEngine } from '@sluice/rules/evaluate/evaluate-rule';
import { groupsOf } from '@sluice/rules/load-rules';
import type { RuleAlert } from '@sluice/rules/rule-alert';
import { isMimirGroup } from '@sluice/rules/rules-settings';
import { watchLag } from '@sluice/rules/tick/lag-alert';
import type { RecordedSeriesSink } from '@sluice/rules/tick/recorded-series';
import {
  forgetGoneGroups,
  type GroupOutcome,
  type RuleTickDeps,
  runRuleTick,
  type TickMemory,
} from '@sluice/rules/tick/run-rule-tick';
import type { DataReadiness } from './data-readiness.ts';
import type { RuleSetWatch } from './rule-set.ts';

export interface EvaluateRulesOptions {
  readonly rules: RuleSetWatch;
  readonly table: Table;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly engine: RuleEngine;
  readonly readerOf: (tenant: TenantId) => SeriesReader;
  readonly readinessOf: (tenant: TenantId) => DataReadiness;
  /** For the groups that `sluice.yml` names; without one they fail, and say so. */
  readonly mimirOf?: (tenant: TenantId) => RuleEngine;
  readonly report: (tenant: TenantId, alerts: readonly RuleAlert[]) => Promise<void>;
  readonly recorded: RecordedSeriesSink;
  /** Where links of alerts point unless `sluice.yml` says otherwise. */
  readonly externalUrl?: () => string;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
}

const NO_MIMIR: RuleEngine = {
  instant: () =>
    Promise.reject(new Error('the group is to be answered by Mimir, and SLUICE_MIMIR_URL is not set')),
};

/** Answers a function to be called every second or so. */
export function createEvaluateRules(options: EvaluateRulesOptions): () => Promise<void> {
  const { rules, table, clock, engine, report, selfMetrics, logger } = options;
  const memories = new Map<TenantId, TickMemory>();
  const watchMetrics = createRuleMetrics(selfMetrics);
  /** Tenants whose groups may be left over from an earlier set of rules. */
  let untidied: Set<TenantId> | undefined;

  return async () => {
    if (rules.refresh() || untidied === undefined) {
      untidied = new Set([...rules.current().settings.tenants, ...memories.keys()]);
      memories.clear();
    }
    const { files, settings: given } = rules.current();
    const settings = { ...given, externalUrl: given.externalUrl || (options.externalUrl?.() ?? '') };
    for (const tenant of new Set([...settings.tenants, ...untidied])) {
      const isWanted = settings.tenants.includes(tenant);
      const reader = options.readerOf(tenant);
      const deps: RuleTickDeps = {
        tenant,
        table,
        clock,
        logger,
        settings,
        groups: isWanted ? groupsOf(files) : [],
        sourceOf: (group) => ({
          engine: isMimirGroup(group, settings) ? (options.mimirOf?.(tenant) ?? NO_MIMIR) : engine,
          reader,
        }),
        readyThroughMs: options.readinessOf(tenant),
        report: (alerts) => report(tenant, alerts),
        recorded: options.recorded,
      };
      try {
        if (untidied.has(tenant)) {
          await forgetGoneGroups(deps);
          untidied.delete(tenant);
        }
        const memory = memories.get(tenant) ?? new Map();
        memories.set(tenant, memory);
        const { outcomes, lagMs } = await runRuleTick(deps, memory);
        watchMetrics(tenant, outcomes, lagMs);
        if (deps.groups.length > 0) await watchLag({ ...deps, lagMs });
      } catch (error) {
        logger.error('rules could not be evaluated; the next tick tries again', {
          tenant,
          reason: describeError(error),
        });
      }
    }
  };
}

function createRuleMetrics(
  selfMetrics: SelfMetrics,
): (tenant: string, outcomes: readonly GroupOutcome[], lagMs: number) => void {
  const evaluations = selfMetrics.counter(METRIC.ruleEvaluations, 'Evaluations of rule groups, by outcome.');
  const failures = selfMetrics.counter(METRIC.ruleFailures, 'Rules whose evaluation failed.');
  const missed = selfMetrics.counter(METRIC.ruleMissed, 'Slots of rule groups that were passed over.');
  const duration = selfMetrics.gauge(
    METRIC.ruleGroupDuration,
    'How long the last evaluation of a group took.',
  );
  const last = selfMetrics.gauge(METRIC.ruleGroupLast, 'Slot of the last evaluation of a group.');
  const lag = selfMetrics.gauge(METRIC.ruleLag, 'How far complete data lies behind.');
  return (tenant, outcomes, lagMs) => {
    lag.set(lagMs / 1_000, { tenant });
    for (const outcome of outcomes) {
      const labels = { tenant, rule_group: outcome.group };
      evaluations.add(1, { ...labels, outcome: outcome.status });
      if (outcome.status !== 'evaluated') continue;
      failures.add(outcome.failedRules, labels);
      missed.add(outcome.missed, labels);
      duration.set(outcome.durationMs / 1_000, labels);
      last.set(outcome.timeMs / 1_000, labels);
    }
  };
}
