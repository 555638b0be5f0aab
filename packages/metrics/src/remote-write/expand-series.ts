/**
 * One series of a snapshot into the series that Prometheus knows: a histogram into `_bucket`, `_count` and
 * `_sum`, a summary into `quantile`, `_count` and `_sum`. What follows from the labels alone is kept from
 * tick to tick; a tick only reads the values.
 */

import { formatOpenMetrics } from '@sluice/promql/model/go-float';
import { type Label, type Labels, labelValue, METRIC_NAME } from '@sluice/promql/model/labels';
import type { HistogramSnapshot, Level, SeriesSnapshot, SummarySnapshot } from '../model/snapshot.ts';
import {
  createSymbolStore,
  type SymbolStore,
  toWireSeries,
  type WireSeries,
  wireLabels,
} from './wire-series.ts';

export interface SeriesExpander {
  /** The symbols of every expansion since the last `trim`. */
  symbols(): SymbolStore;
  /** Between two pushes: forgets everything once too many strings have piled up. */
  trim(): void;
  /** The wire series of a series, in the order of `levelsOf`. */
  expand(series: SeriesSnapshot): readonly WireSeries[];
  /** The one series that a native histogram is. */
  expandNative(series: HistogramSnapshot): WireSeries;
}

interface Expansion {
  /** What beside the labels decides the expansion: bounds or quantiles. */
  readonly shape: readonly number[];
  readonly wires: readonly WireSeries[];
}

/** Some 60 MiB at 250 bytes a series: what a Lambda of 512 MiB can spare. */
const MAX_CACHED_WIRES = 250_000;
const NO_SHAPE: readonly number[] = [];

export interface SeriesExpanderOptions {
  readonly maxCachedWires?: number;
  /** On every series, in place of a label of its name. */
  readonly externalLabel?: Label;
}

export function createSeriesExpander({
  maxCachedWires = MAX_CACHED_WIRES,
  externalLabel,
}: SeriesExpanderOptions = {}): SeriesExpander {
  const labelsOf = ({ labels }: SeriesSnapshot): Labels =>
    externalLabel === undefined
      ? labels
      : [...labels.filter(({ name }) => name !== externalLabel.name), externalLabel];
  let symbols = createSymbolStore();
  let young = new Map<string, Expansion>();
  let old = new Map<string, Expansion>();
  let youngWires = 0;

  /** Two generations: what was not used while the younger one filled up is forgotten. */
  const keep = (key: string, expansion: Expansion): void => {
    if (youngWires + expansion.wires.length > maxCachedWires / 2 && youngWires > 0) {
      old = young;
      young = new Map();
      youngWires = 0;
    }
    young.set(key, expansion);
    youngWires += expansion.wires.length;
  };
  const cached = (
    key: string,
    shape: readonly number[],
    make: () => readonly WireSeries[],
  ): readonly WireSeries[] => {
    const known = young.get(key);
    if (known !== undefined && sameShape(known.shape, shape)) return known.wires;
    const older = old.get(key);
    const expansion = older !== undefined && sameShape(older.shape, shape) ? older : { shape, wires: make() };
    keep(key, expansion);
    return expansion.wires;
  };

  return {
    symbols: () => symbols,
    trim() {
      if (symbols.size <= maxCachedWires) return;
      symbols = createSymbolStore();
      young = new Map();
      old = new Map();
      youngWires = 0;
    },
    expand(series) {
      return cached(series.id, shapeOf(series), () => makeWires(series, labelsOf(series), symbols));
    },
    expandNative(series) {
      const name = labelValue(series.labels, METRIC_NAME);
      return cached(`\u0002${series.id}`, NO_SHAPE, () => [
        toWireSeries(wireLabels(labelsOf(series), name), symbols),
      ])[0]!;
    },
  };
}

/** The values of a series at its tick, as many and in the order as `expand` answers series. */
export function levelsOf(series: SeriesSnapshot): readonly number[] {
  switch (series.kind) {
    case 'counter':
      return [toFloat(series.level)];
    case 'gauge':
    case 'updown':
      return [series.last];
    case 'histogram':
      return histogramValues(series.buckets, series);
    case 'summary':
      return [...series.quantiles.map(({ value }) => value), ...countAndSum(series)];
  }
}

/** The values before anything that counts: what a source had already counted, or 0. `undefined` for gauges. */
export function openingsOf(series: SeriesSnapshot): readonly (number | undefined)[] | undefined {
  switch (series.kind) {
    case 'counter':
      return [toFloat(series.opening ?? 0)];
    case 'gauge':
    case 'updown':
      return undefined;
    case 'histogram': {
      const { opening } = series;
      const buckets = opening?.buckets ?? series.buckets.map(() => 0);
      const count = opening?.count ?? 0;
      return histogramValues(buckets, {
        count,
        sum: series.sum === undefined ? undefined : (opening?.sum ?? 0),
      });
    }
    case 'summary':
      // A quantile is a gauge: there is none before the first observation.
      return [
        ...series.quantiles.map(() => undefined),
        toFloat(series.opening?.count ?? 0),
        series.opening?.sum ?? 0,
      ];
  }
}

/** Remote write has no integers: the nearest double of what may be beyond 2^53. */
export function toFloat(level: Level): number {
  return typeof level === 'number' ? level : Number(level);
}

function shapeOf(series: SeriesSnapshot): readonly number[] {
  if (series.kind === 'histogram') {
    return series.sum === undefined ? [...series.bounds, Number.NaN] : series.bounds;
  }
  return series.kind === 'summary' ? series.quantiles.map(({ quantile }) => quantile) : NO_SHAPE;
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

function makeWires(series: SeriesSnapshot, labels: Labels, symbols: SymbolStore): readonly WireSeries[] {
  const name = labelValue(labels, METRIC_NAME);
  const wire = (suffix: string, extra?: { readonly name: string; readonly value: string }): WireSeries =>
    toWireSeries(wireLabels(labels, name + suffix, extra), symbols);
  switch (series.kind) {
    case 'counter':
    case 'gauge':
    case 'updown':
      return [wire('')];
    case 'histogram':
      return [
        ...[...series.bounds, Number.POSITIVE_INFINITY].map((bound) =>
          wire('_bucket', { name: 'le', value: formatOpenMetrics(bound) }),
        ),
        wire('_count'),
        ...(series.sum === undefined ? [] : [wire('_sum')]),
      ];
    case 'summary':
      return [
        ...series.quantiles.map(({ quantile }) =>
          wire('', { name: 'quantile', value: formatOpenMetrics(quantile) }),
        ),
        wire('_count'),
        wire('_sum'),
      ];
  }
}

function histogramValues(
  buckets: readonly Level[],
  { count, sum }: { readonly count: Level; readonly sum: number | undefined },
): readonly number[] {
  const values = new Array<number>(buckets.length + (sum === undefined ? 1 : 2));
  for (let i = 0; i < buckets.length; i++) values[i] = toFloat(buckets[i]!);
  values[buckets.length] = toFloat(count);
  if (sum !== undefined) values[buckets.length + 1] = sum;
  return values;
}

function countAndSum({ count, sum }: SummarySnapshot): readonly number[] {
  return [toFloat(count), sum];
}
