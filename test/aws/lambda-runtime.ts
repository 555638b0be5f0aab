/** What an environment of a function runs: loads the bundle, then serves one event at a time. */

export interface Invocation {
  readonly id: number;
  readonly event: unknown;
  readonly timeoutMs: number;
}

export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
  readonly usage?: Usage;
}

export interface Usage {
  readonly wallMs: number;
  /** User and system, of all threads of the environment. */
  readonly cpuMs: number;
}

interface Context {
  getRemainingTimeInMillis(): number;
}

const { handler } = (await import(process.argv[2]!)) as {
  readonly handler: (event: unknown, context: Context) => Promise<unknown>;
};

process.on('message', (message) => void serve(message as Invocation));
answer({ id: 0 });

async function serve({ id, event, timeoutMs }: Invocation): Promise<void> {
  const startedMs = performance.now();
  const before = process.cpuUsage();
  const usage = (): Usage => {
    const { user, system } = process.cpuUsage(before);
    return { wallMs: performance.now() - startedMs, cpuMs: (user + system) / 1000 };
  };
  const getRemainingTimeInMillis = (): number => timeoutMs - (performance.now() - startedMs);
  try {
    const result = await handler(event, { getRemainingTimeInMillis });
    answer({ id, result, usage: usage() });
  } catch (error) {
    answer({ id, error: String((error as Error | undefined)?.stack ?? error), usage: usage() });
  }
}

function answer(message: Answer): void {
  process.send!(message);
}
