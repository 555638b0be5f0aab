/** What an operator may change about metrics, with the defaults that the cost figures stand on. */

import { ENV } from '@sluice/core/names';
import { type Environment, readInteger } from '@sluice/core/settings';

export interface MetricsSettings {
  /** Reducers that share a tenant's series; a change is announced through the shard plan. */
  readonly shards: number;
  /** Distance of the ticks: one snapshot a shard and tick. */
  readonly tickMs: number;
  /** A message whose id was seen so long ago or less is a repeat. */
  readonly repeatWindowMs: number;
  /** How far behind the last tick a reducer looks again for blocks that arrived late. */
  readonly rereadMs: number;
  /** A put that took longer is not trusted to be seen: less than `rereadMs` by more than clocks differ. */
  readonly maxPutMs: number;
  /** A series without news is published for so long, and its level is remembered for `forgetAfterMs`. */
  readonly publishForMs: number;
  readonly forgetAfterMs: number;
  /** Sources of a sum that may fall count while they were heard of within this time. */
  readonly upDownSourceMs: number;
  /** A process that started so long before the shard's first data, or later, is counted from its start. */
  readonly watchGraceMs: number;
  /** Per metric family and job. */
  readonly maxSeriesPerFamily: number;
  readonly maxSeriesPerShard: number;
  /** Of one item; what is larger is stored in parts. DynamoDB takes 400 KB. */
  readonly maxObjectBytes: number;
  readonly maxExemplarsPerTick: number;
  /** Names and values of one series' labels together. */
  readonly maxLabelBytes: number;
  /** Buckets of one histogram point. */
  readonly maxBuckets: number;
  /** Points dated further ahead or behind their arrival are refused. */
  readonly maxAheadMs: number;
  readonly maxBehindMs: number;
  readonly blockRetentionMs: number;
  readonly objectRetentionMs: number;
  /** Attributes that tell instances apart: left out of the identity of delta sources, whose points add up. */
  readonly instanceAttributes: readonly string[];
  /** Resource attributes that become labels of every series. */
  readonly promotedAttributes: readonly string[];
  /** `otel_scope_name`, `otel_scope_version`, `otel_scope_schema_url`, `otel_scope_<attribute>`. */
  readonly scopeLabels: boolean;
  readonly targetInfo: boolean;
  /** Unit and type suffixes of metric names. */
  readonly nameSuffixes: boolean;
  /** Names as they are sent (UTF-8, Prometheus 3) instead of `[a-zA-Z0-9_:]`. */
  readonly utf8Names: boolean;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export const DEFAULT_METRICS_SETTINGS: MetricsSettings = {
  shards: 1,
  tickMs: MINUTE_MS,
  repeatWindowMs: HOUR_MS,
  rereadMs: 3 * MINUTE_MS,
  maxPutMs: 2 * MINUTE_MS,
  publishForMs: HOUR_MS,
  forgetAfterMs: DAY_MS,
  upDownSourceMs: 5 * MINUTE_MS,
  watchGraceMs: 5 * MINUTE_MS,
  maxSeriesPerFamily: 10_000,
  maxSeriesPerShard: 200_000,
  maxObjectBytes: 350 * 1024,
  maxExemplarsPerTick: 50,
  maxLabelBytes: 16_384,
  maxBuckets: 2_000,
  maxAheadMs: 2 * DAY_MS,
  maxBehindMs: 31 * DAY_MS,
  blockRetentionMs: DAY_MS,
  objectRetentionMs: 2 * DAY_MS,
  instanceAttributes: [
    'service.instance.id',
    'process.pid',
    'process.parent_pid',
    'process.command_args',
    'process.command_line',
    'process.creation.time',
    'host.id',
    'host.name',
    'host.ip',
    'host.mac',
    'faas.instance',
    'aws.log.stream.names',
    'container.id',
    'container.name',
    'k8s.pod.uid',
    'k8s.pod.name',
    'k8s.pod.ip',
    'k8s.container.restart_count',
    'aws.ecs.task.arn',
    'aws.ecs.task.id',
    'aws.ecs.container.arn',
    'thread.id',
  ],
  promotedAttributes: ['deployment.environment.name', 'deployment.environment'],
  scopeLabels: true,
  targetInfo: true,
  nameSuffixes: true,
  utf8Names: false,
};

/** The defaults with changes; local mode ticks every 15 s. */
export function createMetricsSettings(changes: Partial<MetricsSettings> = {}): MetricsSettings {
  return { ...DEFAULT_METRICS_SETTINGS, ...changes };
}

/** The defaults with what the environment says. @throws UsageError */
export function readMetricsSettings(env: Environment): MetricsSettings {
  return createMetricsSettings({
    shards: readInteger(env, ENV.metricsShards, { fallback: 1, min: 1, max: 1024 }),
  });
}
