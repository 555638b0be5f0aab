/** The engine's series out of rollups and of the snapshots that are not compacted yet. One tenant's. */

import { createPauses, type Pauses } from '@sluice/core/pauses';
import { labelsKey, labelValue, METRIC_NAME } from '@sluice/promql/model/labels';
import type { Matcher } from '@sluice/promql/model/matcher';
import { QueryError } from '@sluice/promql/query-error';
import type { SelectedSeries, SelectWindow, SeriesData, SeriesReader } from '@sluice/promql/series-reader';
import type { SeriesSnapshot } from '../model/snapshot.ts';
import { isGauge, pointsOf } from '../rollup/apply-snapshot.ts';
import { isGaugeEntry, type RollupEntry, SEEN_FAMILY } from '../rollup/rollup-entry.ts';
import { type AssembleOptions, assembleSeries, type Piece } from './assemble-series.ts';
import { chooseTier } from './choose-tier.ts';
import { type Component, expandEntry } from './expand-entry.ts';
import { type Chunk, type ChunkDeps, listShards, loadChunks } from './load-chunks.ts';
import { createPageCache, type PageCache } from './page-cache.ts';
import { candidateFamilies, mayMatch, UP } from './select-families.ts';
import type { Interval } from './time-intervals.ts';

export interface RollupReaderOptions extends Omit<ChunkDeps, 'cache'> {
  /** Shared between readers (of any tenants) when given. */
  readonly cache?: PageCache;
  /** `up` of targets that are probed rather than heard of; they win over what was heard. */
  readonly extraUp?: (window: SelectWindow) => Promise<readonly SeriesData[]>;
}

const DEFAULT_CACHE_BYTES = 64 * 1024 * 1024;
/** The list of shards grows when a tenant is resharded; a query that is so late misses nothing. */
const SHARDS_FRESH_MS = 30_000;

interface Selected {
  readonly component: Component;
  readonly isSeen: boolean;
  readonly pieces: Piece[];
}

export function createRollupSeriesReader(options: RollupReaderOptions): SeriesReader {
  const { cache = createPageCache({ maxBytes: DEFAULT_CACHE_BYTES }) } = options;
  const deps: ChunkDeps = { ...options, cache };
  const shards = createShardList(deps);

  return {
    async select(matchers, window): Promise<SelectedSeries> {
      const families = candidateFamilies(matchers);
      if (families?.size === 0) return { series: [] };
      const tier = chooseTier(options.settings.tiers, window);
      const query = {
        fromMs: window.startMs - 1,
        untilMs: window.endMs,
        tier,
        ...(families && { families }),
        accepts(series: SeriesSnapshot) {
          window.checkTime?.();
          return mayMatch(series.labels, matchers, families);
        },
        ...(window.signal && { signal: window.signal }),
      };
      const [loaded, extra] = await Promise.all([
        shards().then((known) => Promise.all(known.map((shard) => loadChunks(shard, query, deps)))),
        wantsUp(matchers) && options.extraUp ? options.extraUp(window) : [],
      ]);
      const pauses = createPauses(deps.clock);
      const selected = await selectPieces(loaded.flat(), { matchers, window, pauses });
      const slotMs = options.settings.tiers[tier]!.slotMs;
      const coverage = joinIntervals(loaded.flat());
      const series = extra.filter(({ labels }) =>
        matchers.every((m) => m.matches(labelValue(labels, m.name))),
      );
      const taken = new Set(series.map(({ labels }) => labelsKey(labels)));
      let samples = 0;
      for (const [key, { component, isSeen, pieces }] of selected) {
        if (taken.has(key)) continue;
        if (pauses.isDue()) {
          await pauses.take();
          window.checkTime?.();
        }
        const data = assembleSeries(component.labels, pieces, {
          fromMs: query.fromMs,
          untilMs: query.untilMs,
          mode: modeOf(component, window),
          rangeMs: window.rangeMs,
          slotMs,
          coverage,
          isGreatest: isSeen,
        });
        if (data === undefined) continue;
        samples += data.times.length;
        if (samples > window.limits.maxSamples) {
          throw new QueryError(
            'execution',
            'query processing would load too many samples into memory in query execution',
          );
        }
        series.push(data);
      }
      return { series };
    },
  };
}

/** Asked for again only when it may have changed. */
function createShardList(deps: ChunkDeps): () => Promise<readonly number[]> {
  let known: Promise<readonly number[]> | undefined;
  let freshUntilMs = 0;
  return () => {
    const nowMs = deps.clock.nowMs();
    if (known === undefined || nowMs >= freshUntilMs) {
      freshUntilMs = nowMs + SHARDS_FRESH_MS;
      known = listShards(deps);
      const forget = (): void => {
        known = undefined;
      };
      // Whoever asks before the first data of a tenant asks again once it is there.
      known.then((shards) => shards.length === 0 && forget(), forget);
    }
    return known;
  };
}

interface Selection {
  readonly matchers: readonly Matcher[];
  readonly window: SelectWindow;
  readonly pauses: Pauses;
}

/** Matching series by label set, each with its pieces in order of shard and time. */
async function selectPieces(
  chunks: readonly Chunk[],
  { matchers, window, pauses }: Selection,
): Promise<ReadonlyMap<string, Selected>> {
  const selected = new Map<string, Selected>();
  /** An entry returns in every chunk: what its labels expand to is worked out once. */
  const expansions = new Map<string, readonly { readonly key: string; readonly component: Component }[]>();
  const expand = (entry: RollupEntry): readonly { readonly key: string; readonly component: Component }[] => {
    const id = `${entry.kind}${isGaugeEntry(entry) ? '' : entry.points.join()}${entry.key}`;
    let known = expansions.get(id);
    if (known === undefined) {
      known = expandEntry(toExpandable(entry), matchers).map((component) => ({
        key: labelsKey(component.labels),
        component,
      }));
      expansions.set(id, known);
    }
    return known;
  };
  for (const chunk of chunks) {
    for (const entry of chunk.entries) {
      window.checkTime?.();
      if (pauses.isDue()) await pauses.take();
      for (const { key, component } of expand(entry)) {
        const piece = cutPiece(entry, chunk, { component, func: window.hints.func });
        if (piece === undefined) continue;
        const isSeen = labelValue(entry.labels, METRIC_NAME) === SEEN_FAMILY;
        const known = selected.get(key);
        // A service that reports its own `up` is believed.
        if (known === undefined || (known.isSeen && !isSeen)) {
          selected.set(key, { component, isSeen, pieces: [piece] });
          if (selected.size > window.limits.maxSeries) {
            throw new QueryError(
              'execution',
              `more than ${window.limits.maxSeries} series match; narrow the selector`,
            );
          }
        } else if (known.isSeen === isSeen) known.pieces.push(piece);
      }
    }
  }
  return selected;
}

/** The part of an entry that lies in the chunk's slots. */
function cutPiece(
  entry: RollupEntry,
  { borders, first, end }: Chunk,
  { component, func }: { readonly component: Component; readonly func: string },
): Piece | undefined {
  const { startMs } = entry;
  if (isGaugeEntry(entry)) {
    const positions: number[] = [];
    const slots: number[] = [];
    entry.at.forEach((slot, i) => {
      if (slot < first || slot >= end) return;
      positions.push(i);
      slots.push(slot);
    });
    if (slots.length === 0) return undefined;
    const columns = entry.columns();
    return { borders, slots, positions, column: gaugeColumn(columns, func), counts: columns[4]!, startMs };
  }
  const from = Math.max(first, entry.from);
  const until = Math.min(end, entry.from + entry.slots);
  if (from >= until) return undefined;
  return {
    borders,
    slots: { first: from, end: until, from: entry.from },
    column: entry.columns()[component.column]!,
    startMs,
  };
}

/** Columns: last, min, max, sum, count. */
function gaugeColumn(columns: readonly Float64Array[], func: string): Float64Array {
  const [last, min, max, sum, count] = columns as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  switch (func) {
    case 'min_over_time':
      return min;
    case 'max_over_time':
      return max;
    case 'avg_over_time':
      return sum.map((total, i) => total / Math.abs(count[i]!));
    default:
      return last;
  }
}

const ADDED_UP: ReadonlySet<string> = new Set(['rate', 'increase', 'irate']);

function modeOf({ shape }: Component, window: SelectWindow): AssembleOptions['mode'] {
  if (shape === 'gauge') return 'value';
  if (shape === 'value' || isExtended(window)) return 'level';
  return window.rangeMs > 0 && ADDED_UP.has(window.hints.func) ? 'increase' : 'level';
}

/** `anchored` and `smoothed` look behind the range, and difference levels. Seen of instant queries only. */
function isExtended({ startMs, endMs, stepMs, rangeMs, lookbackMs }: SelectWindow): boolean {
  return stepMs === 0 && rangeMs > 0 && endMs - startMs + 1 >= rangeMs + lookbackMs;
}

function toExpandable(series: RollupEntry | SeriesSnapshot): Parameters<typeof expandEntry>[0] {
  const { kind, labels } = series;
  if ('columns' in series) return { kind, labels, points: isGaugeEntry(series) ? [] : series.points };
  return { kind, labels, points: isGauge(series) ? [] : pointsOf(series) };
}

function wantsUp(matchers: readonly Matcher[]): boolean {
  return matchers.every(({ name, matches }) => name !== METRIC_NAME || matches(UP));
}

/** Overlapping and touching ones as one, ascending. */
function joinIntervals(intervals: readonly Interval[]): readonly Interval[] {
  const joined: { fromMs: number; untilMs: number }[] = [];
  for (const { fromMs, untilMs } of [...intervals].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = joined.at(-1);
    if (last !== undefined && fromMs <= last.untilMs) last.untilMs = Math.max(last.untilMs, untilMs);
    else joined.push({ fromMs, untilMs });
  }
  return joined;
}
