/** The Scheduler port: named jobs at a fixed rate, aligned to the epoch, each tick at least once. */
export interface ScheduledTick {
  readonly job: string;
  /** The border that this tick stands for: a multiple of the job's interval. */
  readonly scheduledAtMs: number;
}

export interface ScheduledJob {
  readonly name: string;
  readonly intervalMs: number;
  /** A throw is logged and counted; the next tick comes all the same. Two ticks of a job never overlap in one process. */
  run(tick: ScheduledTick): Promise<void>;
}

export interface Scheduler {
  register(job: ScheduledJob): void;
}
