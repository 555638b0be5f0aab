/**
 * After a change of the number of shards a new shard begins with what the old ones knew of its series, and
 * with the ids of what they had applied. The old shards are complete by then: nothing is written to them
 * since the change, and their reducers have looked back over everything that was under way.
 */
import type { Table } from '@sluice/core/ports/table';
import { type ShardPlan, shardOf, shardsOfEpoch } from '../collect/shard-plan.ts';
import type { MetricsSettings } from '../metrics-settings.ts';
import type { ShardKey } from '../model/snapshot.ts';
import { beginGeneration, isPublished } from './generations.ts';
import { type Head, readHead } from './head.ts';
import { createObjectStore, type ObjectStore } from './object-store.ts';
import { allSeen, decodeInherited, encodeInherited, type SeenTick } from './seen-ids.ts';
import { createShardState, type FamilyState, putSeries, type SeriesState, type ShardState } from './state.ts';
import { createTickContext } from './tick-context.ts';

export interface TakeOverDeps {
  readonly table: Table;
  readonly settings: MetricsSettings;
  readonly plan: ShardPlan;
  readonly nowMs: number;
  readonly store: ObjectStore;
  /** Brings an old shard to its last object. */
  readonly finish: (old: ShardKey) => Promise<unknown>;
}

/** Undefined: an old shard is not complete yet; the next tick tries again. */
export async function takeOver(
  { tenant, shard }: ShardKey,
  { epoch, tickMs }: { readonly epoch: number; readonly tickMs: number },
  deps: TakeOverDeps,
): Promise<ShardState | undefined> {
  const { table, settings, plan, nowMs, store } = deps;
  const place = { tenant, epoch, shards: plan.epochs[epoch]!.shards };
  const state = createShardState(Number.POSITIVE_INFINITY);
  const seen = new Map<number, readonly SeenTick[]>();
  for (const old of shardsOfEpoch(plan, epoch - 1)) {
    const key = { tenant, shard: old };
    await deps.finish(key);
    const head = await readHead(table, key);
    if (head === undefined) continue;
    if (!head.isFinal || head.tickMs > tickMs) return undefined;
    const own = await readLast(key, head, deps);
    if (own === undefined) continue;
    seen.set(old, allSeen(own.seen));
    state.watchFromMs = Math.min(state.watchFromMs, own.watchFromMs);
    for (const series of own.series.values()) {
      if (shardOf(toRouted(series), place) === shard) putSeries(state, series);
    }
  }
  adoptFamilies(state);
  const context = createTickContext({ state, tickMs, previousTickMs: tickMs, settings });
  for (const series of state.series.values()) {
    series.place = undefined;
    if (isPublished(series, tickMs, settings.publishForMs)) beginGeneration(series, context);
  }
  if (seen.size > 0) {
    const bytes = encodeInherited(seen);
    const inherited = {
      name: await store.putPart(bytes, nowMs),
      byShard: decodeInherited(bytes),
      untilMs: tickMs + settings.repeatWindowMs,
    };
    state.seen = { ...state.seen, inherited };
  }
  return state;
}

function readLast(
  key: ShardKey,
  head: Head,
  { table, settings }: TakeOverDeps,
): Promise<ShardState | undefined> {
  return createObjectStore(table, key, { settings }).read(head.tickMs);
}

function toRouted({ job, family }: SeriesState) {
  return { job, family: { ...family, sourceName: family.name } };
}

/** Families that came from several shards become one. */
function adoptFamilies(state: ShardState): void {
  const merged = new Map<FamilyState, FamilyState>();
  for (const series of [...state.series.values()]) {
    const { family } = series;
    let own = merged.get(family);
    if (own === undefined) {
      const earlier = state.families.get(family.name);
      own = earlier?.kind === family.kind ? earlier : { ...family, isNew: true };
      own.horizonMs = Math.max(own.horizonMs, family.horizonMs);
      merged.set(family, own);
      state.families.set(family.name, own);
    }
    putSeries(state, { ...series, family: own });
  }
}
