/** Work of a function as lines of a bill: its calls as they are, its time by what is known and what is assumed. */
import {
  COLD_START_MS,
  COLD_START_SHARE,
  CPU_FACTOR,
  MB_PER_VCPU,
  SELF_TRACES,
  SYSTEM_LOG_BYTES,
  WAIT_MS,
} from './assumptions.ts';
import { FUNCTION_MEMORY_MB, type FunctionName } from './deployment.ts';
import type { Usage } from './items.ts';
import type { Work } from './work.ts';

const BYTES_PER_GB = 1e9;
const MB_PER_GB = 1024;

/** Milliseconds that Lambda bills for the work, all invocations together. */
export function billedMs(work: Work, name: FunctionName): number {
  const share = Math.min(1, FUNCTION_MEMORY_MB[name] / MB_PER_VCPU);
  const { queueCalls, tableCalls, kms, logCalls, pushes, invocations } = work;
  const waits =
    queueCalls * WAIT_MS.queue +
    tableCalls * WAIT_MS.table +
    kms * WAIT_MS.kms +
    logCalls * WAIT_MS.logs +
    pushes * WAIT_MS.push;
  const started = invocations * COLD_START_SHARE * COLD_START_MS;
  const traced = invocations * SELF_TRACES.share * WAIT_MS.queue;
  return (work.cpuMs * CPU_FACTOR) / share + waits + started + traced;
}

export function toUsage(work: Work, name: FunctionName): Usage {
  const gbSeconds = (billedMs(work, name) / 1000) * (FUNCTION_MEMORY_MB[name] / MB_PER_GB);
  return {
    lambdaRequests: work.invocations,
    lambdaGbSeconds: gbSeconds,
    sqsRequests: work.sqs + work.invocations * SELF_TRACES.share * SELF_TRACES.sqsRequests,
    sqsFifoRequests: work.sqsFifo,
    writeUnits: work.writeUnits,
    readUnits: work.readUnits,
    ...(name === 'seal-audit' ? { kmsSignatures: work.kms } : { kmsRequests: work.kms }),
    functionLogsGb: (work.logBytes + work.invocations * SYSTEM_LOG_BYTES) / BYTES_PER_GB,
    telemetryLogsGb: work.cloudWatchBytes / BYTES_PER_GB,
    transferGb: work.sentBytes / BYTES_PER_GB,
  };
}
