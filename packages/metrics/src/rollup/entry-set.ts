/**
 * Entries while they grow, slot by slot: the working set of a compaction, of folding one tier into the
 * next, and of a reader that looks at snapshots which are not compacted yet.
 */
import { type Labels, labelsKey } from '@sluice/promql/model/labels';
import { subtractLevels } from '../model/level.ts';
import type { Level } from '../model/snapshot.ts';
import {
  type GaugeEntry,
  isGaugeEntry,
  type LevelEntry,
  type RollupEntry,
  toColumn,
} from './rollup-entry.ts';

export interface SeriesName {
  readonly labels: Labels;
  /** `labelsKey(labels)` */
  readonly key: string;
}

export interface LevelSample extends SeriesName {
  readonly kind: LevelEntry['kind'];
  readonly startMs: number;
  readonly points: readonly number[];
  readonly slot: number;
  /** In the order of an entry's columns. */
  readonly levels: readonly Level[];
  /** Asked for when the generation is new to the set. */
  readonly begin: () => Beginning;
}

export interface Beginning {
  /** The slot from which on the levels are known. */
  readonly from: number;
  /** Those before that slot. */
  readonly levels: readonly Level[];
}

export interface GaugeSample extends SeriesName {
  readonly kind: GaugeEntry['kind'];
  readonly startMs: number;
  readonly slot: number;
  readonly last: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  /** As in an entry: of 0 and of negative counts the series ended; without events the other numbers are NaN. */
  readonly count: number;
}

export interface EntrySet {
  /** A slot that is already there is overwritten; slots that were left out repeat the level before them. */
  addLevels(sample: LevelSample): void;
  /** Into a slot that is already there the sample is merged, as the newer one. */
  addGauge(sample: GaugeSample): void;
  /** Goes on with entries that were finished before. */
  restore(entries: readonly RollupEntry[]): void;
  entries(): RollupEntry[];
}

interface GrowingLevels extends SeriesName {
  readonly kind: LevelEntry['kind'];
  readonly startMs: number;
  readonly points: readonly number[];
  readonly from: number;
  readonly columns: Level[][];
}

interface GrowingGauge extends SeriesName {
  readonly kind: GaugeEntry['kind'];
  readonly startMs: number;
  readonly at: number[];
  readonly columns: readonly [number[], number[], number[], number[], number[]];
}

export function createEntrySet(): EntrySet {
  const all: (GrowingLevels | GrowingGauge)[] = [];
  /** The newest generation of each series. */
  const levelsByKey = new Map<string, GrowingLevels>();
  const gaugesByKey = new Map<string, GrowingGauge>();

  const startLevels = (sample: LevelSample): GrowingLevels => {
    const { kind, labels, key, startMs, points } = sample;
    const { from, levels } = sample.begin();
    const columns = levels.map((level) => [level]);
    const made: GrowingLevels = { kind, labels, key, startMs, points, from, columns };
    levelsByKey.set(key, made);
    all.push(made);
    return made;
  };

  return {
    addLevels(sample) {
      const known = levelsByKey.get(sample.key);
      const entry = known !== undefined && isSameGeneration(known, sample) ? known : startLevels(sample);
      const index = sample.slot - entry.from + 1;
      for (let c = 0; c < entry.columns.length; c++) {
        const column = entry.columns[c]!;
        while (column.length < index) column.push(column.at(-1)!);
        column[column.length > index ? column.length - 1 : index] = sample.levels[c]!;
      }
    },
    addGauge(sample) {
      let entry = gaugesByKey.get(sample.key);
      if (entry === undefined || entry.kind !== sample.kind) {
        const { kind, labels, key, startMs } = sample;
        entry = { kind, labels, key, startMs, at: [], columns: [[], [], [], [], []] };
        gaugesByKey.set(key, entry);
        all.push(entry);
      }
      const isSameSlot = entry.at.at(-1) === sample.slot;
      if (!isSameSlot) entry.at.push(sample.slot);
      const [last, min, max, sum, count] = entry.columns;
      const i = entry.at.length - 1;
      const events = isSameSlot ? Math.abs(count[i]!) : 0;
      if (events === 0) {
        last[i] = sample.last;
        min[i] = sample.min;
        max[i] = sample.max;
        sum[i] = sample.sum;
        count[i] = sample.count;
        return;
      }
      if (sample.count !== 0) {
        last[i] = sample.last;
        min[i] = Math.min(min[i]!, sample.min);
        max[i] = Math.max(max[i]!, sample.max);
        sum[i] = sum[i]! + sample.sum;
      }
      const total = events + Math.abs(sample.count);
      count[i] = sample.count <= 0 ? -total : total;
    },
    restore(entries) {
      for (const entry of entries) {
        if (isGaugeEntry(entry)) {
          const columns = entry.columns().map((column) => [...column]) as unknown as GrowingGauge['columns'];
          const { kind, labels, key, startMs } = entry;
          const growing = { kind, labels, key, startMs, at: [...entry.at], columns };
          gaugesByKey.set(key, growing);
          all.push(growing);
          continue;
        }
        const { kind, labels, key, startMs, points, from } = entry;
        const columns = entry.columns().map((column): Level[] => [...column]);
        const growing = { kind, labels, key, startMs, points, from, columns };
        levelsByKey.set(key, growing);
        all.push(growing);
      }
    },
    entries: () => all.map(finish),
  };
}

export function nameOf(labels: Labels): SeriesName {
  return { labels, key: labelsKey(labels) };
}

function isSameGeneration(entry: GrowingLevels, { kind, startMs, points }: LevelSample): boolean {
  return entry.startMs === startMs && entry.kind === kind && isSamePoints(entry.points, points);
}

export function isSamePoints(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((point, i) => point === b[i]));
}

function finish(entry: GrowingLevels | GrowingGauge): RollupEntry {
  if ('at' in entry) {
    const { kind, labels, key, startMs } = entry;
    const columns = entry.columns.map((column) => Float64Array.from(column));
    return { kind, labels, key, startMs, at: [...entry.at], columns: () => columns };
  }
  const { kind, labels, key, startMs, points, from } = entry;
  const columns = entry.columns.map(toColumn);
  return { kind, labels, key, startMs, points, from, slots: columns[0]!.length - 1, columns: () => columns };
}

/** The increase over slot `i` of an entry, exact. */
export function increaseAt(column: ArrayLike<number> | readonly bigint[], i: number): number {
  return Number(subtractLevels(column[i + 1]!, column[i]!));
}
