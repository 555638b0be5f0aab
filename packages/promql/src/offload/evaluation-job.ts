/**
 * An evaluation whose series are loaded, as it is handed to another thread. There the whole engine runs once
 * more, over a reader that answers each read with what was read here: reads come in the same order.
 */
import type { Clock } from '@sluice/core/ports/clock';
import { createEngine, type EngineOptions } from '../engine.ts';
import type { QueryResult } from '../query-result.ts';
import type { SelectedSeries, SeriesReader } from '../series-reader.ts';

/** Plain data. */
export interface EvaluationJob {
  readonly query: string;
  readonly settings: Omit<EngineOptions, 'clock' | 'defaultStepMs' | 'offload'>;
  readonly times:
    | { readonly kind: 'instant'; readonly timeMs: number }
    | { readonly kind: 'range'; readonly startMs: number; readonly endMs: number; readonly stepMs: number };
  readonly lookbackMs: number;
  /** What is left of the query's time. */
  readonly timeoutMs: number;
}

export interface LoadedJob extends EvaluationJob {
  /** In the order of the reads. */
  readonly selected: readonly SelectedSeries[];
  readonly signal?: AbortSignal | undefined;
}

/** Evaluates a job elsewhere. @throws QueryError */
export type Offload = (job: LoadedJob) => Promise<QueryResult>;

export function runJob(
  { query, settings, times, lookbackMs, timeoutMs, selected }: LoadedJob,
  { clock }: { readonly clock: Pick<Clock, 'nowMs'> },
): Promise<QueryResult> {
  const engine = createEngine({ ...settings, clock });
  const options = { reader: readerOf(selected), lookbackMs, timeoutMs };
  return times.kind === 'instant'
    ? engine.instant(query, { ...options, ...times })
    : engine.range(query, { ...options, ...times });
}

function readerOf(selected: readonly SelectedSeries[]): SeriesReader {
  let next = 0;
  return { select: async () => selected[next++]! };
}
