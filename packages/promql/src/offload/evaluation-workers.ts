/**
 * Threads for evaluations that would hold up everything else in a process. A job has a thread to itself; a thread
 * is started when it is first needed, is kept for the next job, and is ended with a job that is given up.
 */
import { Worker } from 'node:worker_threads';
import { QueryError } from '../query-error.ts';
import type { QueryResult } from '../query-result.ts';
import type { LoadedJob, Offload } from './evaluation-job.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

export interface EvaluationWorkers {
  readonly offload: Offload;
  close(): Promise<void>;
}

export interface EvaluationWorkersOptions {
  /** Threads at most; further jobs wait for one, within their own time. */
  readonly maxWorkers: number;
  /** How long a thread without a job is kept. */
  readonly idleMs?: number;
}

/** Copying so many takes some milliseconds. */
const SAMPLES_PER_MESSAGE = 250_000;
/** A thread that has nothing to do goes after so long, with its memory. */
const IDLE_MS = 30_000;
/** The thread looks at the time itself; this is for one that does not. */
const GRACE_MS = 2_000;

export function createEvaluationWorkers({
  maxWorkers,
  idleMs = IDLE_MS,
}: EvaluationWorkersOptions): EvaluationWorkers {
  const idle = new Map<Worker, NodeJS.Timeout>();
  const all = new Set<Worker>();
  /** In the order in which they came. */
  const waiting = new Set<() => void>();
  let busy = 0;

  const wakeNext = (): void => {
    const [next] = waiting;
    if (next === undefined) return;
    waiting.delete(next);
    next();
  };
  const wait = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    const giveUp = (): void => {
      waiting.delete(resolve);
      resolve();
    };
    waiting.add(resolve);
    signal.addEventListener('abort', giveUp, { once: true });
    await promise;
    signal.removeEventListener('abort', giveUp);
    if (!signal.aborted) return;
    // It may have been woken as well, in the place of one who still waits.
    wakeNext();
    throw signal.reason;
  };
  const take = async (signal: AbortSignal): Promise<Worker> => {
    while (busy >= maxWorkers) await wait(signal);
    busy += 1;
    const [known] = idle.keys();
    if (known !== undefined) {
      clearTimeout(idle.get(known));
      idle.delete(known);
      return known;
    }
    const worker = new Worker(new URL('./evaluation-worker.ts', import.meta.url));
    worker.unref();
    all.add(worker);
    return worker;
  };
  const end = (worker: Worker): void => {
    idle.delete(worker);
    all.delete(worker);
    void worker.terminate();
  };
  const release = (worker: Worker, isUsable: boolean): void => {
    busy -= 1;
    if (isUsable) idle.set(worker, setTimeout(() => end(worker), idleMs).unref());
    else end(worker);
    wakeNext();
  };

  return {
    async offload(job) {
      const ended = AbortSignal.any([
        AbortSignal.timeout(job.timeoutMs + GRACE_MS),
        ...(job.signal === undefined ? [] : [job.signal]),
      ]);
      let worker: Worker | undefined;
      let isUsable = false;
      try {
        worker = await take(ended);
        const answer = await converse(worker, job, ended);
        isUsable = true;
        return resultOf(answer);
      } catch (error) {
        if (job.signal?.aborted)
          throw new QueryError('canceled', 'query was canceled in expression evaluation');
        if (ended.aborted) throw new QueryError('timeout', 'query timed out in expression evaluation');
        throw error;
      } finally {
        if (worker !== undefined) release(worker, isUsable);
      }
    },
    async close() {
      await Promise.all([...all].map((worker) => worker.terminate()));
    },
  };
}

function resultOf(answer: FromWorker): QueryResult {
  if (answer.kind === 'result') return answer.result;
  if (answer.errorType === undefined) throw new Error(`the evaluation failed: ${answer.message}`);
  throw new QueryError(answer.errorType, answer.message);
}

async function converse(worker: Worker, job: LoadedJob, ended: AbortSignal): Promise<FromWorker> {
  const { promise, resolve, reject } = Promise.withResolvers<FromWorker>();
  const onExit = (code: number): void => reject(new Error(`the evaluating thread ended with ${code}`));
  const onAbort = (): void => reject(ended.reason);
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', onExit);
  ended.addEventListener('abort', onAbort, { once: true });
  promise.catch(() => {});
  try {
    await sendJob(worker, job, ended);
    return await promise;
  } finally {
    worker.off('message', resolve);
    worker.off('error', reject);
    worker.off('exit', onExit);
    ended.removeEventListener('abort', onAbort);
  }
}

async function sendJob(
  worker: Worker,
  { selected, signal: _, ...job }: LoadedJob,
  ended: AbortSignal,
): Promise<void> {
  const post = (message: ToWorker): void => worker.postMessage(message);
  for (const [read, { series }] of selected.entries()) {
    let from = 0;
    let samples = 0;
    for (const [index, { times }] of series.entries()) {
      samples += times.length;
      if (samples < SAMPLES_PER_MESSAGE && index < series.length - 1) continue;
      post({ kind: 'series', read, series: series.slice(from, index + 1) });
      from = index + 1;
      samples = 0;
      await new Promise((resolve) => setImmediate(resolve));
      ended.throwIfAborted();
    }
  }
  post({ kind: 'job', job, warnings: selected.map(({ warnings = [] }) => warnings) });
}
