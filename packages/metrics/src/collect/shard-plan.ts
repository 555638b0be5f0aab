/**
 * Which shard a series belongs to, and since when. The plan is data, not configuration: a change is
 * announced minutes ahead, so that all collectors change over at the same write-tick, and the reducers of
 * the new shards know when the old ones are complete and can take over their state.
 */
import type { Table } from '@sluice/core/ports/table';
import type { MetricsSettings } from '../metrics-settings.ts';
import type { SeriesIdentity } from '../model/metric-point.ts';
import { PLAN_KEY } from '../store/keys.ts';

/** From the write-tick `fromMs` on there are `shards` shards. */
export interface ShardEpoch {
  readonly fromMs: number;
  readonly shards: number;
}

export interface ShardPlan {
  /** Ascending; the first from 0 on. */
  readonly epochs: readonly ShardEpoch[];
}

/** A collector trusts what it read for so long; a change takes effect later than any of them may be behind. */
export const PLAN_TRUST_MS = 60_000;
const LEAD_MS = 5 * 60_000;
/** Shards of one epoch: the number of a shard is `epoch * MAX_SHARDS + index`. */
export const MAX_SHARDS = 1024;

export function epochAt({ epochs }: ShardPlan, writeTickMs: number): number {
  let at = 0;
  while (at + 1 < epochs.length && epochs[at + 1]!.fromMs <= writeTickMs) at += 1;
  return at;
}

export function epochOfShard(shard: number): number {
  return Math.floor(shard / MAX_SHARDS);
}

export function shardsOfEpoch({ epochs }: ShardPlan, epoch: number): readonly number[] {
  return Array.from({ length: epochs[epoch]?.shards ?? 0 }, (_, index) => epoch * MAX_SHARDS + index);
}

/** The shard of a series in an epoch: all series of one family and job go to one. */
export function shardOf(
  series: Pick<SeriesIdentity, 'job' | 'family'>,
  { epoch, shards, tenant }: { readonly epoch: number; readonly shards: number; readonly tenant: string },
): number {
  if (shards === 1) return epoch * MAX_SHARDS;
  const hash = hashText(`${tenant}\u0000${series.job}\u0000${series.family.name}`);
  return epoch * MAX_SHARDS + (hash % shards);
}

/** The plan as stored; the first reader of an empty table makes one of the settings. */
export async function readShardPlan(table: Table, settings: MetricsSettings): Promise<ShardPlan> {
  const item = await table.get(PLAN_KEY, { consistent: true });
  if (item !== undefined) return toPlan(item.epochs);
  const plan: ShardPlan = { epochs: [{ fromMs: 0, shards: checkShards(settings.shards) }] };
  const put = await table.put(toItem(plan), { condition: { kind: 'absent' } });
  return put === 'ok' ? plan : readShardPlan(table, settings);
}

/**
 * Announces the number of shards that the settings ask for, if it is another than the plan's last. Two
 * changes are at least a repeat window apart: `too-soon` until then. May be called at every tick.
 */
export async function announceShards(
  table: Table,
  settings: MetricsSettings,
  { nowMs }: { readonly nowMs: number },
): Promise<'unchanged' | 'announced' | 'too-soon'> {
  const { epochs } = await readShardPlan(table, settings);
  const last = epochs.at(-1)!;
  if (last.shards === checkShards(settings.shards)) return 'unchanged';
  if (nowMs < last.fromMs + settings.repeatWindowMs + settings.rereadMs) return 'too-soon';
  const { tickMs } = settings;
  const fromMs = Math.ceil((nowMs + LEAD_MS + tickMs) / tickMs) * tickMs;
  const plan = { epochs: [...epochs, { fromMs, shards: settings.shards }] };
  const condition = { kind: 'equals', attribute: 'version', value: epochs.length } as const;
  return (await table.put(toItem(plan), { condition })) === 'ok' ? 'announced' : 'unchanged';
}

function toItem({ epochs }: ShardPlan) {
  return {
    ...PLAN_KEY,
    version: epochs.length,
    epochs: epochs.map(({ fromMs, shards }) => ({ fromMs, shards })),
  };
}

function toPlan(stored: unknown): ShardPlan {
  if (!Array.isArray(stored)) throw new Error('the shard plan holds no list of epochs');
  return { epochs: stored.map(({ fromMs, shards }) => ({ fromMs: Number(fromMs), shards: Number(shards) })) };
}

function checkShards(shards: number): number {
  if (Number.isInteger(shards) && shards >= 1 && shards <= MAX_SHARDS) return shards;
  throw new RangeError(`${shards} shards: give a whole number from 1 to ${MAX_SHARDS}`);
}

/** FNV-1a, 32 bits. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
