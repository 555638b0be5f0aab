import { priceOrUsEast } from '@sluice/core/cloud-prices';
import { describe, expect, test } from 'vitest';
import { NO_VOLUMES, PLAIN_STAGE } from '../testing/cost-volumes.ts';
import { batchFill, workPerMessage } from './batch-fill.ts';
import { collectorOnFargate } from './collector-on-fargate.ts';
import { billOf, type Stage, totalUsd, type Volumes } from './cost-model.ts';
import { perMillionSpans, reportCost, scaleVolumes } from './cost-report.ts';
import { COUNTED } from './counted-work.ts';
import { downstreamOf } from './downstream.ts';
import { ITEM_IDS, usdOf, withoutFree } from './items.ts';
import { traceWorkOf } from './trace-work.ts';
import { addWork, NO_WORK, toBatchWork, WORK_UNITS, type Work } from './work.ts';
import { billedMs, toUsage } from './work-usage.ts';

const SPANS: Volumes = { ...NO_VOLUMES, spansPerDay: 100e6 };
const ALL: Volumes = {
  ...SPANS,
  logBytesPerDay: 2e9,
  logRecordsPerDay: 5e6,
  pointsPerDay: 5e6,
  series: 5000,
  auditEventsPerDay: 10_000,
};
const usd = (volumes: Volumes, stage: Stage = PLAIN_STAGE): number =>
  totalUsd(billOf(volumes, stage, COUNTED), stage);
const section = (
  volumes: Volumes,
  name: 'traces' | 'logs' | 'series' | 'edge' | 'base',
  stage = PLAIN_STAGE,
): number => usdOf(billOf(volumes, stage, COUNTED).sections[name], stage.region);
const work = (own: Partial<Work>): Work => ({ ...NO_WORK, ...own });

describe('work', () => {
  test('of batches lies on the line through one message and a full batch, and never falls', () => {
    const batch = toBatchWork(work({ sqs: 2, cpuMs: 5 }), work({ sqs: 20, cpuMs: 1 }), 10);
    expect([batch.further.sqs, batch.further.cpuMs]).toEqual([2, 0]);
    expect(workPerMessage(batch, { fill: 10 }).sqs).toBeCloseTo(2);
    expect(workPerMessage(batch, { fill: 1 }).cpuMs).toBe(5);
  });

  test('that is done for each tenant is spread over them, the rest is shared', () => {
    const batch = toBatchWork(work({ sqs: 2, writeUnits: 10 }), work({ sqs: 2, writeUnits: 10 }), 10);
    const spread = workPerMessage(batch, { fill: 10, spread: 5 });
    expect([spread.sqs, spread.writeUnits]).toEqual([0.2, 5]);
    expect(workPerMessage(batch, { fill: 10, spread: 50 }).writeUnits).toBe(10);
  });

  test('of posts between counted ones lies between theirs, and counted ones are as they were counted', () => {
    const hundred = COUNTED.traces[100]!;
    expect(traceWorkOf(COUNTED.traces, 100).deliver.further.sentBytes).toBeCloseTo(
      hundred.deliver.further.sentBytes,
    );
    expect(traceWorkOf(COUNTED.traces, 20).rawBytes).toBeCloseTo(COUNTED.traces[20]!.rawBytes);
    const between = traceWorkOf(COUNTED.traces, 300).rawBytes;
    expect(between).toBeGreaterThan(hundred.rawBytes);
    expect(between).toBeLessThan(COUNTED.traces[512]!.rawBytes);
    const one = traceWorkOf(COUNTED.traces, 1);
    expect(WORK_UNITS.filter((unit) => one.ingest[unit] < 0)).toEqual([]);
    expect(one.rawBytes).toBeLessThan(COUNTED.traces[20]!.rawBytes);
  });

  test('takes a share of a vCPU, and waits', () => {
    const busy = billedMs(work({ cpuMs: 10 }), 'ingest');
    expect(billedMs(work({ cpuMs: 10 }), 'collect-metrics')).toBeCloseTo(busy / 2);
    expect(billedMs(work({ cpuMs: 10, pushes: 2 }), 'ingest')).toBeCloseTo(busy + 300);
    expect(toUsage(work({ kms: 3 }), 'seal-audit')).toMatchObject({ kmsSignatures: 3 });
    expect(toUsage(work({ kms: 3 }), 'record-audit')).toMatchObject({ kmsRequests: 3 });
  });
});

test('batches fill with the stream, up to their size', () => {
  const consumer = { batchSize: 50, windowSeconds: 1 };
  expect(batchFill(0, consumer)).toBe(1);
  expect(batchFill(86_400 * 9, consumer)).toBe(10);
  expect(batchFill(86_400 * 900, consumer)).toBe(50);
});

describe('a bill', () => {
  test('without volumes is what stands there anyhow', () => {
    expect(usd(NO_VOLUMES)).toBeCloseTo(section(NO_VOLUMES, 'base'));
    expect(usd(NO_VOLUMES)).toBeGreaterThan(5);
    expect(usd(NO_VOLUMES)).toBeLessThan(20);
  });

  test('is the sum of its sections, and each grows with its own volume alone', () => {
    const { sections, total } = billOf(ALL, PLAIN_STAGE, COUNTED);
    const sum = Object.values(sections).reduce((all, own) => all + usdOf(own, 'us-east-1'), 0);
    expect(usdOf(total, 'us-east-1')).toBeCloseTo(sum);
    const more = billOf(
      { ...ALL, logBytesPerDay: 4e9, logRecordsPerDay: 10e6 },
      PLAIN_STAGE,
      COUNTED,
    ).sections;
    expect(usdOf(more.logs, 'us-east-1')).toBeGreaterThan(1.5 * usdOf(sections.logs, 'us-east-1'));
    expect(more.traces).toEqual(sections.traces);
    expect(more.series).toEqual(sections.series);
  });

  test.each([
    'spansPerDay',
    'logBytesPerDay',
    'pointsPerDay',
    'series',
    'auditEventsPerDay',
    'tenants',
  ] as const)('never falls with more %s', (name) => {
    const volumes = { ...ALL, tenants: 3 };
    expect(usd({ ...volumes, [name]: volumes[name] * 3 })).toBeGreaterThan(usd(volumes));
  });

  test('falls with larger requests, and per span with more of them', () => {
    expect(usd({ ...SPANS, spansPerRequest: 512 })).toBeLessThan(usd(SPANS));
    expect(usd({ ...SPANS, spansPerRequest: 20 })).toBeGreaterThan(usd(SPANS));
    const perMillion = (volumes: Volumes) => perMillionSpans(volumes, PLAIN_STAGE, COUNTED)!;
    expect(perMillion(scaleVolumes(SPANS, 10))).toBeLessThan(perMillion(SPANS));
    expect(perMillionSpans(NO_VOLUMES, PLAIN_STAGE, COUNTED)).toBeUndefined();
  });

  test('has a price for each way in', () => {
    const requests = 1e6 * (730 / 24);
    expect(section(SPANS, 'edge')).toBe(0);
    expect(section(SPANS, 'edge', { ...PLAIN_STAGE, edge: 'http-api' })).toBeCloseTo(requests * 1e-6);
    expect(section(SPANS, 'edge', { ...PLAIN_STAGE, edge: 'cdn' })).toBeCloseTo(requests * 1.6e-6 + 7);
  });

  test('halves what CloudWatch Logs asks for in the infrequent class', () => {
    const infrequent: Stage = { ...PLAIN_STAGE, logClass: 'infrequent' };
    const { sections } = billOf(ALL, infrequent, COUNTED);
    expect(sections.logs.telemetryLogsGb).toBeUndefined();
    expect(usd(ALL) - usd(ALL, infrequent)).toBeCloseTo(
      (sections.logs.infrequentLogsGb ?? 0) * (priceOrUsEast('logsIngestGb', 'us-east-1') / 2),
    );
  });

  test('of more tenants and shards has more ticks', () => {
    expect(section(ALL, 'series', { ...PLAIN_STAGE, shards: 4 })).toBeGreaterThan(section(ALL, 'series'));
    expect(section({ ...ALL, tenants: 10 }, 'series')).toBeGreaterThan(section(ALL, 'series'));
  });

  test('is lower by at most what is always free', () => {
    const bill = billOf(ALL, PLAIN_STAGE, COUNTED);
    const left = withoutFree(bill.total);
    expect(ITEM_IDS.filter((id) => (left[id] ?? 0) < 0 || (left[id] ?? 0) > (bill.total[id] ?? 0))).toEqual(
      [],
    );
    expect(left.alarms).toBe(23);
    expect((bill.total.sqsRequests ?? 0) - (left.sqsRequests ?? 0)).toBeCloseTo(1e6);
    expect(totalUsd(bill, PLAIN_STAGE, { freeTier: true })).toBeLessThan(totalUsd(bill, PLAIN_STAGE));
  });
});

describe('beside it', () => {
  test('collectors are two at least, and one more than the peak needs', () => {
    const tasks = (spansPerDay: number): number => {
      const volumes = { ...SPANS, spansPerDay };
      return collectorOnFargate(volumes, billOf(volumes, PLAIN_STAGE, COUNTED)).tasks;
    };
    expect([tasks(1e6), tasks(15_000 * 86_400)]).toEqual([2, 4]);
  });

  test('there is a break-even, below which the pipeline is cheaper', () => {
    const { breakEven, scale } = reportCost(SPANS, PLAIN_STAGE, { counted: COUNTED });
    expect(breakEven).toBeGreaterThan(0);
    for (const { factor, usd: own, collectorUsd } of scale)
      expect(own > collectorUsd).toBe(factor > breakEven!);
  });

  test('destinations ask for what goes beyond their plan', () => {
    const { traceGb, usd: asked } = downstreamOf({ ...SPANS, series: 30_000 }, COUNTED);
    expect(traceGb).toBeCloseTo((100e6 * (COUNTED.traces[100]!.rawBytes / 100) * (730 / 24)) / 1e9);
    expect(asked.traces).toBeCloseTo((traceGb - 50) * 0.55);
    expect([asked.series, asked.logs]).toEqual([130, 0]);
  });

  test('sums of work are sums of every unit', () => {
    const one = Object.fromEntries(WORK_UNITS.map((unit, i) => [unit, i])) as unknown as Work;
    expect(addWork([2, one], [1, one])).toEqual(
      Object.fromEntries(WORK_UNITS.map((unit, i) => [unit, 3 * i])),
    );
  });
});
