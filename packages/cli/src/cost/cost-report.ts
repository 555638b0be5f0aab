/** Everything that is told about volumes: what they cost, per million spans, compared, at other volumes, and beyond. */

import { DAYS_A_MONTH } from './assumptions.ts';
import { type CollectorFleet, collectorOnFargate } from './collector-on-fargate.ts';
import { type Bill, billOf, type Stage, totalUsd, type Volumes } from './cost-model.ts';
import type { Counted } from './counted-work.ts';
import { type Downstream, downstreamOf } from './downstream.ts';
import { type Usage, usdOf, withoutFree } from './items.ts';

export interface ScalePoint {
  /** Of the volumes asked for. */
  readonly factor: number;
  readonly usd: number;
  readonly collectorUsd: number;
}

export interface CostReport {
  readonly volumes: Volumes;
  readonly stage: Stage;
  readonly freeTier: boolean;
  readonly bill: Bill;
  readonly usd: number;
  /** Traces, their metrics and the way in, without what is there anyhow; undefined without spans. */
  readonly usdPerMillionSpans: number | undefined;
  readonly collector: CollectorFleet;
  readonly collectorUsd: number;
  readonly downstream: Downstream;
  readonly scale: readonly ScalePoint[];
  /** Factor of the volumes from which on collectors are cheaper; undefined within a thousand times. */
  readonly breakEven: number | undefined;
}

const FACTORS = [0.01, 0.1, 1, 10, 100];
const MAX_FACTOR = 1000;
const BISECTIONS = 40;

export function reportCost(
  volumes: Volumes,
  stage: Stage,
  { counted, freeTier = false }: { readonly counted: Counted; readonly freeTier?: boolean },
): CostReport {
  const priced = (usage: Usage): number => usdOf(freeTier ? withoutFree(usage) : usage, stage.region);
  const at = (factor: number): ScalePoint => {
    const scaled = scaleVolumes(volumes, factor);
    const bill = billOf(scaled, stage, counted);
    return {
      factor,
      usd: totalUsd(bill, stage, { freeTier }),
      collectorUsd: priced(collectorOnFargate(scaled, bill).usage),
    };
  };
  const bill = billOf(volumes, stage, counted);
  const collector = collectorOnFargate(volumes, bill);
  return {
    volumes,
    stage,
    freeTier,
    bill,
    usd: totalUsd(bill, stage, { freeTier }),
    usdPerMillionSpans: perMillionSpans(volumes, stage, counted),
    collector,
    collectorUsd: priced(collector.usage),
    downstream: downstreamOf(volumes, counted),
    scale: FACTORS.map(at),
    breakEven: findBreakEven(at),
  };
}

/** Of spans alone, before the free tier and what is there anyhow. */
export function perMillionSpans(volumes: Volumes, stage: Stage, counted: Counted): number | undefined {
  const millions = (volumes.spansPerDay * DAYS_A_MONTH) / 1e6;
  if (millions === 0) return undefined;
  const alone = { ...volumes, logBytesPerDay: 0, logRecordsPerDay: 0, auditEventsPerDay: 0 };
  const { sections } = billOf({ ...alone, pointsPerDay: 0 }, { ...stage, edge: 'url' }, counted);
  const { traces, 'span metrics': spanMetrics } = sections;
  return (usdOf(traces, stage.region) + usdOf(spanMetrics, stage.region)) / millions;
}

export function scaleVolumes(volumes: Volumes, factor: number): Volumes {
  return {
    ...volumes,
    spansPerDay: volumes.spansPerDay * factor,
    logBytesPerDay: volumes.logBytesPerDay * factor,
    logRecordsPerDay: volumes.logRecordsPerDay * factor,
    pointsPerDay: volumes.pointsPerDay * factor,
    series: volumes.series * factor,
    auditEventsPerDay: volumes.auditEventsPerDay * factor,
  };
}

function findBreakEven(at: (factor: number) => ScalePoint): number | undefined {
  const isDearer = (factor: number): boolean => {
    const { usd, collectorUsd } = at(factor);
    return usd > collectorUsd;
  };
  let [low, high] = [0.001, MAX_FACTOR];
  if (isDearer(low) || !isDearer(high)) return undefined;
  for (let round = 0; round < BISECTIONS; round++) {
    const middle = Math.sqrt(low * high);
    if (isDearer(middle)) high = middle;
    else low = middle;
  }
  return high;
}
