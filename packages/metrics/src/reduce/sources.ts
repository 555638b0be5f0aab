/**
 * The sources behind a cumulative series. A source is a stream since one start; what it adds to the series
 * is what its own total rose by since it was last heard of. Old news is dropped, whatever order it comes in.
 */
import type { MetricPoint } from '../model/metric-point.ts';
import type { Level } from '../model/snapshot.ts';
import type { SeriesState, Source } from './state.ts';
import type { TickContext } from './tick-context.ts';

/** From here on sources are looked up by a key. */
const INDEX_FROM = 12;
/**
 * Two writers that share a start show as a total that falls and is back above its old height within a few
 * points, again and again. One restart looks the same, so it takes two returns to tell.
 */
const ALTERNATING_RETURNS = 2;
const RETURN_POINTS = 3;
/** So many points below the height in a row: there is one writer after all, and it had restarted. */
const CALM_POINTS = 30;

const indexes = new WeakMap<object, Map<string, Source<never>>>();

/** How totals of one kind are told apart and taken from each other. */
export interface TotalRules<Value, Increase> {
  /** `later - earlier`; undefined when the total fell. */
  readonly rise: (later: Value, earlier: Value) => Increase | undefined;
  /** The whole total as an increase. */
  readonly whole: (value: Value) => Increase;
  /** One number that a fall of the total shows in. */
  readonly size: (value: Value) => Level;
}

export interface Arrival {
  readonly point: MetricPoint;
  readonly receivedAtMs: number;
}

/**
 * What a point adds. `nothing`: old news. `opening`: the source has a past that does not count; a series
 * without any other source opens at its value.
 */
export type Contribution<Increase> =
  | { readonly type: 'increase'; readonly increase: Increase }
  | { readonly type: 'opening' }
  | { readonly type: 'nothing' };

export function takeFromSource<Value, Increase>(
  { series, sources }: { readonly series: SeriesState; readonly sources: Source<Value>[] },
  {
    arrival,
    value,
    rules,
  }: { readonly arrival: Arrival; readonly value: Value; readonly rules: TotalRules<Value, Increase> },
  context: TickContext,
): Contribution<Increase> {
  const { point } = arrival;
  const known = findSource(sources, point);
  if (known === undefined) return meetSource({ series, sources }, { arrival, value, rules }, context);
  if (point.timeMs < known.timeMs) return { type: 'nothing' };
  const rise = rules.rise(value, known.last);
  if (point.timeMs === known.timeMs && rise === undefined) return { type: 'nothing' };
  known.timeMs = point.timeMs;
  known.seenTickMs = context.tickMs;
  if (known.returns >= ALTERNATING_RETURNS)
    return takeAlternating(known, { series, value, rules, rise }, context);
  return rise === undefined
    ? takeFall(known, { series, value, rules }, context)
    : takeRise(known, { value, rules, rise });
}

function meetSource<Value, Increase>(
  { series, sources }: { readonly series: SeriesState; readonly sources: Source<Value>[] },
  {
    arrival,
    value,
    rules,
  }: { readonly arrival: Arrival; readonly value: Value; readonly rules: TotalRules<Value, Increase> },
  context: TickContext,
): Contribution<Increase> {
  const { point, receivedAtMs } = arrival;
  const adjustedStartMs = point.startMs === 0 ? 0 : receivedAtMs - (point.timeMs - point.startMs);
  addSource(sources, {
    origin: point.origin,
    sourceName: point.series.family.sourceName,
    startMs: point.startMs,
    adjustedStartMs,
    timeMs: point.timeMs,
    seenTickMs: context.tickMs,
    last: value,
    high: 0,
    sinceFall: 0,
    returns: 0,
  });
  series.place = undefined;
  const isWatched =
    adjustedStartMs >= context.state.watchFromMs && !mayBeForgotten(adjustedStartMs, series.family.horizonMs);
  if (isWatched) return { type: 'increase', increase: rules.whole(value) };
  context.warnings.add('unknown-past', series.family.name);
  return { type: 'opening' };
}

/** The horizon is known as well as exports are punctual. */
const HORIZON_MARGIN_MS = 3_600_000;

function mayBeForgotten(adjustedStartMs: number, horizonMs: number): boolean {
  return horizonMs > 0 && adjustedStartMs <= horizonMs + HORIZON_MARGIN_MS;
}

interface News<Value, Increase> {
  readonly value: Value;
  readonly rules: TotalRules<Value, Increase>;
}

function takeRise<Value, Increase>(
  source: Source<Value>,
  { value, rules, rise }: News<Value, Increase> & { readonly rise: Increase },
): Contribution<Increase> {
  source.last = value;
  if (source.high !== 0) {
    source.sinceFall += 1;
    const isBack = rules.size(value) >= source.high;
    if (isBack && source.sinceFall <= RETURN_POINTS) source.returns += 1;
    else if (source.sinceFall > RETURN_POINTS) source.returns = 0;
    if (isBack || source.sinceFall > RETURN_POINTS) source.high = 0;
  }
  return { type: 'increase', increase: rise };
}

/** The total fell although the start is the same: a restart, or two writers that look like one. */
function takeFall<Value, Increase>(
  source: Source<Value>,
  { series, value, rules }: News<Value, Increase> & { readonly series: SeriesState },
  context: TickContext,
): Contribution<Increase> {
  source.high = rules.size(source.last);
  source.sinceFall = 0;
  source.last = value;
  context.warnings.add('falling-total', series.family.name);
  return { type: 'increase', increase: rules.whole(value) };
}

/** Of alternating writers only what rises above everything seen counts: never too much. */
function takeAlternating<Value, Increase>(
  source: Source<Value>,
  {
    series,
    value,
    rise,
  }: News<Value, Increase> & { readonly series: SeriesState; readonly rise: Increase | undefined },
  context: TickContext,
): Contribution<Increase> {
  context.warnings.add('shared-start', series.family.name);
  if (rise !== undefined) {
    source.last = value;
    source.sinceFall = 0;
    return { type: 'increase', increase: rise };
  }
  source.sinceFall += 1;
  if (source.sinceFall > CALM_POINTS) {
    source.returns = 0;
    source.high = 0;
    source.last = value;
  }
  return { type: 'nothing' };
}

export function findSource<Value>(
  sources: readonly Source<Value>[],
  point: MetricPoint,
): Source<Value> | undefined {
  const { origin, startMs } = point;
  const { sourceName } = point.series.family;
  if (sources.length >= INDEX_FROM) {
    return indexOf(sources).get(sourceKey({ origin, startMs, sourceName })) as Source<Value> | undefined;
  }
  for (let i = 0; i < sources.length; i++) {
    const source = sources[i]!;
    if (source.startMs === startMs && source.origin === origin && source.sourceName === sourceName)
      return source;
  }
  return undefined;
}

export function addSource<Value>(sources: Source<Value>[], source: Source<Value>): void {
  sources.push(source);
  indexes.get(sources)?.set(sourceKey(source), source as Source<never>);
}

/** Takes out what `isOld`; answers what went. */
export function dropSources<Value>(
  sources: Source<Value>[],
  isOld: (source: Source<Value>) => boolean,
): readonly Source<Value>[] {
  const old = sources.filter(isOld);
  if (old.length === 0) return old;
  const kept = sources.filter((source) => !old.includes(source));
  sources.length = 0;
  sources.push(...kept);
  indexes.delete(sources);
  return old;
}

function indexOf<Value>(sources: readonly Source<Value>[]): Map<string, Source<never>> {
  let index = indexes.get(sources);
  if (index === undefined) {
    index = new Map(sources.map((source) => [sourceKey(source), source as Source<never>]));
    indexes.set(sources, index);
  }
  return index;
}

function sourceKey({
  origin,
  startMs,
  sourceName,
}: Pick<Source<unknown>, 'origin' | 'startMs' | 'sourceName'>): string {
  return `${origin}\u0000${startMs}\u0000${sourceName}`;
}
