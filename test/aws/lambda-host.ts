/**
 * Runs bundled handlers as Lambda does: an environment is a process that serves one event at a time, is frozen
 * between events, ends when it takes too long, and may be gone at any moment.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface LambdaFunction {
  readonly name: string;
  /** @throws when the handler throws, runs out of time, or its environment is gone */
  invoke(event: unknown): Promise<unknown>;
  /** As when an environment is taken away: whatever it was doing stays undone. */
  kill(): void;
  /** Lines of its log. */
  readonly log: readonly string[];
  /** What invocations took, in the order in which they ended. */
  readonly usage: readonly Usage[];
  close(): void;
}

export interface Usage {
  readonly wallMs: number;
  /** User and system, of all threads of the environment. */
  readonly cpuMs: number;
}

export interface LambdaOptions {
  readonly name: string;
  /** The built bundle. */
  readonly file: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
  readonly usage?: Usage;
}

/** Of events and results (Lambda quotas § Invocation payload). */
export const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;

const RUNNER = `
  const { handler } = await import(process.argv[2]);
  process.on('message', async ({ id, event, timeoutMs }) => {
    const deadline = Date.now() + timeoutMs;
    const startedMs = performance.now();
    const before = process.cpuUsage();
    const usage = () => {
      const { user, system } = process.cpuUsage(before);
      return { wallMs: performance.now() - startedMs, cpuMs: (user + system) / 1000 };
    };
    try {
      const result = await handler(event, { getRemainingTimeInMillis: () => deadline - Date.now() });
      process.send({ id, result, usage: usage() });
    } catch (error) {
      process.send({ id, error: String(error?.stack ?? error), usage: usage() });
    }
  });
  process.send({ id: 0 });
`;

export function createLambda({ name, file, folder, env, timeoutSeconds }: LambdaOptions): LambdaFunction {
  const runner = join(folder, 'runner.mjs');
  writeFileSync(runner, RUNNER);
  const log: string[] = [];
  const usages: Usage[] = [];
  const idle: ChildProcess[] = [];
  const all = new Set<ChildProcess>();
  let lastId = 0;

  async function start(): Promise<ChildProcess> {
    const child = spawn(process.execPath, [runner, file], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    all.add(child);
    child.once('exit', () => all.delete(child));
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk) =>
        log.push(
          ...String(chunk)
            .split('\n')
            .filter((line) => line !== ''),
        ),
      );
    await answerOf(child, 0);
    return child;
  }

  return {
    name,
    log,
    usage: usages,
    async invoke(event) {
      if (Buffer.byteLength(JSON.stringify(event)) > MAX_PAYLOAD_BYTES)
        throw new Error('413: the event is larger than 6 MB');
      const child = idle.pop() ?? (await start());
      child.kill('SIGCONT');
      const id = ++lastId;
      const timeoutMs = timeoutSeconds * 1000;
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      try {
        const answered = answerOf(child, id);
        child.send({ id, event, timeoutMs });
        const { result, error, usage } = await answered;
        if (usage !== undefined) usages.push(usage);
        if (error !== undefined) throw new Error(error);
        return result;
      } finally {
        clearTimeout(timer);
        if (all.has(child)) {
          child.kill('SIGSTOP');
          idle.push(child);
        }
      }
    },
    kill() {
      idle.length = 0;
      for (const child of all) child.kill('SIGKILL');
    },
    close() {
      idle.length = 0;
      for (const child of all) child.kill('SIGKILL');
    },
  };
}

async function answerOf(child: ChildProcess, id: number): Promise<Answer> {
  const abort = new AbortController();
  try {
    const exited = once(child, 'exit', abort).then(() => {
      throw new Error('the environment is gone');
    });
    exited.catch(() => {});
    for (;;) {
      const message = once(child, 'message', abort) as Promise<[Answer]>;
      message.catch(() => {});
      const [answer] = await Promise.race([message, exited]);
      if (answer.id === id) return answer;
    }
  } finally {
    abort.abort();
  }
}
