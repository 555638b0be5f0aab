/**
 * What it is compared with: OpenTelemetry Collectors as gateways on Fargate behind a load balancer, sending to the same
 * destinations. Sized as Splunk's "Sizing and scaling" for its distribution says: a core takes 15,000 spans, 20,000
 * points or 10,000 log records a second, with 2 GB a core and one instance more than needed.
 */
import { DAYS_A_MONTH, SECONDS_A_DAY } from './assumptions.ts';
import type { Bill, Volumes } from './cost-model.ts';
import type { Usage } from './items.ts';

const PER_CORE = { spans: 15_000, points: 20_000, records: 10_000 };
const GB_PER_CORE = 2;
/** A day is not even: the busiest hour has so many times the mean. */
export const PEAK_FACTOR = 3;
const HOURS_A_MONTH = DAYS_A_MONTH * 24;
/** A capacity unit passes 1 GB an hour (Elastic Load Balancing pricing). */
const LCU_GB_AN_HOUR = 1;

export interface CollectorFleet {
  /** Of 1 vCPU and 2 GB each. */
  readonly tasks: number;
  readonly usage: Usage;
}

/** `bill`: of the pipeline for the same volumes, whose traffic and CloudWatch Logs a collector has as well. */
export function collectorOnFargate(volumes: Volumes, bill: Bill): CollectorFleet {
  const perSecond = (perDay: number): number => (perDay / SECONDS_A_DAY) * PEAK_FACTOR;
  const cores =
    perSecond(volumes.spansPerDay) / PER_CORE.spans +
    perSecond(volumes.pointsPerDay) / PER_CORE.points +
    perSecond(volumes.logRecordsPerDay) / PER_CORE.records;
  const tasks = Math.max(1, Math.ceil(cores)) + 1;
  const { transferGb = 0, telemetryLogsGb = 0, infrequentLogsGb = 0, storedLogsGb = 0 } = bill.total;
  const lcuHours = Math.max(HOURS_A_MONTH * 0.1, transferGb / LCU_GB_AN_HOUR);
  return {
    tasks,
    usage: {
      fargateVcpuHours: tasks * HOURS_A_MONTH,
      fargateGbHours: tasks * GB_PER_CORE * HOURS_A_MONTH,
      albHours: HOURS_A_MONTH,
      lcuHours,
      transferGb,
      telemetryLogsGb,
      infrequentLogsGb,
      storedLogsGb,
    },
  };
}
