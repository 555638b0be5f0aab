/** Exemplars of the series that match, from the snapshots that still exist. */
import { type Labels, labelsKey } from '@sluice/promql/model/labels';
import type { Matcher } from '@sluice/promql/model/matcher';
import type { Exemplar, SeriesSnapshot } from '../model/snapshot.ts';
import { isGauge, pointsOf } from '../rollup/apply-snapshot.ts';
import type { ExemplarQuery, SeriesExemplars } from './catalog.ts';
import { expandEntry } from './expand-entry.ts';
import { type ChunkDeps, listShards, readSnapshot } from './load-chunks.ts';
import { candidateFamilies, mayMatch } from './select-families.ts';

/** A tick may bring exemplars of events that are so much older. */
const LATE_MS = 5 * 60_000;
const PARALLEL_READS = 16;

interface Found {
  readonly seriesLabels: Labels;
  readonly exemplars: Map<string, Exemplar>;
}

export async function findExemplars(
  query: ExemplarQuery,
  deps: ChunkDeps,
): Promise<readonly SeriesExemplars[]> {
  const { snapshots, tenant } = deps;
  const { startMs, endMs, matcherSets } = query;
  const found = new Map<string, Found>();
  for (const shard of await listShards(deps)) {
    const ticks = await snapshots.ticks({ tenant, shard }, { fromMs: startMs, untilMs: endMs + LATE_MS });
    for (let at = 0; at < ticks.length; at += PARALLEL_READS) {
      const read = await Promise.all(
        ticks.slice(at, at + PARALLEL_READS).map((tickMs) => readSnapshot({ tenant, shard }, tickMs, deps)),
      );
      for (const snapshot of read) {
        for (const series of snapshot?.series ?? []) {
          if (series.exemplars.length === 0) continue;
          for (const matchers of matcherSets) collect(found, series, { matchers, startMs, endMs });
        }
      }
    }
  }
  return [...found.values()].map(({ seriesLabels, exemplars }) => ({
    seriesLabels,
    exemplars: [...exemplars.values()].sort((a, b) => a.timeMs - b.timeMs),
  }));
}

function collect(
  found: Map<string, Found>,
  series: SeriesSnapshot,
  {
    matchers,
    startMs,
    endMs,
  }: { readonly matchers: readonly Matcher[]; readonly startMs: number; readonly endMs: number },
): void {
  if (!mayMatch(series.labels, matchers, candidateFamilies(matchers))) return;
  const { kind, labels } = series;
  const components = expandEntry({ kind, labels, points: isGauge(series) ? [] : pointsOf(series) }, matchers);
  for (const exemplar of series.exemplars) {
    if (exemplar.timeMs < startMs || exemplar.timeMs > endMs) continue;
    const column = columnOf(series, exemplar.value);
    const owner = components.find((component) => component.column === column);
    if (owner === undefined) continue;
    const key = labelsKey(owner.labels);
    const known = found.get(key) ?? { seriesLabels: owner.labels, exemplars: new Map<string, Exemplar>() };
    known.exemplars.set(`${exemplar.timeMs} ${exemplar.value} ${labelsKey(exemplar.labels)}`, exemplar);
    found.set(key, known);
  }
}

/** A histogram's exemplar belongs to the bucket that its value falls into. */
function columnOf(series: SeriesSnapshot, value: number): number {
  if (series.kind !== 'histogram') return 0;
  const bucket = series.bounds.findIndex((bound) => value <= bound);
  return bucket === -1 ? series.bounds.length : bucket;
}
