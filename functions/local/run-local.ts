/** The life of the local process: start or say in one line why not, wait for a signal, drain, stop. */
import { describeError, UsageError } from '@sluice/core/errors';
import { readLocalSettings } from '@sluice/core/local-settings';
import type { Environment } from '@sluice/core/settings';
import { type LocalPipeline, startLocal } from './start-local.ts';

export interface LocalProcess {
  readonly env: Environment;
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
  readonly onSignal: (stop: () => void) => void;
  readonly exit: (code: number) => void;
}

/** What is acknowledged is on disk, so that a stop that hangs may be cut short without loss. */
const STOP_LIMIT_MS = 4500;

export async function runLocal({ env, print, printError, onSignal, exit }: LocalProcess): Promise<void> {
  let pipeline: LocalPipeline;
  try {
    pipeline = await startLocal(readLocalSettings(env), { writeLog: printError });
  } catch (error) {
    printError(`sluice: ${error instanceof UsageError ? describeUsage(error) : describeError(error)}`);
    exit(1);
    return;
  }
  print(
    `Sluice is ready. OTLP: ${pipeline.ingestUrl}  Read APIs: ${pipeline.apiUrl}  Data: ${pipeline.dataDir}`,
  );
  let stopping = false;
  onSignal(() => {
    if (stopping) return exit(130);
    stopping = true;
    setTimeout(() => {
      printError('sluice: stopping took too long and was cut short; what was accepted is kept');
      exit(1);
    }, STOP_LIMIT_MS).unref();
    pipeline.stop().then(
      () => exit(0),
      (error: unknown) => {
        printError(`sluice: ${describeError(error)}`);
        exit(1);
      },
    );
  });
}

/** Its message alone: that is made for people, while the causes are for the log. */
function describeUsage(error: UsageError): string {
  return error.message.replaceAll(/\s+/g, ' ');
}
