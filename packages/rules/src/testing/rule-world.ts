/** Rules with everything around them in memory: series to write, a clock, a table, and what was reported and recorded. */
import { silentLogger } from '@sluice/core/logger';
import type { Table } from '@sluice/core/ports/table';
import { createFakeClock, type FakeClock } from '@sluice/core/testing/fake-clock';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { createEngine } from '@sluice/promql/engine';
import { parseMetric } from '@sluice/promql/notation/series-notation';
import { ALL_FEATURES } from '@sluice/promql/parse/parse-expression';
import { groupsOf, loadRules } from '../load-rules.ts';
import type { RuleAlert } from '../rule-alert.ts';
import type { RuleGroup } from '../rule-file.ts';
import { DEFAULT_RULES_SETTINGS, type RulesSettings } from '../rules-settings.ts';
import type { RecordedBatch } from '../tick/recorded-series.ts';
import { type RuleTickDeps, type RuleTickResult, runRuleTick } from '../tick/run-rule-tick.ts';
import { createSampleStore, type SampleStore } from '../unit-test/sample-store.ts';

export interface RuleWorld {
  readonly clock: FakeClock;
  readonly table: Table;
  readonly store: SampleStore;
  readonly reported: RuleAlert[];
  readonly recorded: RecordedBatch[];
  readonly deps: RuleTickDeps;
  /** Sets a series to a value now. */
  write(series: string, value: number): void;
  tick(changes?: Partial<RuleTickDeps>): Promise<RuleTickResult>;
}

export const WORLD_START_MS = Date.UTC(2026, 0, 1);

/** @throws Error with what is wrong with the rules */
export function readGroups(source: string, file = 'rules/test.yml'): readonly RuleGroup[] {
  const { files, problems } = loadRules([{ file, source }]);
  if (files === undefined) throw new Error(JSON.stringify(problems));
  return groupsOf(files);
}

export function createRuleWorld(
  source: string,
  options: {
    readonly settings?: Partial<RulesSettings>;
    readonly wrapTable?: (table: Table) => Table;
  } = {},
): RuleWorld {
  const clock = createFakeClock(WORLD_START_MS);
  const embedded = createEmbeddedTable({ database: createMemoryDatabase(), name: 'rules', clock });
  const table = (options.wrapTable ?? ((same) => same))(embedded);
  const store = createSampleStore([], { startMs: 0, intervalMs: 1 });
  store.setPresent(Number.POSITIVE_INFINITY);
  const reported: RuleAlert[] = [];
  const recorded: RecordedBatch[] = [];
  const engine = createEngine({ clock, features: ALL_FEATURES });
  const deps: RuleTickDeps = {
    tenant: 'default',
    table,
    clock,
    logger: silentLogger,
    settings: { ...DEFAULT_RULES_SETTINGS, ...options.settings },
    groups: readGroups(source),
    sourceOf: () => ({ engine, reader: store }),
    readyThroughMs: (nowMs) => Promise.resolve(nowMs),
    report: async (alerts) => void reported.push(...alerts),
    recorded: {
      async record(batch) {
        recorded.push(batch);
        store.append(batch.samples, batch.timeMs);
        store.end(batch.stale, batch.timeMs);
      },
    },
  };
  return {
    clock,
    table,
    store,
    reported,
    recorded,
    deps,
    write: (series, value) => store.append([{ labels: parseMetric(series), value }], clock.nowMs()),
    tick: (changes = {}) => runRuleTick({ ...deps, ...changes }),
  };
}
