/** An Io for tests: what was written can be read, time passes at once, the network is the real one. */
import { createHurriedClock, type HurriedClock } from '@sluice/core/testing/hurried-clock';
import { createRandom } from '@sluice/core/testing/random';
import type { Io } from '../io.ts';

export interface FakeIo extends Io {
  readonly clock: HurriedClock;
  out(): string;
  err(): string;
  interrupt(): void;
}

export interface FakeIoOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: readonly Uint8Array[];
  readonly isTerminal?: boolean;
  readonly columns?: number;
  readonly clock?: HurriedClock;
  readonly fetch?: typeof globalThis.fetch;
}

export function createFakeIo(options: FakeIoOptions = {}): FakeIo {
  const { env = {}, cwd = '/nowhere', stdin = [], isTerminal = false, columns = 80 } = options;
  const out: string[] = [];
  const err: string[] = [];
  const stop = new AbortController();
  return {
    stdout: { isTerminal, columns, write: (text) => void out.push(text) },
    stderr: { isTerminal, columns, write: (text) => void err.push(text) },
    stdin: (async function* () {
      yield* stdin;
    })(),
    env,
    cwd,
    clock: options.clock ?? createHurriedClock(Date.now()),
    random: createRandom(1).next,
    fetch: options.fetch ?? globalThis.fetch,
    signal: stop.signal,
    out: () => out.join(''),
    err: () => err.join(''),
    interrupt: () => stop.abort(),
  };
}
