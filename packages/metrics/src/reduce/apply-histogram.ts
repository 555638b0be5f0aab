/** Histograms with explicit and with exponential buckets. */
import { isSameBounds } from '../model/bounds.ts';
import type { ExponentialMetricPoint, HistogramMetricPoint } from '../model/metric-point.ts';
import {
  addNative,
  downscale,
  explicitBounds,
  type MutableNative,
  nativeCount,
  subtractNative,
  toExplicitCounts,
  toMutableNative,
} from '../model/native-buckets.ts';
import {
  addHistogram,
  copyLevels,
  countOf,
  isZero,
  placeUnder,
  riseOfHistogram,
} from './histogram-levels.ts';
import { type Arrival, type TotalRules, takeFromSource } from './sources.ts';
import type { ExponentialData, HistogramData, HistogramSource, NativeSource, SeriesState } from './state.ts';
import type { TickContext } from './tick-context.ts';

const HISTOGRAM_RULES: TotalRules<HistogramSource, HistogramSource> = {
  rise: riseOfHistogram,
  whole: (value) => value,
  size: countOf,
};

const NATIVE_RULES: TotalRules<NativeSource, NativeSource> = {
  rise: (later, earlier) => {
    const native = subtractNative(later.native, earlier.native);
    if (native === undefined) return undefined;
    return {
      native,
      sum: later.sum === undefined || earlier.sum === undefined ? undefined : later.sum - earlier.sum,
    };
  },
  whole: (value) => value,
  size: ({ native }) => nativeCount(native),
};

export function applyHistogram(
  { series, data }: { readonly series: SeriesState; readonly data: HistogramData },
  { point, receivedAtMs }: Arrival & { readonly point: HistogramMetricPoint },
  context: TickContext,
): void {
  const value: HistogramSource = { bounds: point.bounds, buckets: [...point.counts], sum: point.sum };
  if (!isSameBounds(data.bounds, point.bounds)) context.warnings.add('bounds-differ', series.family.name);
  if (point.mode === 'delta') {
    addHistogram(data, placeUnder(data.bounds, value));
    return;
  }
  const isFirst = data.sources.length === 0 && isZero(data);
  const arrival = { point, receivedAtMs };
  const taken = takeFromSource(
    { series, sources: data.sources },
    { arrival, value, rules: HISTOGRAM_RULES },
    context,
  );
  if (taken.type === 'increase') addHistogram(data, placeUnder(data.bounds, taken.increase));
  else if (taken.type === 'opening' && isFirst) {
    addHistogram(data, placeUnder(data.bounds, value));
    data.opening = copyLevels(data);
  }
}

export function applyExponential(
  { series, data }: { readonly series: SeriesState; readonly data: ExponentialData },
  { point, receivedAtMs }: Arrival & { readonly point: ExponentialMetricPoint },
  context: TickContext,
): void {
  const value: NativeSource = { native: point.native, sum: point.sum };
  if (point.mode === 'delta') {
    addIncrease(data, value);
    return;
  }
  const isFirst = data.sources.length === 0 && nativeCount(data.native) === 0;
  const arrival = { point, receivedAtMs };
  const taken = takeFromSource(
    { series, sources: data.sources },
    { arrival, value, rules: NATIVE_RULES },
    context,
  );
  if (taken.type === 'increase') addIncrease(data, taken.increase);
  else if (taken.type === 'opening' && isFirst) {
    addIncrease(data, value);
    data.opening = toExplicitLevels(data);
  }
}

/** Other bounds from now on: the levels go on under them, so that no bucket ever falls. */
export function changeBounds(data: HistogramData, bounds: readonly number[]): void {
  const placed = placeUnder(bounds, { bounds: data.bounds, buckets: data.buckets, sum: data.sum });
  data.bounds = bounds;
  data.buckets = [...placed.buckets];
}

/** A scale below 0 has fewer explicit bounds. */
export function coarsen(data: ExponentialData, scale: number): void {
  data.native = toCoarser(data.native, scale);
}

export function toExplicitLevels({ native, sum }: ExponentialData): {
  buckets: ReturnType<typeof toExplicitCounts>;
  sum: number | undefined;
} {
  return { buckets: toExplicitCounts(native, explicitBounds(native.scale)), sum };
}

function addIncrease(data: ExponentialData, { native, sum }: NativeSource): void {
  addNative(data.native, native);
  data.sum = data.sum === undefined || sum === undefined ? undefined : data.sum + sum;
}

function toCoarser(native: MutableNative, scale: number): MutableNative {
  const coarser = toMutableNative(native);
  coarser.positive = downscale(native.positive, { from: native.scale, to: scale });
  coarser.negative = downscale(native.negative, { from: native.scale, to: scale });
  coarser.scale = Math.min(scale, native.scale);
  return coarser;
}
