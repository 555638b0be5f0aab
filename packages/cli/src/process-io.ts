/** The Io of a real process. */
import { systemClock } from '@sluice/core/ports/clock';
import { EXIT } from './command.ts';
import type { Io, Output } from './io.ts';

const INTERRUPTED = 130;

/** The first Ctrl-C asks the command to stop, the second ends the process. */
export function createProcessIo(process: NodeJS.Process): Io {
  const stop = new AbortController();
  process.on('SIGINT', () => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    stop.abort();
  });
  return {
    stdout: toOutput(process.stdout, process),
    stderr: toOutput(process.stderr, process),
    stdin: process.stdin,
    env: process.env,
    cwd: process.cwd(),
    clock: systemClock,
    random: Math.random,
    fetch: globalThis.fetch,
    signal: stop.signal,
  };
}

function toOutput(stream: NodeJS.WriteStream, process: NodeJS.Process): Output {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A reader such as `head` may go before all is written: that is no failure.
    if (error.code === 'EPIPE') return process.exit(EXIT.ok);
    if (stream !== process.stderr)
      process.stderr.write(`sluice: the output cannot be written: ${error.message}\n`);
    process.exit(EXIT.failure);
  });
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.columns ?? 80;
    },
  };
}
