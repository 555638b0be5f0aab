/** The options of `sluice cost` as volumes and a stage. What is not given is 0; nothing given at all is an example. */
import { REGIONS, type Region } from '@sluice/core/cloud-prices';
import { CommandLineError } from '../command-line-error.ts';
import { EDGES, type Edge, type Stage, type Volumes } from './cost-model.ts';
import type { LogWork } from './counted-work.ts';
import { parseQuantity } from './parse-quantity.ts';
import { MAX_SPANS_PER_REQUEST } from './trace-work.ts';

export const COST_OPTIONS = {
  'spans-per-day': { type: 'string', value: 'N', help: 'e.g. 10M or 2.5G' },
  'spans-per-request': { type: 'string', value: 'N', help: 'of one export, 1 to 512 (default 100)' },
  'logs-gb-per-day': { type: 'string', value: 'N', help: 'of log records, uncompressed OTLP' },
  'log-records-per-day': { type: 'string', value: 'N', help: 'instead of the size, or with it' },
  'points-per-day': { type: 'string', value: 'N', help: 'data points that are sent' },
  series: { type: 'string', value: 'N', help: 'active series, a histogram one for each bucket' },
  'audit-events-per-day': { type: 'string', value: 'N', help: 'one in a request' },
  tenants: { type: 'string', value: 'N', help: 'that send all of it in equal parts (default 1)' },
  shards: { type: 'string', value: 'N', help: 'SLUICE_METRICS_SHARDS (default 1)' },
  edge: { type: 'string', value: 'EDGE', help: 'SLUICE_EDGE: url, http-api or cdn (default url)' },
  'log-class': { type: 'string', value: 'CLASS', help: 'of CloudWatch Logs: standard or infrequent' },
  region: { type: 'string', value: 'REGION', help: `${REGIONS.join(', ')} (default us-east-1)` },
  'free-tier': { type: 'boolean', help: 'take off what an account always has free of charge' },
  prices: { type: 'boolean', help: 'the prices, with where and when they were read' },
} as const;

type Given = Readonly<Record<keyof typeof COST_OPTIONS, string | boolean | undefined>>;

const LOG_CLASSES = ['standard', 'infrequent'] as const;
/** A shop of some twenty services. */
const EXAMPLE: Volumes = {
  spansPerDay: 10e6,
  spansPerRequest: 100,
  logBytesPerDay: 2e9,
  logRecordsPerDay: 0,
  pointsPerDay: 5e6,
  series: 5_000,
  auditEventsPerDay: 10_000,
  tenants: 1,
};
const MAX_SHARES = 1024;

/** @throws CommandLineError */
export function readVolumes(given: Given, logs: Pick<LogWork, 'records' | 'rawBytes'>): Volumes {
  const read = (name: keyof typeof COST_OPTIONS, fallback: number, range = {}): number => {
    const text = given[name];
    return typeof text === 'string' ? parseQuantity(name, text, range) : fallback;
  };
  const names = [
    'spans-per-day',
    'logs-gb-per-day',
    'log-records-per-day',
    'points-per-day',
    'series',
    'audit-events-per-day',
  ] as const;
  const usual = names.every((name) => given[name] === undefined) ? EXAMPLE : undefined;
  const bytesPerRecord = logs.rawBytes / logs.records;
  const records = read('log-records-per-day', 0);
  const bytes = read('logs-gb-per-day', (usual?.logBytesPerDay ?? records * bytesPerRecord) / 1e9) * 1e9;
  if (bytes === 0 && records > 0)
    throw new CommandLineError(
      '--logs-gb-per-day 0 does not go with --log-records-per-day: leave out one of them',
    );
  return {
    spansPerDay: read('spans-per-day', usual?.spansPerDay ?? 0),
    spansPerRequest: read('spans-per-request', 100, { min: 1, max: MAX_SPANS_PER_REQUEST }),
    logBytesPerDay: bytes,
    logRecordsPerDay: records > 0 ? records : bytes / bytesPerRecord,
    pointsPerDay: read('points-per-day', usual?.pointsPerDay ?? 0),
    series: read('series', usual?.series ?? 0),
    auditEventsPerDay: read('audit-events-per-day', usual?.auditEventsPerDay ?? 0),
    tenants: read('tenants', 1, { min: 1, max: 1e6, isWhole: true }),
  };
}

/** @throws CommandLineError */
export function readStage(given: Given): Stage {
  const choice = <T extends string>(name: keyof typeof COST_OPTIONS, choices: readonly T[]): T => {
    const text = given[name] ?? choices[0]!;
    const found = choices.find((candidate) => candidate === text);
    if (found === undefined)
      throw new CommandLineError(`--${name} ${JSON.stringify(text)} is not one of ${choices.join(', ')}`);
    return found;
  };
  const shards = given.shards;
  return {
    region: choice<Region>('region', REGIONS),
    edge: choice<Edge>('edge', EDGES),
    logClass: choice('log-class', LOG_CLASSES),
    shards:
      typeof shards === 'string'
        ? parseQuantity('shards', shards, { min: 1, max: MAX_SHARES, isWhole: true })
        : 1,
  };
}
