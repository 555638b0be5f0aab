/** The port through which recorded series go back into the store that rules read. */
import type { Labels } from '@sluice/promql/model/labels';
import type { RuleSample } from '../evaluate/alert-state.ts';

export interface RecordedBatch {
  readonly tenant: string;
  /** `<file>;<group>`; with the time it names the batch: a second one of both is the same again. */
  readonly group: string;
  readonly evaluatedAtMs: number;
  /** Of all samples: evaluation time less the query offset. */
  readonly timeMs: number;
  readonly samples: readonly RuleSample[];
  /** Series that ended. */
  readonly stale: readonly Labels[];
}

export interface RecordedSeriesSink {
  /** Takes a batch at least once. @throws when it is not known to be taken */
  record(batch: RecordedBatch): Promise<void>;
}
