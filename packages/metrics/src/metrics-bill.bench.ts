/**
 * What metrics cost on DynamoDB, from counted calls over a whole hour after a first one: blocks, objects and
 * heads, and all tiers of rollups. Series are active series as Prometheus and its hosts count them: a histogram
 * is one a bucket, a sum and a count. Prices are those of us-east-1.
 */
import { priceOrUsEast } from '@sluice/core/cloud-prices';
import type { Bench, Figure } from '@sluice/core/testing/bench';
import { createLoad, type LoadScene } from './testing/load-messages.ts';
import { createLoadPipeline, type LoadPart } from './testing/load-pipeline.ts';

const DOLLARS_A_WRITE_UNIT = priceOrUsEast('dynamoWriteUnit', 'us-east-1');
const DOLLARS_A_READ_UNIT = priceOrUsEast('dynamoReadUnit', 'us-east-1');
const TICKS_A_MONTH = 43_800;
const COMPACT_EVERY_TICKS = 10;
const HOUR_TICKS = 60;
/**
 * A month of one busy shard with next to nothing in it: a block, an object and a head a minute (4 write units),
 * looking for more (3 read units), and six compactions an hour.
 */
const BASE_DOLLARS = 0.2;
const PARTS: readonly LoadPart[] = ['collect', 'reduce', 'compact'];

interface Bill {
  readonly series: number;
  readonly millionPointsAMonth: number;
  /** Dollars a month. */
  readonly parts: Readonly<Record<LoadPart, number>>;
}

export const bench: Bench = {
  name: 'metrics: the bill of DynamoDB',
  async run() {
    const figures: Figure[] = [];
    let compactPerSeries = 0;
    for (const temporality of ['delta', 'cumulative'] as const) {
      for (const sources of [1, 10, 1000]) {
        for (const points of [80, 320]) {
          const scene = { sources, points, temporality };
          const bill =
            sources < 1000
              ? await countBill(scene, { warmTicks: HOUR_TICKS + 2, ticks: HOUR_TICKS })
              : withCompaction(await countBill(scene, { warmTicks: 3, ticks: 2 }), compactPerSeries);
          if (sources === 10 && points === 320) {
            compactPerSeries = Math.max(compactPerSeries, bill.parts.compact / bill.series);
          }
          figures.push(...toFigures(scene, bill));
        }
      }
    }
    const oneShot = { sources: 3000, points: 8, temporality: 'delta', isOneShot: true } as const;
    const bill = withCompaction(await countBill(oneShot, { warmTicks: 4, ticks: 3 }), compactPerSeries);
    figures.push({
      name: '50 one-shot processes a second, 8 points each: all',
      value: total(bill),
      unit: '$ a month',
      limit: { kind: 'at most', value: 60 },
    });
    return figures;
  },
};

function toFigures({ sources, points, temporality }: LoadScene, bill: Bill): readonly Figure[] {
  const { parts, series, millionPointsAMonth } = bill;
  const name = `${sources} ${temporality} sources, posts of ${points}`;
  return [
    {
      name: `${name}: blocks`,
      value: parts.collect / millionPointsAMonth,
      unit: '$ per million points',
      limit: { kind: 'at most', value: 0.01 },
    },
    {
      name: `${name}: objects and all tiers (${series} series)`,
      value: parts.reduce + parts.compact,
      unit: '$ a month',
      limit: { kind: 'at most', value: BASE_DOLLARS + (5 * series) / 10_000 },
    },
  ];
}

async function countBill(
  scene: LoadScene,
  { warmTicks, ticks }: { readonly warmTicks: number; readonly ticks: number },
): Promise<Bill> {
  const load = createLoad(scene);
  const pipeline = createLoadPipeline();
  const dollars = (part: LoadPart): number => {
    const { writeUnits, readUnits } = pipeline.counts(part);
    return writeUnits * DOLLARS_A_WRITE_UNIT + readUnits * DOLLARS_A_READ_UNIT;
  };
  let before = PARTS.map(dollars);
  let series = 0;
  for (let tick = 1; tick <= warmTicks + ticks; tick++) {
    series = await pipeline.play(await load(tick), tick);
    if (ticks >= HOUR_TICKS && tick % COMPACT_EVERY_TICKS === 1) await pipeline.compact();
    if (tick === warmTicks) before = PARTS.map(dollars);
  }
  const [collect, reduce, compact] = PARTS.map(
    (part, at) => ((dollars(part) - before[at]!) / ticks) * TICKS_A_MONTH,
  );
  return {
    series,
    millionPointsAMonth: (scene.sources * scene.points * TICKS_A_MONTH) / 1e6,
    parts: { collect: collect!, reduce: reduce!, compact: compact! },
  };
}

/** An hour of so much takes too long to play: its compaction goes by series, at the most that ten sources cost. */
function withCompaction(bill: Bill, compactPerSeries: number): Bill {
  return { ...bill, parts: { ...bill.parts, compact: compactPerSeries * bill.series } };
}

function total({ parts }: Bill): number {
  return parts.collect + parts.reduce + parts.compact;
}
