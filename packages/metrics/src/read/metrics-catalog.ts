/** The catalog of one tenant's metrics over rollups and snapshots. */
import { compareLabels, type Labels, labelsKey } from '@sluice/promql/model/labels';
import { formatMatcher, type Matcher } from '@sluice/promql/model/matcher';
import type { FamilyMetadata, SeriesKind, Snapshot } from '../model/snapshot.ts';
import { findTargets, type SeenTarget } from '../rollup/apply-seen.ts';
import { extentOf, isGaugeEntry, type RollupEntry } from '../rollup/rollup-entry.ts';
import { newestHeader, readFile } from '../rollup/rollup-store.ts';
import {
  type CatalogQuery,
  type MetricMetadata,
  type MetricsCatalog,
  type TargetInfo,
  toCatalogList,
} from './catalog.ts';
import { componentCount, type Expandable, expandEntry } from './expand-entry.ts';
import { findExemplars } from './find-exemplars.ts';
import { type ChunkDeps, listShards, loadChunks, readSnapshot } from './load-chunks.ts';
import { createPageCache, type PageCache } from './page-cache.ts';
import { candidateFamilies } from './select-families.ts';

export interface CatalogOptions extends Omit<ChunkDeps, 'cache'> {
  /** The one of the series reader, when they are to share. */
  readonly cache?: PageCache;
}

const DEFAULT_CACHE_BYTES = 16 * 1024 * 1024;
/** Where the newest snapshot of a shard is looked for: a shard without news has none that is younger. */
const NEWEST_WITHIN_MS = 2 * 3_600_000;

const PROMETHEUS_TYPE: Readonly<Record<SeriesKind, MetricMetadata['type']>> = {
  counter: 'counter',
  gauge: 'gauge',
  updown: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
};

export function createMetricsCatalog(options: CatalogOptions): MetricsCatalog {
  const { cache = createPageCache({ maxBytes: DEFAULT_CACHE_BYTES }) } = options;
  const deps: ChunkDeps = { ...options, cache };

  return {
    async listLabels(query) {
      const names = new Set<string>();
      for await (const labels of eachSeries(query, deps)) {
        for (const { name } of labels) names.add(name);
        if (isEnough(names.size, query)) break;
      }
      return toCatalogList([...names].sort(), query);
    },
    async listLabelValues(name, query) {
      const values = new Set<string>();
      for await (const labels of eachSeries(query, deps)) {
        for (const label of labels) if (label.name === name) values.add(label.value);
        if (isEnough(values.size, query)) break;
      }
      return toCatalogList([...values].sort(), query);
    },
    async listSeries(query) {
      const series: Labels[] = [];
      for await (const labels of eachSeries(query, deps)) {
        series.push(labels);
        if (isEnough(series.length, query)) break;
      }
      return toCatalogList(series.sort(compareLabels), query);
    },
    async listMetadata({ metric, limit } = {}) {
      const families = await loadFamilies(deps);
      const wanted = [...families]
        .filter(([name]) => metric === undefined || name === metric)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit || undefined);
      return new Map(
        wanted.map(([name, { kind, help, unit }]) => [name, [{ type: PROMETHEUS_TYPE[kind], help, unit }]]),
      );
    },
    exemplars: (query) => findExemplars(query, deps),
    targets: () => loadTargets(deps),
  };
}

/** One more than the limit says that there is more. */
function isEnough(found: number, { limit = 0 }: CatalogQuery): boolean {
  return limit > 0 && found > limit;
}

/**
 * Matching label sets that have data in the range, each once. The store is read once for all sets of
 * matchers; with a limit, no shard is read before it is needed.
 */
async function* eachSeries(
  { matcherSets, startMs, endMs, limit = 0, checkTime }: CatalogQuery,
  deps: ChunkDeps,
): AsyncGenerator<Labels> {
  const sets = matcherSets.length > 0 ? withoutRepeats(matcherSets) : [[]];
  const families = familiesOfAll(sets);
  if (families?.size === 0) return;
  const seen = new Set<string>();
  const expanded = new Set<string>();
  const shards = await listShards(deps);
  // Labels alone are wanted: the coarsest files hold the fewest copies of them.
  const tier = deps.settings.tiers.length - 1;
  const query = { fromMs: startMs - 1, untilMs: endMs, tier, ...(families && { families }) };
  for (const some of limit === 0 ? [shards] : shards.map((shard) => [shard])) {
    const chunks = await Promise.all(some.map((shard) => loadChunks(shard, query, deps)));
    for (const { entries, first, end } of chunks.flat()) {
      for (const entry of entries) {
        const points = pointsOfEntry(entry);
        const id = `${entry.kind} ${points.join()} ${entry.key}`;
        const extent = extentOf(entry);
        if (expanded.has(id) || extent.last < first || extent.first >= end) continue;
        expanded.add(id);
        checkTime?.();
        const { kind, labels } = entry;
        for (const component of expandAny({ kind, labels, points }, sets)) {
          const key = labelsKey(component.labels);
          if (seen.has(key)) continue;
          seen.add(key);
          yield component.labels;
        }
      }
    }
  }
}

/** Components that match all matchers of any set; a set that takes the whole entry is the last to be tried. */
function* expandAny(
  entry: Expandable,
  sets: readonly (readonly Matcher[])[],
): Generator<ReturnType<typeof expandEntry>[number]> {
  const all = componentCount(entry);
  for (const matchers of sets) {
    const components = expandEntry(entry, matchers);
    yield* components;
    if (components.length === all) return;
  }
}

function withoutRepeats(sets: readonly (readonly Matcher[])[]): readonly (readonly Matcher[])[] {
  const byText = new Map(sets.map((matchers) => [matchers.map(formatMatcher).join(), matchers]));
  return [...byText.values()];
}

/** Undefined when every family may hold a match. */
function familiesOfAll(sets: readonly (readonly Matcher[])[]): ReadonlySet<string> | undefined {
  const all = new Set<string>();
  for (const matchers of sets) {
    const families = candidateFamilies(matchers);
    if (families === undefined) return undefined;
    for (const family of families) all.add(family);
  }
  return all;
}

function pointsOfEntry(entry: RollupEntry): readonly number[] {
  return isGaugeEntry(entry) ? [] : entry.points;
}

/** Of what is published now, and of what the newest files hold. */
async function loadFamilies(deps: ChunkDeps): Promise<ReadonlyMap<string, FamilyMetadata>> {
  const { table, tenant, settings } = deps;
  const shards = await listShards(deps);
  const tier = settings.tiers.at(-1)!.name;
  const stored = await Promise.all(
    shards.map(async (shard) => {
      const header = await newestHeader(table, { tenant, shard, tier });
      return header === undefined ? [] : [...(await readFile(table, header)).families];
    }),
  );
  const live = await newestSnapshots(shards, deps);
  return new Map([...stored.flat(), ...live.flatMap(({ families }) => [...families])]);
}

async function newestSnapshots(shards: readonly number[], deps: ChunkDeps): Promise<readonly Snapshot[]> {
  const { snapshots, tenant, clock } = deps;
  const untilMs = clock.nowMs();
  const found = await Promise.all(
    shards.map(async (shard) => {
      const ticks = await snapshots.ticks({ tenant, shard }, { fromMs: untilMs - NEWEST_WITHIN_MS, untilMs });
      const newest = ticks.at(-1);
      return newest === undefined ? undefined : readSnapshot({ tenant, shard }, newest, deps);
    }),
  );
  return found.filter((snapshot) => snapshot !== undefined);
}

/** The families of a job may lie in several shards. */
async function loadTargets(deps: ChunkDeps): Promise<readonly TargetInfo[]> {
  const targets = new Map<string, SeenTarget>();
  for (const snapshot of await newestSnapshots(await listShards(deps), deps)) {
    for (const target of findTargets(snapshot)) {
      const id = `${target.job}\u0000${target.instance}`;
      const known = targets.get(id);
      targets.set(id, {
        ...target,
        lastSeenMs: Math.max(known?.lastSeenMs ?? 0, target.lastSeenMs),
        series: (known?.series ?? 0) + target.series,
      });
    }
  }
  const sinceMs = deps.clock.nowMs() - deps.settings.upForMs;
  return [...targets.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, target]) => ({ ...target, health: target.lastSeenMs >= sinceMs ? 'up' : 'down' }));
}
