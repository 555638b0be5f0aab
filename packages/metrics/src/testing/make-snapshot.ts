/** Snapshots as the reducer would write them, built by hand for the tests of what reads them. */
import { fromPairs, labelsKey } from '@sluice/promql/model/labels';
import type {
  CounterSnapshot,
  FamilyMetadata,
  GaugeSnapshot,
  HistogramSnapshot,
  SeriesSnapshot,
  Snapshot,
  SummarySnapshot,
} from '../model/snapshot.ts';

/** Noon of a day in 2026: a tick of any length. */
export const TICK_MS = Date.UTC(2026, 0, 1, 12);
export const MINUTE_MS = 60_000;

type Base = Pick<
  SeriesSnapshot,
  'labels' | 'id' | 'startMs' | 'eventMs' | 'changedTickMs' | 'resumedTickMs' | 'exemplars'
>;

export interface SeriesShape {
  readonly labels?: Readonly<Record<string, string>>;
  readonly tickMs?: number;
  /** Default: long ago, so that nothing is said about a beginning. */
  readonly resumedTickMs?: number;
  readonly changedTickMs?: number;
  readonly startMs?: number;
  readonly exemplars?: SeriesSnapshot['exemplars'];
}

function makeBase(name: string, shape: SeriesShape): Base {
  const { tickMs = TICK_MS, resumedTickMs = tickMs - 600 * MINUTE_MS } = shape;
  const labels = fromPairs(
    Object.entries({ __name__: name, job: 'shop/cart', instance: 'i-1', ...shape.labels }),
  );
  return {
    labels,
    id: labelsKey(labels),
    startMs: shape.startMs ?? resumedTickMs - 1000,
    eventMs: tickMs - 1000,
    changedTickMs: shape.changedTickMs ?? tickMs,
    resumedTickMs,
    exemplars: shape.exemplars ?? [],
  };
}

export function makeCounter(
  name: string,
  { level, opening, ...shape }: SeriesShape & Pick<CounterSnapshot, 'level' | 'opening'>,
): CounterSnapshot {
  return { kind: 'counter', ...makeBase(name, shape), level, ...(opening === undefined ? {} : { opening }) };
}

export function makeGauge(
  name: string,
  { last, ...shape }: SeriesShape & { readonly last: number },
): GaugeSnapshot {
  return { kind: 'gauge', ...makeBase(name, shape), last, min: last, max: last, sum: last, count: 1 };
}

export function makeHistogram(
  name: string,
  shape: SeriesShape & Pick<HistogramSnapshot, 'bounds' | 'buckets' | 'sum' | 'native' | 'opening'>,
): HistogramSnapshot {
  const { bounds, buckets, sum, native, opening } = shape;
  return {
    kind: 'histogram',
    ...makeBase(name, shape),
    bounds,
    buckets,
    count: buckets.at(-1)!,
    sum,
    ...(native === undefined ? {} : { native }),
    ...(opening === undefined ? {} : { opening }),
  };
}

export function makeSummary(
  name: string,
  {
    quantiles,
    sum,
    count,
    opening,
    ...shape
  }: SeriesShape & Pick<SummarySnapshot, 'quantiles' | 'sum' | 'count' | 'opening'>,
): SummarySnapshot {
  return {
    kind: 'summary',
    ...makeBase(name, shape),
    quantiles,
    sum,
    count,
    ...(opening === undefined ? {} : { opening }),
  };
}

/** Families are named after the series, with `families` on top. */
export function makeSnapshot(
  series: readonly SeriesSnapshot[],
  {
    tickMs = TICK_MS,
    previousTickMs = tickMs - MINUTE_MS,
    families = {},
    shard = 0,
    tenant = 'default',
  }: {
    readonly tickMs?: number;
    readonly previousTickMs?: number;
    readonly families?: Readonly<Record<string, Partial<FamilyMetadata>>>;
    readonly shard?: number;
    readonly tenant?: string;
  } = {},
): Snapshot {
  const described = new Map<string, FamilyMetadata>();
  for (const { labels, kind } of series) {
    const name = labels.find((label) => label.name === '__name__')?.value ?? '';
    described.set(name, { kind, help: '', unit: '', ...families[name] });
  }
  return { tenant, shard, tickMs, previousTickMs, series, families: described, warnings: [] };
}
