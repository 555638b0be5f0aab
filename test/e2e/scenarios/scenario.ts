/** One thing that a pipeline must do, seen from outside; every composition of the handlers is held to it. */
import type { Pipeline } from '../pipeline.ts';

export interface Scenario {
  readonly name: string;
  /** The pipeline has reason to complain. */
  readonly isRough?: true;
  run(pipeline: Pipeline): Promise<void>;
}
