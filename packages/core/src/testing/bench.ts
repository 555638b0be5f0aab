/**
 * What a `*.bench.ts` file exports. Figures are CPU time per unit (user + system of the process), so
 * that a busy machine does not fail a gate; each stands beside its limit.
 */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly limit: { readonly kind: 'at least' | 'at most'; readonly value: number };
}

export interface Bench {
  readonly name: string;
  run(): Promise<readonly Figure[]>;
}

/** CPU milliseconds (user + system, all threads of this process) that `work` takes. */
export async function cpuMs(work: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The least CPU milliseconds of one call over several rounds after a warm-up: the figure that noise touches least. */
export async function leastCpuMs(
  work: () => Promise<void> | void,
  { rounds = 5, callsPerRound = 1, warmup = 2 } = {},
): Promise<number> {
  for (let i = 0; i < warmup * callsPerRound; i++) await work();
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const ms = await cpuMs(async () => {
      for (let i = 0; i < callsPerRound; i++) await work();
    });
    least = Math.min(least, ms / callsPerRound);
  }
  return least;
}

const SAMPLE_EVERY_MS = 50;

/**
 * MiB that a process needs for `work`: the most that was alive at once, and what Node takes besides its heap. What is
 * dead but not yet collected is left out: how much of that lies around depends on how much memory the machine has. Needs `--expose-gc`.
 */
export async function neededMiB(work: () => Promise<void>): Promise<number> {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('needs node --expose-gc, as "npm run bench" starts it');
  let mostBytes = 0;
  const sample = (): void => {
    collect();
    const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
    mostBytes = Math.max(mostBytes, heapUsed + external + Math.max(0, rss - heapTotal - external));
  };
  const timer = setInterval(sample, SAMPLE_EVERY_MS);
  try {
    await work();
    sample();
  } finally {
    clearInterval(timer);
  }
  return mostBytes / 1_048_576;
}
