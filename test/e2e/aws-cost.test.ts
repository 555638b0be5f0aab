/**
 * What the pipeline costs rests on counted work: this counts it anew over the bundled functions and compares it with
 * what `npx sluice cost` reckons with. `SLUICE_COUNT_COST=write npm run test:e2e -- aws-cost` writes it down instead.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SELF_TRACES } from '@sluice/cli/cost/assumptions';
import type { Volumes } from '@sluice/cli/cost/cost-model';
import { perMillionSpans } from '@sluice/cli/cost/cost-report';
import type { Counted } from '@sluice/cli/cost/counted-work';
import {
  ALARMS,
  CONSUMERS,
  FIFO_QUEUES,
  FUNCTION_MEMORY_MB,
  KMS_KEYS,
  LOG_RETENTION_DAYS,
  SCHEDULES,
  STANDARD_QUEUES,
} from '@sluice/cli/cost/deployment';
import { NO_VOLUMES, PLAIN_STAGE } from '@sluice/cli/testing/cost-volumes';
import { makeTraceRequest } from '@sluice/otlp/testing/requests';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../aws/bundle-door.ts';
import { deployed } from '../aws/cloud.ts';
import { type CostRig, startCostRig } from '../aws/count-cost.ts';
import { countAll } from '../aws/count-signals.ts';
import { postOtlp } from './pipeline-client.ts';

const FILE = join(ROOT, 'packages/cli/src/cost/counted.json');
/** Bytes differ by the time of day in them, and calls by where a minute ends. */
const TOLERANCE = { share: 0.1, units: 0.6 };
/** Times are of the machine and of what else it does: only another order of magnitude is a finding. */
const TIME_FACTOR = 8;

let rig: CostRig;
let counted: Counted;
/** What `npx sluice cost` reckons with. */
const readKept = (): Counted => JSON.parse(readFileSync(FILE, 'utf8'));
beforeAll(async () => {
  rig = await startCostRig();
  counted = await countAll(rig);
  if (process.env.SLUICE_COUNT_COST === 'write')
    writeFileSync(FILE, `${JSON.stringify(counted, (_key, value) => round(value), 2)}\n`);
}, 240_000);
afterAll(() => rig.close());

test('what costs are reckoned with is what is counted', () => {
  const fresh = leavesOf(counted);
  const known = leavesOf(readKept());
  expect([...fresh.keys()]).toEqual([...known.keys()]);
  const off = [...fresh].filter(([path, value]) => !isNear(path, value, known.get(path)!));
  expect(off.map(([path, value]) => `${path}: counted ${value}, kept ${known.get(path)}`)).toEqual([]);
});

test('a message of a post fits into one piece that SQS bills, and bodies are sent on once', () => {
  for (const { ingest, deliver, rawBytes } of Object.values(counted.traces)) {
    expect([ingest.sqs, ingest.writeUnits, ingest.tableCalls]).toEqual([1, 0, 0]);
    expect(deliver.further.sentBytes).toBeLessThan(rawBytes / 3);
  }
});

test('a daily quota of a key takes a write unit a request', async () => {
  const { cloud } = rig;
  const posts = 4;
  const { work } = await rig.measure('ingest', async () => {
    for (let i = 0; i < posts; i++) {
      const bytes = makeTraceRequest({ spans: 1, seed: 9000 + i, nowMs: Date.now() });
      const key = { authorization: `Bearer ${cloud.secret}` };
      expect(await postOtlp(cloud.ingestUrl, 'traces', bytes, key)).toBe(200);
    }
  });
  expect(work.writeUnits / posts).toBeGreaterThanOrEqual(1);
  expect(work.writeUnits / posts).toBeLessThan(2);
});

/** So many that batches are full. */
const STREAM: Volumes = { ...NO_VOLUMES, spansPerDay: 1e9 };

test.each([
  [100, 0.03],
  [512, 0.02],
])(
  'a million spans in posts of %d cost at most %d dollars, with their metrics, logs and traffic',
  (spans, most) => {
    const volumes = { ...STREAM, spansPerRequest: spans };
    expect(perMillionSpans(volumes, PLAIN_STAGE, readKept())).toBeLessThanOrEqual(most);
    expect(perMillionSpans(volumes, PLAIN_STAGE, withTimesOf(counted, readKept()))).toBeLessThanOrEqual(most);
  },
);

test('functions, queues and alarms that costs are reckoned with are those that are deployed', () => {
  const nameOf = (text: unknown): string => String(text).split('sluice-production-').at(-1)!;
  const functions = deployed('aws:lambda/function').map(({ inputs }) => [
    nameOf(inputs.name),
    inputs.memorySize,
  ]);
  expect(Object.fromEntries(functions)).toMatchObject(FUNCTION_MEMORY_MB);
  const ratios = deployed('aws:lambda/function').map(({ inputs }) =>
    Number(
      (inputs.environment as { readonly variables: Readonly<Record<string, string>> }).variables
        .SLUICE_SELF_TRACES_RATIO,
    ),
  );
  expect(new Set(ratios)).toEqual(new Set([SELF_TRACES.share]));
  const mappings = deployed('aws:lambda/eventSourceMapping').map(({ inputs }) => [
    nameOf(inputs.functionName),
    { batchSize: inputs.batchSize, windowSeconds: inputs.maximumBatchingWindowInSeconds },
  ]);
  expect(Object.fromEntries(mappings)).toMatchObject(CONSUMERS);
  expect(mappings).toHaveLength(STANDARD_QUEUES + FIFO_QUEUES);
  const runs = { 'rate(1 minute)': 43_800, 'rate(10 minutes)': 4_380, 'rate(1 hour)': 730 };
  const schedules = deployed('aws:scheduler/schedule').map(({ inputs }) => [
    nameOf(inputs.name),
    runs[inputs.scheduleExpression as keyof typeof runs],
  ]);
  expect(Object.fromEntries(schedules)).toEqual(SCHEDULES);
  expect(deployed('aws:cloudwatch/metricAlarm')).toHaveLength(ALARMS);
  expect(deployed('aws:kms/key')).toHaveLength(KMS_KEYS);
  const app = deployed('aws:cloudwatch/logGroup').find(({ name }) => name === 'Logs-app');
  expect(app?.inputs.retentionInDays).toBe(LOG_RETENTION_DAYS);
});

type Leaves = ReadonlyMap<string, number>;

/** Numbers by their paths. */
function leavesOf(value: unknown, path = ''): Leaves {
  if (typeof value === 'number') return new Map([[path, value]]);
  return new Map(
    Object.entries(value as object).flatMap(([name, own]) => [...leavesOf(own, `${path}.${name}`)]),
  );
}

function isNear(path: string, value: number, known: number): boolean {
  const [low, high] = value < known ? [value, known] : [known, value];
  // Of one series more it is next to nothing, and noise may be larger than it.
  if (path.endsWith('.cpuMs')) return high < 0.5 || high <= TIME_FACTOR * low;
  return high - low <= Math.max(TOLERANCE.units, TOLERANCE.share * high);
}

/** `counted` with the times of another run. */
function withTimesOf<T>(fresh: T, other: T): T {
  if (typeof fresh !== 'object' || fresh === null) return fresh;
  const names = Object.keys(fresh) as (keyof T)[];
  return Object.fromEntries(
    names.map((name) => [name, name === 'cpuMs' ? other[name] : withTimesOf(fresh[name], other[name])]),
  ) as T;
}

/** Five digits that count. */
function round(value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value;
}
