/** What volumes cost a month, by what causes it: counted work times volumes, priced, and what is there anyhow. */
import type { Region } from '@sluice/core/cloud-prices';
import { DAYS_A_MONTH, POLLS_A_MONTH } from './assumptions.ts';
import { batchFill, workPerMessage } from './batch-fill.ts';
import type { Counted } from './counted-work.ts';
import {
  ALARMS,
  CONSUMERS,
  FIFO_QUEUES,
  KMS_KEYS,
  LOG_RETENTION_DAYS,
  SCHEDULES,
  STANDARD_QUEUES,
  WAF_RULES,
} from './deployment.ts';
import { addUsage, ITEM_IDS, type Usage, usdOf, withoutFree } from './items.ts';
import { traceWorkOf } from './trace-work.ts';
import { addWork, type Work } from './work.ts';
import { toUsage } from './work-usage.ts';

export const EDGES = ['url', 'http-api', 'cdn'] as const;
export type Edge = (typeof EDGES)[number];

export interface Volumes {
  readonly spansPerDay: number;
  readonly spansPerRequest: number;
  /** Uncompressed, as OTLP. */
  readonly logBytesPerDay: number;
  readonly logRecordsPerDay: number;
  readonly pointsPerDay: number;
  /** Active ones, as Prometheus and its hosts count. */
  readonly series: number;
  readonly auditEventsPerDay: number;
  readonly tenants: number;
}

export interface Stage {
  readonly region: Region;
  readonly edge: Edge;
  readonly shards: number;
  readonly logClass: 'standard' | 'infrequent';
}

export const SECTIONS = [
  'traces',
  'span metrics',
  'logs',
  'metrics',
  'series',
  'audit',
  'edge',
  'base',
] as const;
export type Section = (typeof SECTIONS)[number];

export interface Bill {
  readonly sections: Readonly<Record<Section, Usage>>;
  readonly total: Usage;
}

export function billOf(volumes: Volumes, stage: Stage, counted: Counted): Bill {
  const { spansPerDay, spansPerRequest, tenants } = volumes;
  const spread = tenants * stage.shards;
  const requests = {
    traces: spansPerDay / spansPerRequest,
    logs: volumes.logRecordsPerDay / counted.logs.records,
    metrics: volumes.pointsPerDay / counted.metrics.points,
    audit: volumes.auditEventsPerDay,
  };
  // Span metrics and points share a queue, and so their batches.
  const collecting = batchFill(requests.traces + requests.metrics, CONSUMERS['collect-metrics']);
  const sections: Record<Section, Usage> = {
    ...tracesOf(),
    logs: logsOf(),
    metrics: addUsage(
      monthly(requests.metrics, toUsage(counted.metrics.ingest, 'ingest')),
      monthly(
        requests.metrics,
        toUsage(workPerMessage(counted.metrics.collect, { fill: collecting, spread }), 'collect-metrics'),
      ),
    ),
    series: seriesOf(),
    audit: addUsage(
      monthly(requests.audit, toUsage(counted.audit.ingest, 'ingest')),
      monthly(
        requests.audit,
        toUsage(
          workPerMessage(counted.audit.record, {
            fill: batchFill(requests.audit, CONSUMERS['record-audit']),
          }),
          'record-audit',
        ),
      ),
    ),
    edge: edgeOf(Object.values(requests).reduce((sum, count) => sum + count, 0) * DAYS_A_MONTH, stage.edge),
    base: baseOf(counted),
  };

  function tracesOf(): Record<'traces' | 'span metrics', Usage> {
    const work = traceWorkOf(counted.traces, spansPerRequest);
    const fill = batchFill(requests.traces, CONSUMERS['deliver-traces']);
    const sent = workPerMessage(work.spanMetrics.send, { fill });
    const collected = workPerMessage(work.spanMetrics.collect, { fill: collecting, spread });
    return {
      traces: addUsage(
        monthly(requests.traces, toUsage(work.ingest, 'ingest')),
        monthly(
          requests.traces,
          toUsage(workPerMessage(work.deliver, { fill, spread: tenants }), 'deliver-traces'),
        ),
      ),
      'span metrics': addUsage(
        monthly(requests.traces, toUsage(sent, 'deliver-traces')),
        monthly(requests.traces, toUsage(collected, 'collect-metrics')),
      ),
    };
  }

  function logsOf(): Usage {
    const { rawBytes, records } = counted.logs;
    if (requests.logs === 0) return {};
    const size = volumes.logBytesPerDay / volumes.logRecordsPerDay / (rawBytes / records);
    const fill = batchFill(requests.logs, CONSUMERS['deliver-logs']);
    const delivered = bySize(workPerMessage(counted.logs.deliver, { fill, spread: tenants }), size);
    const { telemetryLogsGb = 0, ...rest } = addUsage(
      monthly(requests.logs, toUsage(bySize(counted.logs.ingest, size), 'ingest')),
      monthly(requests.logs, toUsage(delivered, 'deliver-logs')),
    );
    const kept = (telemetryLogsGb * LOG_RETENTION_DAYS) / DAYS_A_MONTH;
    const ingested =
      stage.logClass === 'standard' ? { telemetryLogsGb } : { infrequentLogsGb: telemetryLogsGb };
    return { ...rest, ...ingested, storedLogsGb: kept };
  }

  function seriesOf(): Usage {
    if (requests.traces + requests.metrics + volumes.series === 0) return {};
    const { tick, compact, storedBytes, firstSeries } = counted.series;
    const beyond = Math.max(0, volumes.series - spread * firstSeries);
    const of = ({ first, further }: { readonly first: Work; readonly further: Work }): Work =>
      addWork([spread, first], [beyond, further]);
    const storedGb = (spread * storedBytes.first + beyond * storedBytes.further) / 1e9;
    const order: Work = { ...of(tick), sqs: spread * counted.order.sqs };
    return addUsage(
      times(SCHEDULES.tick, toUsage(order, 'reduce-metrics')),
      times(SCHEDULES['compact-metrics'], toUsage(of(compact), 'compact-metrics')),
      { tableGb: storedGb, backupGb: storedGb },
    );
  }

  return { sections, total: addUsage(...Object.values(sections)) };
}

/** US dollars a month; what is always free is taken off the whole, if wanted. */
export function totalUsd({ total }: Bill, { region }: Stage, { freeTier = false } = {}): number {
  return usdOf(freeTier ? withoutFree(total) : total, region);
}

function edgeOf(requests: number, edge: Edge): Usage {
  if (edge === 'http-api') return { httpApiRequests: requests };
  if (edge === 'url') return {};
  return { cloudFrontRequests: requests, wafRequests: requests, wafAcls: 1, wafRules: WAF_RULES };
}

/** What runs and stands there when nobody sends. */
function baseOf({ idle, customMetrics }: Counted): Usage {
  const runs = Object.entries(SCHEDULES) as [keyof typeof SCHEDULES, number][];
  return addUsage(...runs.map(([name, count]) => times(count, toUsage(idle[name]!, name))), {
    sqsRequests: STANDARD_QUEUES * POLLS_A_MONTH,
    sqsFifoRequests: FIFO_QUEUES * POLLS_A_MONTH,
    schedulerInvocations: runs.reduce((sum, [, count]) => sum + count, 0),
    alarms: ALARMS,
    customMetrics,
    kmsKeys: KMS_KEYS,
  });
}

/** What grows with the size of a record. */
function bySize(work: Work, factor: number): Work {
  return {
    ...work,
    cpuMs: work.cpuMs * factor,
    cloudWatchBytes: work.cloudWatchBytes * factor,
    sentBytes: work.sentBytes * factor,
  };
}

function monthly(perDay: number, usage: Usage): Usage {
  return times(perDay * DAYS_A_MONTH, usage);
}

function times(factor: number, usage: Usage): Usage {
  return Object.fromEntries(ITEM_IDS.filter((id) => usage[id]).map((id) => [id, factor * (usage[id] ?? 0)]));
}
