/**
 * One tick of a large set-up on one core: 2,000 alert rules and the rules of 1,000 SLOs (eight windows and two
 * burn alerts each) over 20,000 series, half of the alerts firing, state in a table.
 */
import { silentLogger } from '@sluice/core/logger';
import { type Bench, cpuMs, neededMiB } from '@sluice/core/testing/bench';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createCountingTable } from '@sluice/platform/counting-table';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { createEngine } from '@sluice/promql/engine';
import { labelValue, METRIC_NAME, toLabels } from '@sluice/promql/model/labels';
import type { SeriesData, SeriesReader } from '@sluice/promql/series-reader';
import { createMemoryReader } from '@sluice/promql/testing/memory-series';
import { groupsOf, loadRules } from './load-rules.ts';
import { DEFAULT_RULES_SETTINGS } from './rules-settings.ts';
import { type RuleTickDeps, runRuleTick, type TickMemory } from './tick/run-rule-tick.ts';

const FAMILIES = 200;
const SERIES_OF_FAMILY = 100;
const ALERTS = 2_000;
const SLOS = 1_000;
const ALERTS_OF_GROUP = 20;
const RULES_OF_FILE = 200;
const SLOS_OF_FILE = 20;
const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 1);
const DATA_MINUTES = 65;
const WINDOWS = ['5m', '30m', '1h', '2h', '6h', '1d', '3d', '30d'];
const MAX_CPU_SECONDS = 20;
const MAX_MEMORY_MIB = 512;

export const bench: Bench = {
  name: 'Rules',
  async run() {
    const clock = createFakeClock(START_MS);
    const table = createCountingTable(
      createEmbeddedTable({ database: createMemoryDatabase(), name: 'rules', clock }),
    );
    const engine = createEngine({ clock });
    const reader = createFamilies();
    let recorded = 0;
    const deps: RuleTickDeps = {
      tenant: 'default',
      table,
      clock,
      logger: silentLogger,
      settings: DEFAULT_RULES_SETTINGS,
      groups: makeGroups(),
      sourceOf: () => ({ engine, reader }),
      readyThroughMs: (nowMs) => Promise.resolve(nowMs),
      report: () => Promise.resolve(),
      recorded: {
        async record({ samples }) {
          recorded += samples.length;
        },
      },
    };
    const memory: TickMemory = new Map();
    let seconds = Number.POSITIVE_INFINITY;
    // The first tick parses and fires, those after it are what every minute costs.
    for (let tick = 1; tick <= 3; tick++) {
      clock.set(START_MS + tick * MINUTE_MS);
      recorded = 0;
      const before = table.counts();
      const ms = await cpuMs(async () => void (await runRuleTick(deps, memory)));
      if (tick === 1) continue;
      seconds = Math.min(seconds, ms / 1_000);
      const after = table.counts();
      console.log(
        `    tick ${tick}: ${recorded} samples recorded, ${after.readUnits - before.readUnits} read units, ${after.writeUnits - before.writeUnits} write units`,
      );
    }
    clock.set(START_MS + 4 * MINUTE_MS);
    const memoryMiB = await neededMiB(async () => void (await runRuleTick(deps, memory)));
    return [
      {
        name: `one tick, ${ALERTS} alert rules and ${SLOS} SLOs over ${FAMILIES * SERIES_OF_FAMILY} series`,
        value: seconds,
        unit: 'cpu-s',
        limit: { kind: 'at most', value: MAX_CPU_SECONDS },
      },
      {
        name: 'memory that a tick needs',
        value: memoryMiB,
        unit: 'MiB',
        limit: { kind: 'at most', value: MAX_MEMORY_MIB },
      },
    ];
  },
};

/** Counters with a sample a minute, found by name as a store finds them. */
function createFamilies(): SeriesReader {
  const times = Float64Array.from(
    { length: DATA_MINUTES },
    (_, i) => START_MS - (DATA_MINUTES - 5 - i) * MINUTE_MS,
  );
  const families = new Map<string, SeriesReader>();
  for (let family = 0; family < FAMILIES; family++) {
    const series = Array.from(
      { length: SERIES_OF_FAMILY },
      (_, i): SeriesData => ({
        labels: toLabels({
          [METRIC_NAME]: `requests_${family}_total`,
          job: `job${i % 10}`,
          instance: `i${i}`,
          status: i % 5 === 0 ? '500' : '200',
        }),
        times,
        values: times.map((_, at) => at * (i + 1)),
      }),
    );
    families.set(labelValue(series[0]!.labels, METRIC_NAME), createMemoryReader(series));
  }
  return {
    async select(matchers, window) {
      const name = matchers.find((matcher) => matcher.name === METRIC_NAME)?.value ?? '';
      return (await families.get(name)?.select(matchers, window)) ?? { series: [] };
    },
  };
}

function makeGroups() {
  const files: string[][] = [];
  const lines: Pick<string[], 'push'> = { push: (...more) => files.at(-1)!.push(...more) };
  for (let i = 0; i < ALERTS; i++) {
    if (i % RULES_OF_FILE === 0) files.push(['groups:']);
    if (i % ALERTS_OF_GROUP === 0) lines.push(`  - name: alerts${i / ALERTS_OF_GROUP}`, '    rules:');
    const metric = `requests_${i % FAMILIES}_total`;
    const job = Math.floor(i / FAMILIES) % 10;
    const expr =
      i % 2 === 0
        ? `sum by (job) (rate(${metric}{job="job${job}"}[5m])) > 0`
        : `sum by (job) (rate(${metric}{status="500"}[5m])) / sum by (job) (rate(${metric}[5m])) > 2`;
    lines.push(
      `      - { alert: A${i}, expr: '${expr}', labels: { severity: page }, annotations: { summary: "{{ $labels.job }} at {{ $value | humanize }}" } }`,
    );
  }
  for (let i = 0; i < SLOS; i++) {
    if (i % SLOS_OF_FILE === 0) files.push(['groups:']);
    const metric = `requests_${i % FAMILIES}_total{job="job${Math.floor(i / FAMILIES)}"`;
    lines.push(`  - name: slo${i}`, '    rules:');
    for (const window of WINDOWS) {
      const expr = `sum(rate(${metric}, status=~"5.."}[${window}])) / sum(rate(${metric}}[${window}]))`;
      lines.push(
        `      - { record: 'slo:sli_error:ratio_rate${window}', expr: '${expr}', labels: { slo: s${i} } }`,
      );
    }
    for (const [long, short, factor] of [
      ['1h', '5m', 14.4],
      ['6h', '30m', 6],
    ] as const) {
      const over = (window: string): string =>
        `slo:sli_error:ratio_rate${window}{slo="s${i}"} > ${factor} * 0.5`;
      lines.push(
        `      - { alert: Burn${i}, expr: '${over(long)} and ${over(short)}', labels: { w: "${long}" } }`,
      );
    }
  }
  return files.flatMap((own, i) => {
    const { files: loaded, problems } = loadRules([{ file: `bench${i}.yml`, source: own.join('\n') }]);
    if (loaded === undefined) throw new Error(JSON.stringify(problems[0]));
    return groupsOf(loaded);
  });
}
