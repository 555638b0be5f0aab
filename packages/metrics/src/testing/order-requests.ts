/** Short ways to say what one source sends, for tests of what comes out of the reducer. */
import type { CounterSnapshot, Snapshot } from '../model/snapshot.ts';
import type { MetricSpec, PointSpec, RequestSpec } from './encode-metrics.ts';
import { createMetricsWorld, type MetricsWorld, WORLD_START_MS } from './metrics-world.ts';

/** Seconds after the world's start as Unix milliseconds. */
export function at(seconds: number): number {
  return WORLD_START_MS + seconds * 1000;
}

/** Deltas of `orders`. */
export function counter(
  value: number | bigint,
  point: Partial<PointSpec> = {},
  metric: Partial<MetricSpec> = {},
): RequestSpec {
  const points = [{ timeMs: at(0), startMs: at(-10), value, ...point }];
  const base = { name: 'orders', type: 'sum', temporality: 1, isMonotonic: true, points } as const;
  return { resource: { 'service.name': 'shop' }, metrics: [{ ...base, ...metric }] };
}

/** The same as a running total. */
export const total = (value: number | bigint, point: Partial<PointSpec> = {}): RequestSpec =>
  counter(value, point, { temporality: 2 });

export const plain = (changes = {}): MetricsWorld => createMetricsWorld({ targetInfo: false, ...changes });

/** @throws when the snapshot shows any other number of series. */
export function one<Kind = CounterSnapshot>(snapshot: Snapshot): Kind {
  if (snapshot.series.length !== 1) throw new Error(`${snapshot.series.length} series instead of one`);
  return snapshot.series[0] as Kind;
}
