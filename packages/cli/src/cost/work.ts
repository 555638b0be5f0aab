/**
 * What some amount of telemetry asks of AWS and of destinations, in the units that are billed or waited for. It is
 * counted (`counted.json`), added up and scaled, and priced by `price-work.ts`.
 */

export interface Work {
  readonly invocations: number;
  /** All threads, on one core of the machine that counted. */
  readonly cpuMs: number;
  /** As SQS bills: a request counts once for each 64 KB that it carries. */
  readonly sqs: number;
  readonly sqsFifo: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly kms: number;
  /** Lines that the function writes itself, with what CloudWatch adds to each. */
  readonly logBytes: number;
  /** Telemetry that is put into CloudWatch Logs, counted likewise. */
  readonly cloudWatchBytes: number;
  /** To destinations: headers and bodies. */
  readonly sentBytes: number;
  /** Calls that the function waits for. */
  readonly queueCalls: number;
  readonly tableCalls: number;
  readonly logCalls: number;
  readonly pushes: number;
}

export type WorkUnit = keyof Work;

export const NO_WORK: Work = {
  invocations: 0,
  cpuMs: 0,
  sqs: 0,
  sqsFifo: 0,
  writeUnits: 0,
  readUnits: 0,
  kms: 0,
  logBytes: 0,
  cloudWatchBytes: 0,
  sentBytes: 0,
  queueCalls: 0,
  tableCalls: 0,
  logCalls: 0,
  pushes: 0,
};

export const WORK_UNITS = Object.keys(NO_WORK) as readonly WorkUnit[];

/** Sum of `factor` times each. */
export function addWork(...terms: readonly (readonly [factor: number, work: Work])[]): Work {
  const sums = WORK_UNITS.map((unit) => [
    unit,
    terms.reduce((sum, [factor, work]) => sum + factor * work[unit], 0),
  ]);
  return Object.fromEntries(sums) as Record<WorkUnit, number>;
}

/** A consumer's work on a batch: what the first message costs, and each further one. */
export interface BatchWork {
  readonly first: Work;
  readonly further: Work;
}

/** The line through the smallest batch and a full one; never below nothing. */
export function toBatchWork(one: Work, full: Work, messages: number): BatchWork {
  const further = WORK_UNITS.map((unit) => [unit, Math.max(0, (full[unit] - one[unit]) / (messages - 1))]);
  return { first: one, further: Object.fromEntries(further) as Record<WorkUnit, number> };
}
