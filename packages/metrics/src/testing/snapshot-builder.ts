/**
 * A stand-in for the reducer: counts what it is told, publishes one snapshot a tick by the rules of the
 * model (openings, generations, series without news), and keeps the ledger that stores are checked against.
 */
import { fromPairs, type Labels, labelsKey } from '@sluice/promql/model/labels';
import { addLevels } from '../model/level.ts';
import type {
  CounterSnapshot,
  FamilyMetadata,
  GaugeSnapshot,
  HistogramSnapshot,
  Level,
  SeriesSnapshot,
  Snapshot,
} from '../model/snapshot.ts';

export interface SnapshotBuilder {
  count(labels: Readonly<Record<string, string>>, increase: Level): void;
  set(labels: Readonly<Record<string, string>>, value: number): void;
  observe(labels: Readonly<Record<string, string>>, value: number, bounds: readonly number[]): void;
  /** A source that had already counted so much when it was first seen. */
  open(labels: Readonly<Record<string, string>>, opening: Level): void;
  /** The series starts again from nothing: a new generation. */
  restart(labels: Readonly<Record<string, string>>): void;
  forget(labels: Readonly<Record<string, string>>): void;
  /** What was counted since the tick before becomes visible at `tickMs`. */
  tick(tickMs: number): Snapshot;
}

interface State {
  readonly labels: Labels;
  startMs: number;
  resumedTickMs: number;
  changedTickMs: number;
  isFresh: boolean;
}
interface CounterState extends State {
  level: Level;
  opening: Level;
}
interface GaugeState extends State {
  values: number[];
  last: number;
}
interface HistogramState extends State {
  bounds: readonly number[];
  counts: number[];
  sum: number;
}

const HOUR_MS = 3_600_000;

export function createSnapshotBuilder({
  tenant = 'default',
  shard = 0,
  startMs,
}: {
  readonly tenant?: string;
  readonly shard?: number;
  /** The tick before the first. */
  readonly startMs: number;
}): SnapshotBuilder {
  const counters = new Map<string, CounterState>();
  const gauges = new Map<string, GaugeState>();
  const histograms = new Map<string, HistogramState>();
  let previousTickMs = 0;
  let nowMs = startMs;

  const stateOf = (labels: Readonly<Record<string, string>>): State => ({
    labels: fromPairs(Object.entries(labels)),
    startMs: nowMs + 1,
    resumedTickMs: 0,
    changedTickMs: 0,
    isFresh: true,
  });
  const keyOf = (labels: Readonly<Record<string, string>>): string =>
    labelsKey(fromPairs(Object.entries(labels)));
  const counterOf = (labels: Readonly<Record<string, string>>, opening: Level = 0): CounterState => {
    const key = keyOf(labels);
    const known = counters.get(key) ?? { ...stateOf(labels), level: opening, opening };
    counters.set(key, known);
    // Back after it was no longer published: a new generation that opens where it stood.
    if (known.changedTickMs > 0 && nowMs - known.changedTickMs >= HOUR_MS && !known.isFresh) {
      known.startMs = nowMs + 1;
      known.opening = known.level;
      known.resumedTickMs = 0;
    }
    known.isFresh = true;
    return known;
  };

  return {
    count(labels, increase) {
      const state = counterOf(labels);
      state.level = addLevels(state.level, increase);
    },
    set(labels, value) {
      const key = keyOf(labels);
      const known = gauges.get(key) ?? { ...stateOf(labels), values: [], last: value };
      gauges.set(key, known);
      known.values.push(value);
      known.last = value;
      known.isFresh = true;
    },
    observe(labels, value, bounds) {
      const key = keyOf(labels);
      let known = histograms.get(key);
      if (known === undefined || known.bounds.join() !== bounds.join()) {
        known = { ...stateOf(labels), bounds, counts: [...bounds.map(() => 0), 0], sum: 0 };
        histograms.set(key, known);
      }
      const index = bounds.findIndex((bound) => value <= bound);
      const at = index === -1 ? bounds.length : index;
      known.counts[at] = known.counts[at]! + 1;
      known.sum += value;
      known.isFresh = true;
    },
    open: (labels, opening) => void counterOf(labels, opening),
    restart(labels) {
      const key = keyOf(labels);
      counters.set(key, { ...stateOf(labels), startMs: nowMs + 2, level: 0, opening: 0 });
    },
    forget(labels) {
      const key = keyOf(labels);
      counters.delete(key);
      gauges.delete(key);
      histograms.delete(key);
    },
    tick(tickMs) {
      const publish = (state: State): Omit<SeriesSnapshot, 'kind'> & { exemplars: readonly [] } => {
        if (state.isFresh) state.changedTickMs = tickMs;
        if (state.resumedTickMs === 0) state.resumedTickMs = tickMs;
        state.isFresh = false;
        const { labels, startMs: start, resumedTickMs, changedTickMs } = state;
        return {
          labels,
          id: labelsKey(labels),
          startMs: start,
          eventMs: changedTickMs - 1,
          changedTickMs,
          resumedTickMs,
          exemplars: [],
        } as Omit<SeriesSnapshot, 'kind'> & { exemplars: readonly [] };
      };
      const series: SeriesSnapshot[] = [];
      for (const state of counters.values()) {
        const { level, opening } = state;
        series.push({
          ...publish(state),
          kind: 'counter',
          level,
          ...(opening === 0 ? {} : { opening }),
        } as CounterSnapshot);
      }
      for (const state of gauges.values()) {
        const { values, last } = state;
        const base = publish(state);
        const min = values.length === 0 ? last : Math.min(...values);
        const max = values.length === 0 ? last : Math.max(...values);
        const sum = values.reduce((total, value) => total + value, 0);
        series.push({ ...base, kind: 'gauge', last, min, max, sum, count: values.length } as GaugeSnapshot);
        state.values = [];
      }
      for (const state of histograms.values()) {
        let total = 0;
        const buckets = state.counts.map((count) => {
          total += count;
          return total;
        });
        const { bounds, sum } = state;
        series.push({
          ...publish(state),
          kind: 'histogram',
          bounds,
          buckets,
          count: total,
          sum,
        } as HistogramSnapshot);
      }
      const isLive = ({ changedTickMs }: SeriesSnapshot): boolean => tickMs - changedTickMs < HOUR_MS;
      const live = series.filter(isLive);
      const families = new Map<string, FamilyMetadata>();
      for (const { labels, kind } of live) {
        const name = labels.find((label) => label.name === '__name__')!.value;
        families.set(name, { kind, help: `Help of ${name}`, unit: '' });
      }
      const snapshot: Snapshot = {
        tenant,
        shard,
        tickMs,
        previousTickMs,
        series: live,
        families,
        warnings: [],
      };
      previousTickMs = tickMs;
      nowMs = tickMs;
      return snapshot;
    },
  };
}
