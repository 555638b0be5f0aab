/** What a production stage consists of, as far as it is paid for; held against the executed deployment by a test. */

export const FUNCTION_MEMORY_MB = {
  ingest: 512,
  'deliver-traces': 512,
  'deliver-logs': 512,
  'collect-metrics': 1024,
  tick: 256,
  'reduce-metrics': 1024,
  'compact-metrics': 1024,
  'record-audit': 512,
  'seal-audit': 512,
  'keep-audit': 1024,
  evaluate: 1024,
} as const;

export type FunctionName = keyof typeof FUNCTION_MEMORY_MB;

export interface Consumer {
  readonly batchSize: number;
  readonly windowSeconds: number;
}

export const CONSUMERS = {
  'deliver-traces': { batchSize: 50, windowSeconds: 1 },
  'deliver-logs': { batchSize: 50, windowSeconds: 1 },
  'collect-metrics': { batchSize: 100, windowSeconds: 5 },
  'record-audit': { batchSize: 10, windowSeconds: 0 },
} as const satisfies Readonly<Record<string, Consumer>>;

/** Runs a month, of 730 hours. */
export const SCHEDULES = {
  tick: 43_800,
  evaluate: 43_800,
  'seal-audit': 43_800,
  'compact-metrics': 4_380,
  'keep-audit': 730,
} as const satisfies Readonly<Partial<Record<FunctionName, number>>>;

/** Queues that feed a function. */
export const STANDARD_QUEUES = 5;
export const FIFO_QUEUES = 1;
export const ALARMS = 33;
export const KMS_KEYS = 2;
/** With the edge `cdn` (infra/edge.ts). */
export const WAF_RULES = 2;
/** Days of the functions' own logs, and of the log group `app`. */
export const LOG_RETENTION_DAYS = 30;
