/**
 * Pieces of one queried series, from files, tiers and shards, into the columns that the engine takes.
 *
 * For `rate` and `increase` a counter goes as one sample a slot that holds the slot's increase, with a start
 * timestamp just behind the slot's beginning: each counts whole from its start, so that a window along
 * slots adds up exactly, across restarts too, and nothing is extrapolated. For all else it goes as levels.
 */
import type { Labels } from '@sluice/promql/model/labels';
import type { SeriesData } from '@sluice/promql/series-reader';
import { increaseAt } from '../rollup/entry-set.ts';
import type { Column } from '../rollup/rollup-entry.ts';
import { type Interval, isWithin } from './time-intervals.ts';

/** One entry's column, cut to slots. */
export interface Piece {
  readonly borders: Float64Array;
  /** Slots, ascending: of values [first, end) without a hole, or one by one. */
  readonly slots: { readonly first: number; readonly end: number; readonly from: number } | readonly number[];
  readonly column: Column;
  /** Position of a slot's value in the column, for slots one by one. */
  readonly positions?: readonly number[];
  /** Of a gauge's slots, how many events each had, and whether the series ended in it; as entries have it. */
  readonly counts?: Float64Array;
  readonly startMs: number;
}

export interface AssembleOptions extends Interval {
  readonly mode: 'increase' | 'level' | 'value';
  /** Width of the window: an ended counter counts nothing for so long after its end. */
  readonly rangeMs: number;
  /** Distance of the samples that say so. */
  readonly slotMs: number;
  /** Where the store knows what there was. */
  readonly coverage: readonly Interval[];
  /** Of two values for one time: the greater (`up`), else the later piece. */
  readonly isGreatest?: boolean;
}

interface Samples {
  readonly times: number[];
  readonly values: number[];
  /** Where each sample's slot begins. */
  readonly begins: number[];
  readonly starts: number[];
  readonly stale: number[];
}

interface Sample {
  readonly timeMs: number;
  readonly value: number;
  readonly beginMs: number;
  readonly startMs: number;
}

const noSamples = (): Samples => ({ times: [], values: [], begins: [], starts: [], stale: [] });

/** Undefined when no value lies in the window. */
export function assembleSeries(
  labels: Labels,
  pieces: readonly Piece[],
  options: AssembleOptions,
): SeriesData | undefined {
  const samples = noSamples();
  const ordered = [...pieces].sort((a, b) => firstTime(a) - firstTime(b));
  const isInOrder = ordered.every((piece, i) => i === 0 || firstTime(piece) >= lastTime(ordered[i - 1]!));
  const raw = noSamples();
  for (const piece of ordered) appendPiece(raw, piece, options);
  const merged = isInOrder ? raw : sortSamples(raw);
  for (let i = 0; i < merged.times.length; i++) appendSample(samples, merged, i, options);
  if (samples.times.length > 0) closeSeries(samples, options.untilMs, options);
  if (!samples.stale.includes(0)) return undefined;
  const hasStale = samples.stale.includes(1);
  return {
    labels,
    times: Float64Array.from(samples.times),
    values: Float64Array.from(samples.values),
    ...(options.mode !== 'value' && { startTimes: Float64Array.from(samples.starts) }),
    ...(hasStale && { stale: Uint8Array.from(samples.stale) }),
  };
}

function appendPiece(
  out: Samples,
  { borders, slots, column, positions, counts, startMs }: Piece,
  options: AssembleOptions,
): void {
  const { mode, fromMs, untilMs } = options;
  if (!('first' in slots)) {
    slots.forEach((slot, i) => {
      const timeMs = borders[slot + 1]!;
      if (timeMs <= fromMs || timeMs > untilMs) return;
      const at = positions![i]!;
      const isEnded = counts !== undefined && counts[at]! <= 0;
      const beginMs = borders[slot]!;
      // What a slot that ends with the series had seen lies before its border, where the series is over.
      if (counts?.[at] !== 0)
        push(out, { timeMs: isEnded ? timeMs - 1 : timeMs, value: Number(column[at]), beginMs, startMs: 0 });
      if (isEnded) pushMarker(out, { timeMs, beginMs });
    });
    return;
  }
  const { first, end, from } = slots;
  for (let slot = first; slot < end; slot++) {
    const timeMs = borders[slot + 1]!;
    if (timeMs <= fromMs || timeMs > untilMs) continue;
    const i = slot - from;
    const value = mode === 'increase' ? increaseAt(column, i) : Number(column[i + 1]!);
    // A histogram without a sum, a quantile that was not sent.
    if (Number.isNaN(value)) continue;
    const beginMs = borders[slot]!;
    push(out, { timeMs, value, beginMs, startMs: mode === 'increase' ? beginMs + 1 : startMs });
  }
}

function push(out: Samples, { timeMs, value, beginMs, startMs }: Sample): void {
  out.times.push(timeMs);
  out.values.push(value);
  out.begins.push(beginMs);
  out.starts.push(startMs);
  out.stale.push(0);
}

function pushMarker(out: Samples, { timeMs, beginMs }: Pick<Sample, 'timeMs' | 'beginMs'>): void {
  push(out, { timeMs, value: Number.NaN, beginMs, startMs: 0 });
  out.stale[out.stale.length - 1] = 1;
}

/** Takes over one sample: merged with one of the same time, apart from one that is long before it. */
function appendSample(out: Samples, raw: Samples, i: number, options: AssembleOptions): void {
  const { mode, isGreatest = false } = options;
  const timeMs = raw.times[i]!;
  const value = raw.values[i]!;
  const last = out.times.length - 1;
  if (last >= 0 && out.times[last] === timeMs) {
    const known = out.values[last]!;
    // Where a shard handed a series over, the end in one is none in the other.
    if (raw.stale[i] === 1) return;
    if (out.stale[last] === 1) {
      out.values[last] = value;
      out.stale[last] = 0;
      return;
    }
    if (mode === 'increase') out.values[last] = known + value;
    else out.values[last] = isGreatest ? Math.max(known, value) : value;
    return;
  }
  const beginMs = raw.begins[i]!;
  let startMs = raw.starts[i]!;
  if (last >= 0) {
    if (beginMs > out.times[last]!) closeSeries(out, beginMs, options);
    // Pieces of several shards may overlap: each sample counts from the one before it.
    if (mode === 'increase') startMs = Math.max(startMs, out.times.at(-1)! + 1);
    // A generation that goes on from where the one before it stood is no restart.
    else if (mode === 'level' && value >= out.values[last]! && out.stale[last] === 0)
      startMs = Math.min(startMs, out.starts[last]!);
  }
  push(out, { timeMs, value, beginMs, startMs });
  out.stale[out.stale.length - 1] = raw.stale[i]!;
}

/** After the last sample and until `untilMs`: zeros while a window still sees it, or a stale marker. */
function closeSeries(out: Samples, untilMs: number, options: AssembleOptions): void {
  const { mode, slotMs, rangeMs, coverage } = options;
  const lastMs = out.times.at(-1)!;
  if (mode === 'increase') {
    const endMs = Math.min(untilMs, lastMs + rangeMs - 1);
    let previousMs = lastMs;
    const addZero = (timeMs: number): void => {
      if (timeMs <= previousMs || !isWithin(coverage, timeMs)) return;
      push(out, { timeMs, value: 0, beginMs: previousMs, startMs: previousMs + 1 });
      previousMs = timeMs;
    };
    for (let timeMs = (Math.floor(lastMs / slotMs) + 1) * slotMs; timeMs <= endMs; timeMs += slotMs)
      addZero(timeMs);
    addZero(Math.min(endMs, coverage.findLast(({ fromMs }) => fromMs < endMs)?.untilMs ?? 0));
    return;
  }
  if (mode === 'value' && !options.isGreatest) return;
  const markerMs = 2 * lastMs - out.begins.at(-1)!;
  if (markerMs > untilMs || !isWithin(coverage, markerMs)) return;
  pushMarker(out, { timeMs: markerMs, beginMs: lastMs });
}

function sortSamples(raw: Samples): Samples {
  const order = raw.times.map((_, i) => i).sort((a, b) => raw.times[a]! - raw.times[b]! || a - b);
  const pick = (column: readonly number[]): number[] => order.map((i) => column[i]!);
  return {
    times: pick(raw.times),
    values: pick(raw.values),
    begins: pick(raw.begins),
    starts: pick(raw.starts),
    stale: pick(raw.stale),
  };
}

function firstTime({ borders, slots }: Piece): number {
  return borders[('first' in slots ? slots.first : slots[0]!) + 1]!;
}

function lastTime({ borders, slots }: Piece): number {
  return borders['first' in slots ? slots.end : slots.at(-1)! + 1]!;
}
