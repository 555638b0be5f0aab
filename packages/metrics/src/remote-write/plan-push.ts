/**
 * What one snapshot means to a remote-write receiver. Two groups, to be sent one after the other: the
 * openings (the value that a series had before it began to count, a minute before it appeared, so that
 * `increase` sees its first step), then the levels at the tick, with the ends of series that fell silent.
 * All in one group, a repeat after a lost answer would be out of order and refused; apart, each group may
 * be sent again as it stands.
 */

import { labelValue, METRIC_NAME } from '@sluice/promql/model/labels';
import type {
  Exemplar,
  FamilyMetadata,
  HistogramSnapshot,
  SeriesSnapshot,
  Snapshot,
} from '../model/snapshot.ts';
import { levelsOf, openingsOf, type SeriesExpander } from './expand-series.ts';
import { emptyNative, toNativeSample } from './native-histogram.ts';
import { STALE, type WireSample } from './wire-sample.ts';
import type { WireSeries } from './wire-series.ts';

export interface PushPlan {
  readonly openings: readonly WireSample[];
  readonly levels: readonly WireSample[];
  /** Series that cannot be named to Prometheus, by reason. */
  readonly unsendable: ReadonlyMap<string, number>;
}

export interface PlanOptions {
  readonly expander: SeriesExpander;
  /** The snapshot of the last push that went through, for series that have ended or begun anew since. */
  readonly previous?: Snapshot;
  /** Openings of every series that began at or before this tick are known to be delivered. */
  readonly announcedTickMs: number;
  /** Exponential histograms as native ones instead of explicit buckets. */
  readonly nativeHistograms?: boolean;
}

/** Before the tick at which a series appeared: a scrape interval, so that `rate` over two of them sees both. */
const OPENING_LEAD_MS = 60_000;
/** Prometheus refuses what is an hour older than its newest sample (half of a head chunk range). */
const MAX_OPENING_AGE_MS = 30 * 60_000;
/** A counter without news keeps its level for so long; then it ends. */
const COUNTER_IDLE_MS = 60 * 60_000;
/** The look-back of Prometheus: a gauge that nobody reports any more should not outlive it twice. */
const GAUGE_IDLE_MS = 5 * 60_000;
const NO_EXEMPLARS: readonly Exemplar[] = [];

export function planPush(snapshot: Snapshot, options: PlanOptions): PushPlan {
  const { previous, expander } = options;
  const openings: WireSample[] = [];
  const levels: WireSample[] = [];
  const unsendable = new Map<string, number>();
  expander.trim();
  const before = new Map(previous?.series.map((series) => [series.id, series]));

  const partOf = namesOfParts(snapshot);

  for (const series of snapshot.series) {
    const reason = whyUnsendable(series, partOf);
    if (reason !== undefined) {
      unsendable.set(reason, (unsendable.get(reason) ?? 0) + 1);
      continue;
    }
    const earlier = before.get(series.id);
    before.delete(series.id);
    const wires = toWires(series, options);
    if (isLive(series, snapshot.tickMs)) {
      putOpenings(openings, series, { snapshot, earlier, wires, announcedTickMs: options.announcedTickMs });
      putLevels(levels, series, { snapshot, wires });
      if (earlier !== undefined && hasChangedShape(earlier, series))
        putEnds(levels, toWires(earlier, options).wires, { tickMs: snapshot.tickMs, except: wires.wires });
    } else if (wasLive(series, snapshot, previous)) {
      putEnds(levels, wires.wires, { tickMs: snapshot.tickMs });
    }
  }
  // Gone from the store without having been ended here: it was live when it was last sent.
  for (const series of before.values()) {
    if (whyUnsendable(series, partOf) === undefined && isLive(series, previous!.tickMs))
      putEnds(levels, toWires(series, options).wires, { tickMs: snapshot.tickMs });
  }
  return { openings, levels, unsendable };
}

interface Wires {
  readonly wires: readonly WireSeries[];
  readonly isNative: boolean;
}

function toWires(series: SeriesSnapshot, { expander, nativeHistograms = false }: PlanOptions): Wires {
  if (nativeHistograms && series.kind === 'histogram' && toNativeSample(series) !== undefined)
    return { wires: [expander.expandNative(series)], isNative: true };
  return { wires: expander.expand(series), isNative: false };
}

function putLevels(
  out: WireSample[],
  series: SeriesSnapshot,
  { snapshot, wires: { wires, isNative } }: { readonly snapshot: Snapshot; readonly wires: Wires },
): void {
  const timeMs = snapshot.tickMs;
  const startMs = isGauge(series) ? 0 : series.startMs;
  const family = familyOf(series, snapshot);
  const exemplars = series.exemplars.filter((exemplar) => exemplar.timeMs > snapshot.previousTickMs);
  if (isNative) {
    const value = toNativeSample(series as HistogramSnapshot)!;
    out.push({ series: wires[0]!, value, timeMs, startMs, exemplars, family });
    return;
  }
  const values = levelsOf(series);
  for (let i = 0; i < wires.length; i++) {
    const own = exemplars.length === 0 ? NO_EXEMPLARS : exemplars.filter((one) => placeOf(one, series) === i);
    out.push({ series: wires[i]!, value: values[i]!, timeMs, startMs, exemplars: own, family });
  }
}

function putOpenings(
  out: WireSample[],
  series: SeriesSnapshot,
  {
    snapshot,
    earlier,
    wires: { wires, isNative },
    announcedTickMs,
  }: {
    readonly snapshot: Snapshot;
    readonly earlier: SeriesSnapshot | undefined;
    readonly wires: Wires;
    readonly announcedTickMs: number;
  },
): void {
  const timeMs = openingTimeMs(series, { snapshot, earlier, announcedTickMs });
  const values = timeMs === undefined ? undefined : openingsOf(series);
  if (timeMs === undefined || values === undefined) return;
  const rest = { timeMs, startMs: 0, exemplars: NO_EXEMPLARS, family: familyOf(series, snapshot) };
  if (isNative) {
    const value = emptyNative(toNativeSample(series as HistogramSnapshot)!);
    out.push({ ...rest, series: wires[0]!, value });
    return;
  }
  for (let i = 0; i < wires.length; i++) {
    const value = values[i];
    if (value !== undefined) out.push({ ...rest, series: wires[i]!, value });
  }
}

/** When the opening of a series is to be stamped, if it has one that was not delivered yet. */
function openingTimeMs(
  series: SeriesSnapshot,
  {
    snapshot: { tickMs },
    earlier,
    announcedTickMs,
  }: {
    readonly snapshot: Snapshot;
    readonly earlier: SeriesSnapshot | undefined;
    readonly announcedTickMs: number;
  },
): number | undefined {
  if (series.resumedTickMs > announcedTickMs) {
    return Math.max(series.resumedTickMs - OPENING_LEAD_MS, tickMs - MAX_OPENING_AGE_MS);
  }
  // A generation that begins while its series goes on: the fall to its opening is a reset that must be seen.
  const isNewGeneration =
    earlier !== undefined &&
    earlier.startMs !== series.startMs &&
    !isGauge(series) &&
    earlier.kind === series.kind;
  if (!isNewGeneration || announcedTickMs >= tickMs) return undefined;
  return Math.min(tickMs - 1, Math.max(series.startMs, announcedTickMs + 1));
}

function putEnds(
  out: WireSample[],
  wires: readonly WireSeries[],
  { tickMs, except = [] }: { readonly tickMs: number; readonly except?: readonly WireSeries[] },
): void {
  const kept = new Set(except.map(textOf));
  for (const series of wires) {
    if (kept.has(textOf(series))) continue;
    out.push({
      series,
      value: STALE,
      timeMs: tickMs,
      startMs: 0,
      exemplars: NO_EXEMPLARS,
      family: undefined,
    });
  }
}

function textOf({ labels }: WireSeries): string {
  return labels.map(({ name, value }) => `${name}\u0000${value}`).join('\u0001');
}

function isLive(series: SeriesSnapshot, tickMs: number): boolean {
  return tickMs - series.changedTickMs < (isGauge(series) ? GAUGE_IDLE_MS : COUNTER_IDLE_MS);
}

/** Whether a series that is silent now was sent with the last push that went through. */
function wasLive(series: SeriesSnapshot, snapshot: Snapshot, previous: Snapshot | undefined): boolean {
  const lastMs = previous?.tickMs ?? snapshot.previousTickMs;
  return series.resumedTickMs <= lastMs && isLive(series, lastMs);
}

function hasChangedShape(earlier: SeriesSnapshot, series: SeriesSnapshot): boolean {
  if (earlier.kind === 'histogram' && series.kind === 'histogram')
    return (
      (earlier.sum === undefined) !== (series.sum === undefined) ||
      (earlier.native === undefined) !== (series.native === undefined) ||
      earlier.bounds.length !== series.bounds.length ||
      earlier.bounds.some((bound, i) => bound !== series.bounds[i])
    );
  if (earlier.kind === 'summary' && series.kind === 'summary')
    return (
      earlier.quantiles.length !== series.quantiles.length ||
      earlier.quantiles.some(({ quantile }, i) => quantile !== series.quantiles[i]!.quantile)
    );
  return earlier.kind !== series.kind;
}

function isGauge({ kind }: SeriesSnapshot): boolean {
  return kind === 'gauge' || kind === 'updown';
}

function familyOf({ labels }: SeriesSnapshot, { families }: Snapshot): FamilyMetadata | undefined {
  return families.get(labelValue(labels, METRIC_NAME));
}

/** An exemplar of a histogram stands at the bucket that its value fell into. */
function placeOf({ value }: Exemplar, series: SeriesSnapshot): number {
  if (series.kind !== 'histogram') return 0;
  const place = series.bounds.findIndex((bound) => value <= bound);
  return place < 0 ? series.bounds.length : place;
}

function whyUnsendable(
  { labels, kind }: SeriesSnapshot,
  partOf: ReadonlyMap<string, string>,
): string | undefined {
  const name = labelValue(labels, METRIC_NAME);
  if (name === '') return 'without a metric name';
  const whole = kind === 'histogram' || kind === 'summary' ? undefined : partOf.get(name);
  return whole === undefined ? undefined : `"${name}" is a part of ${whole}`;
}

/** Names that histograms and summaries take beside their own: one that is used twice would be one series. */
function namesOfParts({ families }: Snapshot): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  for (const [name, { kind }] of families) {
    if (kind !== 'histogram' && kind !== 'summary') continue;
    for (const suffix of ['_bucket', '_count', '_sum']) {
      if (families.has(name + suffix)) parts.set(name + suffix, `the ${kind} "${name}"`);
    }
  }
  return parts;
}
