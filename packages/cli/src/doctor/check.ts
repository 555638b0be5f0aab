/** One thing that must hold, and what to do when it does not. */
import type { Io } from '../io.ts';

export interface CheckResult {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly remedy?: string;
}

/** A throw counts as a failure with its message. */
export interface Check {
  readonly name: string;
  run(io: Io): Promise<readonly Omit<CheckResult, 'name'>[]>;
}
