/** What readers of all snapshots of a tenant would have counted, series by series, and where a level fell. */
import { addLevels, subtractLevels } from '../model/level.ts';
import type { Level, SeriesSnapshot, SnapshotReader } from '../model/snapshot.ts';
import { seriesText } from './metrics-world.ts';

export interface Increases {
  readonly totals: ReadonlyMap<string, Level>;
  readonly falls: readonly string[];
  readonly warnings: ReadonlySet<string>;
}

export async function countIncreases(reader: SnapshotReader, tenant: string): Promise<Increases> {
  const totals = new Map<string, Level>();
  const falls: string[] = [];
  const warnings = new Set<string>();
  for (const shard of await reader.shards(tenant)) {
    const key = { tenant, shard };
    const carried = new Map<
      string,
      { readonly startMs: number; readonly levels: ReadonlyMap<string, Level> }
    >();
    let previousTickMs = 0;
    for (const tickMs of await reader.ticks(key, { fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER })) {
      const snapshot = await reader.read(key, tickMs);
      if (snapshot === undefined) throw new Error(`the object of ${shard} at ${tickMs} is missing`);
      if (snapshot.previousTickMs !== previousTickMs) falls.push(`chain of ${shard} breaks at ${tickMs}`);
      previousTickMs = tickMs;
      for (const warning of snapshot.warnings) warnings.add(warning);
      for (const series of snapshot.series) {
        const { levels, opening } = levelsOf(series);
        const known = carried.get(series.id);
        const isKnown = known?.startMs === series.startMs;
        for (const [name, level] of levels) {
          const before = isKnown ? known.levels.get(name)! : (opening.get(name) ?? 0);
          const increase = subtractLevels(level, before);
          if (increase < 0) falls.push(`${name} at ${tickMs}: ${before} -> ${level}`);
          totals.set(name, addLevels(totals.get(name) ?? 0, increase));
        }
        carried.set(series.id, { startMs: series.startMs, levels });
      }
    }
  }
  return { totals, falls, warnings };
}

interface Levels {
  readonly levels: ReadonlyMap<string, Level>;
  readonly opening: ReadonlyMap<string, Level>;
}

function levelsOf(series: SeriesSnapshot): Levels {
  const text = seriesText(series);
  const brace = text.indexOf('{');
  const part = (suffix: string): string =>
    brace < 0 ? `${text}${suffix}` : `${text.slice(0, brace)}${suffix}${text.slice(brace)}`;
  switch (series.kind) {
    case 'counter':
      return { levels: new Map([[text, series.level]]), opening: new Map([[text, series.opening ?? 0]]) };
    case 'histogram': {
      const { bounds, opening } = series;
      const name = (at: number): string => part(at < bounds.length ? `_le${bounds[at]}` : '_count');
      const toMap = (buckets: readonly Level[], sum: number | undefined): ReadonlyMap<string, Level> =>
        new Map([
          ...buckets.map((count, at): [string, Level] => [name(at), count]),
          [part('_sum'), sum ?? 0],
        ]);
      return {
        levels: toMap(series.buckets, series.sum),
        opening: opening === undefined ? new Map() : toMap(opening.buckets, opening.sum),
      };
    }
    default:
      return { levels: new Map(), opening: new Map() };
  }
}
