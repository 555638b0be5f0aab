/**
 * A process that dies at a chosen moment: wrapped ports count their calls, and at the n-th the effect
 * either has not happened yet or has, and from then on nothing of this process gets through any more.
 */
import type { Queue } from '@sluice/core/ports/queue';
import type { Sink } from '@sluice/core/ports/sink';

export class Crash extends Error {
  override readonly name = 'Crash';
}

export interface CrashPoint {
  queue(queue: Queue): Queue;
  sink(sink: Sink): Sink;
  hasCrashed(): boolean;
}

/** Steps are counted from 0: step 2k is before the k-th call's effect, step 2k + 1 after it. */
export function createCrashPoint(atStep: number): CrashPoint {
  let step = 0;
  let crashed = false;
  const passStep = (): void => {
    crashed ||= step === atStep;
    step += 1;
    if (crashed) throw new Crash('the process is gone');
  };
  const wrap =
    <Args extends readonly unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      passStep();
      const result = await call(...args);
      passStep();
      return result;
    };
  return {
    hasCrashed: () => crashed,
    queue: (queue) => ({
      ...queue,
      send: wrap((messages) => queue.send(messages)),
      receive: wrap((options) => queue.receive(options)),
      delete: wrap((handles) => queue.delete(handles)),
      changeVisibility: wrap((handle, timeoutMs) => queue.changeVisibility(handle, timeoutMs)),
    }),
    sink: (sink) => ({
      ...sink,
      push: wrap((tenant, parts, options) => sink.push(tenant, parts, options)),
    }),
  };
}
