/** Which times a query is about, and the request that asks for them. */
import { CommandLineError } from '../command-line-error.ts';
import { parseDurationMs } from '../parse-duration.ts';

export type QueryTimes =
  | { readonly kind: 'instant'; readonly timeMs: number | undefined }
  | { readonly kind: 'range'; readonly startMs: number; readonly endMs: number; readonly stepMs: number };

interface TimeOptions {
  readonly range: string | undefined;
  readonly step: string | undefined;
  readonly time: string | undefined;
}

/** Points of a plot without --step: some more than a wide terminal shows. */
const DEFAULT_POINTS = 240;

/** Most points a Prometheus answers with. */
const MAX_POINTS = 11_000;

/** @throws CommandLineError */
export function readTimes({ range, step, time }: TimeOptions, nowMs: number): QueryTimes {
  const timeMs = time === undefined ? undefined : parseTime(time);
  if (range === undefined) {
    if (step !== undefined) throw new CommandLineError('--step goes with --range');
    return { kind: 'instant', timeMs };
  }
  const rangeMs = parseDurationMs('range', range);
  const stepMs =
    step === undefined
      ? Math.max(1000, Math.ceil(rangeMs / DEFAULT_POINTS / 1000) * 1000)
      : parseDurationMs('step', step);
  if (stepMs === 0) throw new CommandLineError('--step 0s has no end');
  if (rangeMs / stepMs > MAX_POINTS) {
    throw new CommandLineError(
      `--range ${range} in steps of ${step} is more than ${MAX_POINTS.toLocaleString('en')} points; take a longer --step`,
    );
  }
  // On the grid of the step, so that the same query a moment later shows the same points.
  const endMs = timeMs ?? Math.floor(nowMs / stepMs) * stepMs;
  return { kind: 'range', startMs: endMs - rangeMs, endMs, stepMs };
}

function parseTime(text: string): number {
  const timeMs = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (Number.isFinite(timeMs)) return Math.round(timeMs);
  throw new CommandLineError(
    `--time ${JSON.stringify(text)} is no time: RFC 3339 such as 2026-01-31T12:00:00Z, or Unix seconds`,
  );
}

export function toPath(query: string, times: QueryTimes): string {
  if (times.kind === 'instant') {
    const search = new URLSearchParams({ query });
    if (times.timeMs !== undefined) search.set('time', String(times.timeMs / 1000));
    return `/api/v1/query?${search}`;
  }
  const { startMs, endMs, stepMs } = times;
  const seconds = { start: startMs, end: endMs, step: stepMs };
  const search = new URLSearchParams({ query });
  for (const [name, ms] of Object.entries(seconds)) search.set(name, String(ms / 1000));
  return `/api/v1/query_range?${search}`;
}
