/** Summaries: count and sum are running totals, the quantiles those of the newest point. */

import { addLevels, compareLevels, subtractLevels } from '../model/level.ts';
import type { SummaryMetricPoint } from '../model/metric-point.ts';
import { type Arrival, type TotalRules, takeFromSource } from './sources.ts';
import type { SeriesState, SummaryData, SummaryLevels } from './state.ts';
import type { TickContext } from './tick-context.ts';

const RULES: TotalRules<SummaryLevels, SummaryLevels> = {
  rise: (later, earlier) =>
    compareLevels(later.count, earlier.count) < 0
      ? undefined
      : { count: subtractLevels(later.count, earlier.count), sum: later.sum - earlier.sum },
  whole: (value) => value,
  size: ({ count }) => count,
};

export function applySummary(
  { series, data }: { readonly series: SeriesState; readonly data: SummaryData },
  { point, receivedAtMs }: Arrival & { readonly point: SummaryMetricPoint },
  context: TickContext,
): void {
  const eventMs = Math.min(point.timeMs, receivedAtMs);
  if (eventMs >= data.quantilesMs) {
    data.quantiles = point.quantiles;
    data.quantilesMs = eventMs;
  }
  const isFirst = data.sources.length === 0 && data.count === 0;
  const value = { count: point.count, sum: point.sum };
  const taken = takeFromSource(
    { series, sources: data.sources },
    { arrival: { point, receivedAtMs }, value, rules: RULES },
    context,
  );
  if (taken.type === 'increase') {
    data.count = addLevels(data.count, taken.increase.count);
    data.sum += taken.increase.sum;
  } else if (taken.type === 'opening' && isFirst) {
    data.count = value.count;
    data.sum = value.sum;
    data.opening = value;
  }
}
