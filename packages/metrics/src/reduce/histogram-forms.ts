/**
 * Changed buckets of histograms. They change before anything of the tick is applied, and only when no source
 * sends the old ones any more: what was published continues without a gap, and a rolling change flaps once.
 */

import { isSameBounds } from '../model/bounds.ts';
import { emptyNative, explicitBounds } from '../model/native-buckets.ts';
import { changeBounds, coarsen } from './apply-histogram.ts';
import { knownSeries } from './find-series.ts';
import { beginGeneration } from './generations.ts';
import type { Arrival } from './sources.ts';
import type { SeriesState } from './state.ts';
import type { TickContext } from './tick-context.ts';

interface Forms {
  /** A source still sends what the series has. */
  isKept: boolean;
  /** Of the newest explicit point. */
  bounds: readonly number[] | undefined;
  /** The coarsest of the exponential points. */
  scale: number | undefined;
}

export function changeHistogramForms(arrivals: readonly Arrival[], context: TickContext): void {
  const seen = new Map<SeriesState, Forms>();
  for (let i = 0; i < arrivals.length; i++) {
    const { point } = arrivals[i]!;
    if (point.type !== 'histogram' && point.type !== 'exponential') continue;
    const series = knownSeries(point.series, context);
    if (series === undefined) continue;
    const forms = seen.get(series) ?? { isKept: false, bounds: undefined, scale: undefined };
    seen.set(series, forms);
    const { data } = series;
    if (point.type === 'histogram') {
      forms.bounds = point.bounds;
      forms.isKept ||= data.type === 'histogram' && isSameBounds(data.bounds, point.bounds);
    } else {
      forms.scale = Math.min(point.native.scale, forms.scale ?? point.native.scale);
      forms.isKept ||= data.type === 'exponential';
    }
  }
  for (const [series, forms] of seen) changeForm(series, forms, context);
}

function changeForm(series: SeriesState, { isKept, bounds, scale }: Forms, context: TickContext): void {
  const { data } = series;
  if (data.type === 'exponential' && scale !== undefined) {
    const isCoarser = scale < data.native.scale;
    if (!isCoarser || isSameBounds(explicitBounds(scale), explicitBounds(data.native.scale))) return;
    coarsen(data, scale);
    beginGeneration(series, context);
  } else if (!isKept && data.type === 'histogram' && bounds !== undefined) {
    changeBounds(data, bounds);
    beginGeneration(series, context);
  } else if (!isKept && bounds !== undefined) {
    const buckets = new Array<number>(bounds.length + 1).fill(0);
    series.data = { type: 'histogram', bounds, buckets, sum: 0, opening: undefined, sources: [] };
    beginGeneration(series, context);
  } else if (!isKept && scale !== undefined) {
    series.data = {
      type: 'exponential',
      native: emptyNative(scale),
      sum: 0,
      opening: undefined,
      sources: [],
    };
    beginGeneration(series, context);
  }
}
