/** The thread that evaluates: gathers the series of one job after the other, runs it, hands the result back. */
import { parentPort } from 'node:worker_threads';
import { systemClock } from '@sluice/core/ports/clock';
import { QueryError } from '../query-error.ts';
import type { QueryResult } from '../query-result.ts';
import type { SelectedSeries, SeriesData } from '../series-reader.ts';
import { type EvaluationJob, runJob } from './evaluation-job.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

let gathered: SeriesData[][] = [];

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'series') {
    const own = gathered[message.read] ?? [];
    gathered[message.read] = own;
    for (const series of message.series) own.push(series);
    return;
  }
  const selected = message.warnings.map(
    (warnings, read): SelectedSeries => ({
      series: gathered[read] ?? [],
      warnings,
    }),
  );
  gathered = [];
  void run(message.job, selected);
});

async function run(job: EvaluationJob, selected: readonly SelectedSeries[]): Promise<void> {
  try {
    const result = await runJob({ ...job, selected }, { clock: systemClock });
    answer({ kind: 'result', result }, buffersOf(result));
  } catch (error) {
    const errorType = error instanceof QueryError ? error.kind : undefined;
    const message = error instanceof Error ? error.message : String(error);
    answer({ kind: 'error', errorType, message }, []);
  }
}

function answer(message: FromWorker, transfer: readonly ArrayBuffer[]): void {
  parentPort!.postMessage(message, transfer);
}

/** Columns go over without being copied. */
function buffersOf({ value }: QueryResult): readonly ArrayBuffer[] {
  if (value.type !== 'matrix') return [];
  const columns = value.series.flatMap(({ times, values }) => [times.buffer, values.buffer]);
  return [...new Set(columns)] as ArrayBuffer[];
}
