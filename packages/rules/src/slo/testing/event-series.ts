/** Counters made of single events, as the store hands counters over for `rate` and `increase`: one sample a step with what it added. */
import { type Labels, toLabels } from '@sluice/promql/model/labels';
import type { SeriesData, SeriesReader } from '@sluice/promql/series-reader';
import { createMemoryReader } from '@sluice/promql/testing/memory-series';

export interface TimedEvent {
  readonly timeMs: number;
  readonly isBad: boolean;
  /** When the pipeline learns of it; by default at once. */
  readonly arrivesAtMs?: number;
}

export interface EventStore {
  readonly events: TimedEvent[];
  /** What is known at a time. Counters exist from `fromMs` on, to the last step before `nowMs`. */
  readerAt(nowMs: number): SeriesReader;
}

const STEP_MS = 60_000;

/** `requests_total{status}`: 200 for good events, 500 for bad ones. */
export function createEventStore({ fromMs }: { readonly fromMs: number }): EventStore {
  const events: TimedEvent[] = [];
  return {
    events,
    readerAt(nowMs) {
      const known = events.filter(({ timeMs, arrivesAtMs = timeMs }) => arrivesAtMs <= nowMs);
      const series = [false, true].map((isBad) =>
        toSeries(
          toLabels({ __name__: 'requests_total', status: isBad ? '500' : '200' }),
          known.filter((event) => event.isBad === isBad).map(({ timeMs }) => timeMs),
          { fromMs, untilMs: nowMs },
        ),
      );
      return createMemoryReader(series);
    },
  };
}

function toSeries(
  labels: Labels,
  eventTimes: readonly number[],
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): SeriesData {
  const steps = Math.max(0, Math.floor((untilMs - fromMs) / STEP_MS));
  const values = new Float64Array(steps);
  for (const timeMs of eventTimes) {
    const step = Math.ceil((timeMs - fromMs) / STEP_MS) - 1;
    if (step >= 0 && step < steps) values[step]! += 1;
  }
  return {
    labels,
    times: values.map((_, step) => fromMs + (step + 1) * STEP_MS),
    values,
    startTimes: values.map((_, step) => fromMs + step * STEP_MS + 1),
  };
}
