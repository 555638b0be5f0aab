/**
 * Runs bundled handlers as Lambda does: an environment is a process that serves one event at a time, is frozen
 * between events, ends when it takes too long, and may be gone at any moment. As many at once as there are events.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fate } from './hostility.ts';
import type { Answer, Usage } from './lambda-runtime.ts';

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
  /** The most environments that worked at once. */
  readonly peak: number;
  close(): void;
}

export interface LambdaOptions {
  readonly name: string;
  /** The built bundle. */
  readonly file: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly fate: Fate;
}

/** Of events and results (Lambda quotas § Invocation payload). */
export const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;
const RUNTIME = join(import.meta.dirname, 'lambda-runtime.ts');
/** Environments of one function at once: this machine is smaller than AWS. Further events wait. */
const MAX_ENVIRONMENTS = 4;
/** Work is mostly shorter: what is meant to strike in the middle of it strikes within this time. */
const WORK_MS = 60;
const MAX_FREEZE_MS = 1_200;
const HURRIED_MS = { min: 30, max: 400 };

export function createLambda(options: LambdaOptions): LambdaFunction {
  const { name, file, folder, env, timeoutSeconds, fate } = options;
  const log: string[] = [];
  const usage: Usage[] = [];
  const idle: ChildProcess[] = [];
  const all = new Set<ChildProcess>();
  const waiting: (() => void)[] = [];
  let lastId = 0;
  let busy = 0;
  let peak = 0;

  async function start(): Promise<ChildProcess> {
    const child = spawn(process.execPath, [RUNTIME, file], {
      // Environments start often where they are killed often.
      env: { ...env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
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

  function takeIdle(): ChildProcess | undefined {
    for (;;) {
      const child = idle.pop();
      if (child === undefined || all.has(child)) return child;
    }
  }

  async function serve(event: unknown): Promise<unknown> {
    const child = takeIdle() ?? (await start());
    child.kill('SIGCONT');
    const id = ++lastId;
    const timeoutMs = fate.strikes('hurried')
      ? HURRIED_MS.min + fate.random.below(HURRIED_MS.max - HURRIED_MS.min)
      : timeoutSeconds * 1000;
    const end = (): void => void child.kill('SIGKILL');
    const timers = [setTimeout(end, timeoutMs)];
    if (fate.strikes('killed')) timers.push(setTimeout(end, fate.random.below(WORK_MS)));
    if (fate.strikes('frozen')) timers.push(...freeze(child, fate));
    try {
      const answered = answerOf(child, id);
      child.send({ id, event, timeoutMs }, () => {});
      const answer = await answered;
      if (answer.usage !== undefined) usage.push(answer.usage);
      if (fate.strikes('unheard')) {
        end();
        if (all.has(child)) await once(child, 'exit');
        throw new Error('the environment is gone');
      }
      if (answer.error !== undefined) throw new Error(answer.error);
      const size = Buffer.byteLength(JSON.stringify(answer.result ?? null));
      if (size > MAX_PAYLOAD_BYTES)
        throw new Error(
          `Response payload size exceeded maximum allowed payload size (${MAX_PAYLOAD_BYTES} bytes): ${size}`,
        );
      return answer.result;
    } finally {
      for (const timer of timers) clearTimeout(timer);
      if (all.has(child)) {
        child.kill('SIGSTOP');
        idle.push(child);
      }
    }
  }

  const killAll = (): void => {
    for (const child of all) child.kill('SIGKILL');
  };
  return {
    name,
    log,
    usage,
    get peak() {
      return peak;
    },
    async invoke(event) {
      if (Buffer.byteLength(JSON.stringify(event)) > MAX_PAYLOAD_BYTES)
        throw new Error('413: the event is larger than 6 MB');
      while (busy >= MAX_ENVIRONMENTS) await new Promise<void>((resolve) => waiting.push(resolve));
      busy += 1;
      peak = Math.max(peak, busy);
      try {
        return await serve(event);
      } finally {
        busy -= 1;
        waiting.shift()?.();
      }
    },
    kill: killAll,
    close: killAll,
  };
}

/** Timers that stop the environment within its work, and let it go on later. */
function freeze(child: ChildProcess, { random }: Fate): NodeJS.Timeout[] {
  const startMs = random.below(WORK_MS);
  return [
    setTimeout(() => {
      child.kill('SIGSTOP');
      // Not cleared with the others: who is frozen does not answer before.
      void sleep(random.below(MAX_FREEZE_MS)).then(() => child.kill('SIGCONT'));
    }, startMs),
  ];
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
