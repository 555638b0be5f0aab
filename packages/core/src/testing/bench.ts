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
