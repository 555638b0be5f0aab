/** Requests around an expression: at one time, or on a grid that no window's border meets. */
import type { Random } from '@sluice/core/testing/random';
import { BASE_MS, SPAN_MS } from './random-series.ts';

export type Times =
  | { readonly kind: 'instant'; readonly time: number }
  | { readonly kind: 'range'; readonly start: number; readonly end: number; readonly step: number };

const BASE = BASE_MS / 1000;

/** Seconds past a multiple of every step that is in use: no subquery has a point on its border. */
const OFF_GRID = 7;

/** `isOnGrid`: multiples of the steps after all. */
export function randomTimes(random: Random, { isOnGrid = false } = {}): Times {
  const time = BASE + random.below(SPAN_MS / 15_000) * 15 + (isOnGrid ? 0 : OFF_GRID);
  if (random.chance(0.6)) return { kind: 'instant', time };
  const step = random.pick([15, 30, 60, 300, 45]);
  return { kind: 'range', start: time, end: time + step * random.below(20), step };
}

export function toPath(query: string, times: Times, extra: Readonly<Record<string, string>> = {}): string {
  const { kind, ...seconds } = times;
  const entries = Object.entries({ query, ...seconds, ...extra }).map(([name, value]): [string, string] => [
    name,
    String(value),
  ]);
  return `${kind === 'instant' ? 'query' : 'query_range'}?${new URLSearchParams(entries)}`;
}
