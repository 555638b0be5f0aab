/** Simulated processes that count things and export them, beside the ledger of what they counted. */
import type { Random } from '@sluice/core/testing/random';
import { addLevels, toLevel } from '../model/level.ts';
import type { Level } from '../model/snapshot.ts';
import type { MetricSpec, PointSpec, RequestSpec } from './encode-metrics.ts';

/** Whole units (a quarter of one for doubles), by series text: the truth. */
export type Ledger = Map<string, Level>;

export interface FaultSource {
  /** What happens in a process in some seconds of its life. */
  live(nowMs: number): void;
  /** The next export; what it holds is in the ledger. */
  request(nowMs: number): RequestSpec;
  /** A new process takes its place: totals begin anew, with a new start. */
  restart(nowMs: number): void;
}

export interface SourceShape {
  readonly name: string;
  readonly instance: string;
  readonly temporality: 'delta' | 'cumulative';
  /** How far its clock is ahead. */
  readonly skewMs: number;
  readonly random: Random;
  readonly ledger: Ledger;
}

export const BOUNDS = [1, 5, 10];
const KINDS = ['web', 'app', 'api'];
const EXPONENTIAL_INDEXES = [-2, 0, 1, 3];

interface Totals {
  readonly counts: Map<string, bigint>;
  readonly quarters: Map<string, number>;
  readonly buckets: bigint[];
  sum: number;
  readonly native: Map<number, bigint>;
  nativeSum: number;
}

export function createFaultSource(shape: SourceShape, bornMs: number): FaultSource {
  const { name, instance, temporality, skewMs, random, ledger } = shape;
  const isDelta = temporality === 'delta';
  let totals = emptyTotals();
  let startMs = bornMs + skewMs;
  const suffix = isDelta ? '' : `instance="${instance}"`;
  const label = (kind: string): string => [suffix, `kind="${kind}"`].filter((part) => part !== '').join(',');
  const note = (series: string, amount: Level): void => {
    ledger.set(series, addLevels(ledger.get(series) ?? 0, amount));
  };
  const plain = suffix === '' ? '' : `{${suffix}}`;

  return {
    live() {
      for (let work = random.below(6); work > 0; work--) {
        const kind = random.pick(KINDS);
        const amount = BigInt(1 + random.below(1000)) * (random.chance(0.02) ? 2n ** 40n : 1n);
        add(totals.counts, kind, amount);
        note(`${name}_orders_total{${label(kind)}}`, toLevel(amount));
        const quarters = 1 + random.below(40);
        totals.quarters.set(kind, (totals.quarters.get(kind) ?? 0) + quarters);
        note(`${name}_spent_total{${label(kind)}}`, quarters / 4);
        const value = random.pick([0.5, 1, 3, 7, 20]);
        const place = BOUNDS.findIndex((bound) => value <= bound);
        totals.buckets[place < 0 ? BOUNDS.length : place]! += 1n;
        totals.sum += value;
        note(`${name}_size_count${plain}`, 1);
        note(`${name}_size_sum${plain}`, value);
        for (const [at, bound] of BOUNDS.entries())
          if (value <= bound) note(`${name}_size_le${BOUNDS[at]}${plain}`, 1);
        const index = random.pick(EXPONENTIAL_INDEXES);
        totals.native.set(index, (totals.native.get(index) ?? 0n) + 1n);
        totals.nativeSum += 2 ** index;
        note(`${name}_delay_count${plain}`, 1);
        note(`${name}_delay_sum${plain}`, 2 ** index);
        note(`${name}_delay_le1${plain}`, index < 0 ? 1 : 0);
      }
    },
    request(nowMs) {
      const timeMs = nowMs + skewMs;
      const base = { startMs, timeMs };
      const request = toRequest(shape, totals, base);
      if (isDelta) {
        totals = emptyTotals();
        startMs = timeMs;
      }
      return request;
    },
    restart(nowMs) {
      if (isDelta) return;
      totals = emptyTotals();
      startMs = Math.max(startMs + 1, nowMs + skewMs);
    },
  };
}

function toRequest(
  { name, instance, temporality }: SourceShape,
  totals: Totals,
  base: { readonly startMs: number; readonly timeMs: number },
): RequestSpec {
  const counted = { type: 'sum', isMonotonic: true, temporality: temporality === 'delta' ? 1 : 2 } as const;
  const points = (values: ReadonlyMap<string, bigint | number>): PointSpec[] =>
    [...values].map(([kind, value]) => ({ ...base, value, attributes: { kind } }));
  const quarters = new Map([...totals.quarters].map(([kind, value]): [string, number] => [kind, value / 4]));
  const lowest = Math.min(...EXPONENTIAL_INDEXES);
  const native = Array.from({ length: 6 }, (_, place) => totals.native.get(lowest + place) ?? 0n);
  const metrics: MetricSpec[] = [
    { ...counted, name: `${name}.orders`, points: points(totals.counts) },
    { ...counted, name: `${name}.spent`, points: points(quarters) },
    {
      name: `${name}.size`,
      type: 'histogram',
      temporality: counted.temporality,
      points: [
        {
          ...base,
          bounds: BOUNDS,
          counts: [...totals.buckets],
          count: total(totals.buckets),
          sum: totals.sum,
        },
      ],
    },
    {
      name: `${name}.delay`,
      type: 'exponential',
      temporality: counted.temporality,
      points: [
        {
          ...base,
          scale: 0,
          count: total(native),
          sum: totals.nativeSum,
          positive: { offset: lowest, counts: native },
        },
      ],
    },
  ];
  return {
    resource: { 'service.name': name, 'service.instance.id': instance },
    metrics: metrics.filter((metric) => metric.points.length > 0),
  };
}

function emptyTotals(): Totals {
  return {
    counts: new Map(),
    quarters: new Map(),
    buckets: new Array<bigint>(BOUNDS.length + 1).fill(0n),
    sum: 0,
    native: new Map(),
    nativeSum: 0,
  };
}

function add(totals: Map<string, bigint>, key: string, amount: bigint): void {
  totals.set(key, (totals.get(key) ?? 0n) + amount);
}

function total(counts: readonly bigint[]): bigint {
  return counts.reduce((sum, count) => sum + count, 0n);
}
