/**
 * What cannot be counted without an account, and is taken to be so: times above all. Each errs on the dear side.
 */

/** A function of so much memory has one whole vCPU, others their share of it (Lambda developer guide § Memory). */
export const MB_PER_VCPU = 1769;
/** How much longer a vCPU of arm64 takes than a core of the machine that counted. */
export const CPU_FACTOR = 1.3;
/** Of one call, one after another. SQS promises tens of milliseconds, DynamoDB single digits. */
export const WAIT_MS = { queue: 15, table: 8, kms: 15, logs: 30, push: 150 } as const;
/** Of all invocations: "under 1 %" by AWS's own analysis (AWS Compute Blog, 2025-04-29). */
export const COLD_START_SHARE = 0.01;
/** Billed since August 2025; import, AWS SDK and secrets. */
export const COLD_START_MS = 500;
/** Lambda's own lines of one invocation in JSON, `platform.start` and `platform.report`, with CloudWatch's 26 bytes each. */
export const SYSTEM_LOG_BYTES = 560;
/**
 * One span of so many invocations (`SLUICE_SELF_TRACES_RATIO`): one message more on the queue of traces, which goes on
 * with the others. Counting runs without, since chance decides which they are.
 */
export const SELF_TRACES = { share: 0.01, sqsRequests: 1.3 } as const;
/** An event source mapping polls an idle queue by five long polls of 20 seconds, and so 15 times a minute. */
export const POLLS_A_MONTH = 15 * 43_800;

/** 730 hours, as AWS reckons a month. */
export const DAYS_A_MONTH = 730 / 24;
export const SECONDS_A_DAY = 86_400;
