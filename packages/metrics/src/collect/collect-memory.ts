/** What a collecting process remembers between batches. Losing it costs time and a few bytes, nothing else. */

import { createSpanSeriesCache, type SpanSeriesCache } from '../span-metrics/translate-span-counts.ts';
import { createSeriesCache, type SeriesCache } from '../translate/series-cache.ts';
import type { Rosters } from './rosters.ts';
import type { ShardPlan } from './shard-plan.ts';

export interface CollectMemory {
  readonly series: SeriesCache;
  readonly spanSeries: SpanSeriesCache;
  plan: { readonly plan: ShardPlan; readonly readAtMs: number } | undefined;
  /** The hour of the last note, by tenant and shard. */
  readonly notedHours: Map<string, number>;
  /** When the help of a family was last written, by tenant, shard and family. */
  readonly helpWrittenMs: Map<string, number>;
  /** What is written of series already, by tenant and shard. */
  readonly rosters: Map<string, Rosters>;
}

export function createCollectMemory(): CollectMemory {
  return {
    series: createSeriesCache(),
    spanSeries: createSpanSeriesCache(),
    plan: undefined,
    notedHours: new Map(),
    helpWrittenMs: new Map(),
    rosters: new Map(),
  };
}
