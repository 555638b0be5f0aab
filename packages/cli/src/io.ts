/** Everything a command touches outside of its arguments, so that tests drive commands in process. */
import type { Clock } from '@sluice/core/ports/clock';
import type { Environment } from '@sluice/core/settings';

export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Width of the terminal; 80 when unknown. */
  readonly columns: number;
}

export interface Io {
  readonly stdout: Output;
  /** Progress and errors. */
  readonly stderr: Output;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly env: Environment;
  /** Folder that relative paths start from. */
  readonly cwd: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly fetch: typeof globalThis.fetch;
  /** Aborts at the first Ctrl-C. */
  readonly signal: AbortSignal;
}
