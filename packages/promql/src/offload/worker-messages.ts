/** What the engine's thread and an evaluating one say to each other. */
import type { QueryErrorKind } from '../query-error.ts';
import type { QueryResult } from '../query-result.ts';
import type { SeriesData } from '../series-reader.ts';
import type { EvaluationJob } from './evaluation-job.ts';

/** The series come in portions, so that neither thread is held up by copying; then the job. */
export type ToWorker =
  | { readonly kind: 'series'; readonly read: number; readonly series: readonly SeriesData[] }
  | { readonly kind: 'job'; readonly job: EvaluationJob; readonly warnings: readonly (readonly string[])[] };

export type FromWorker =
  | { readonly kind: 'result'; readonly result: QueryResult }
  | { readonly kind: 'error'; readonly errorType: QueryErrorKind | undefined; readonly message: string };
