/** What a reducing process remembers between ticks. Losing it costs reads and time, nothing else. */
import type { ShardPlan } from '../collect/shard-plan.ts';
import type { ShardKey } from '../model/snapshot.ts';
import type { SegmentCache } from './object-store.ts';
import { type BlockMemory, createBlockMemory } from './read-blocks.ts';
import type { ShardState } from './state.ts';

export interface ReduceMemory {
  readonly segments: SegmentCache;
  readonly blocks: BlockMemory;
  plan: { readonly plan: ShardPlan; readonly readAtMs: number } | undefined;
  /**
   * The state at a tick, if it is here. It is taken out: whoever takes it may change it, and puts it back
   * only once it is what the table holds.
   */
  take(shard: ShardKey, tickMs: number): ShardState | undefined;
  put(shard: ShardKey, state: ShardState): void;
}

/** Of all shards together. */
const MAX_REMEMBERED_SERIES = 200_000;

export function createReduceMemory(): ReduceMemory {
  const states = new Map<string, ShardState>();
  return {
    segments: new Map(),
    blocks: createBlockMemory(),
    plan: undefined,
    take({ tenant, shard }, tickMs) {
      const key = `${tenant}#${shard}`;
      const state = states.get(key);
      states.delete(key);
      return state?.tickMs === tickMs ? state : undefined;
    },
    put({ tenant, shard }, state) {
      states.set(`${tenant}#${shard}`, state);
      let series = 0;
      for (const own of states.values()) series += own.series.size;
      for (const [key, own] of states) {
        if (series <= MAX_REMEMBERED_SERIES) return;
        states.delete(key);
        series -= own.series.size;
      }
    },
  };
}
