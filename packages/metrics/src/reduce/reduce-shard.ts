/**
 * One tick of one shard: the last object and the blocks since become the next object, and the head is
 * flipped to it. Reducers may overlap, come late or twice, and die anywhere: an object is put only if there
 * is none, the head moves only from the tick that the object continues, and what exists is adopted.
 */
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';
import { DamagedBytes } from '../codec/byte-reader.ts';
import { noteActiveShard } from '../collect/active-shards.ts';
import type { Section } from '../collect/block.ts';
import {
  epochOfShard,
  PLAN_TRUST_MS,
  readShardPlan,
  type ShardPlan,
  shardOf,
  shardsOfEpoch,
} from '../collect/shard-plan.ts';
import type { MetricsSettings } from '../metrics-settings.ts';
import type { ShardKey, Snapshot } from '../model/snapshot.ts';
import { applyPoints } from './apply-points.ts';
import { forgetSilent } from './forget.ts';
import { isPublished } from './generations.ts';
import { extendChain, flipHead, type Head, listHeads, readHead } from './head.ts';
import { createObjectStore, type ObjectStore } from './object-store.ts';
import { type NewSections, readNewSections } from './read-blocks.ts';
import { createReduceMemory, type ReduceMemory } from './reduce-memory.ts';
import { addSeen, isSeen } from './seen-ids.ts';
import type { Arrival } from './sources.ts';
import { createShardState, type ShardState } from './state.ts';
import { storeParts } from './store-parts.ts';
import { takeOver } from './take-over.ts';
import { createTickContext, type TickContext } from './tick-context.ts';
import { toSnapshot } from './to-snapshot.ts';

export interface ReduceDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly settings: MetricsSettings;
  /** Kept by one process over its ticks: saves reading and decoding, nothing depends on it. */
  readonly memory?: ReduceMemory;
}

export type ReduceResult =
  /** `written` by this call; `adopted`: it was there, or another reducer was first. */
  | { readonly status: 'written' | 'adopted'; readonly snapshot: Snapshot; readonly points: number }
  /** Nothing to publish and nothing new: no object was written. */
  | { readonly status: 'unchanged'; readonly reason: IdleReason };

export type IdleReason =
  | 'no-data'
  /** The head is past this tick, and this tick is not part of the chain. */
  | 'superseded'
  /** An object of this tick that lost a race is in the way: the next tick catches up. */
  | 'blocked'
  /** The tick is in the future. */
  | 'early'
  /** The shard is new, and those before it are not complete. */
  | 'waiting'
  /** The shard has handed its series over. */
  | 'retired';

/** Clocks of schedulers and functions differ by less. */
const MAX_CLOCK_LEAD_MS = 5_000;

interface Job extends ShardKey {
  readonly tickMs: number;
}

/** @throws what the table throws: then nothing is lost, and the next call carries on. */
export async function reduceShard(job: Job, deps: ReduceDeps): Promise<ReduceResult> {
  const memory = deps.memory ?? createReduceMemory();
  const { table, clock, settings } = deps;
  const { tickMs } = job;
  const nowMs = clock.nowMs();
  if (tickMs > nowMs + MAX_CLOCK_LEAD_MS) return idle('early');
  const store = createObjectStore(table, job, { settings, segments: memory.segments });
  const head = await readHead(table, job);
  if (head !== undefined && head.tickMs >= tickMs) return adoptOld(job, head, { store, settings });
  if (head?.isFinal === true) return idle('retired');
  const plan = await currentPlan(nowMs, { ...deps, memory });
  const epoch = epochOfShard(job.shard);
  const isFinal =
    plan.epochs[epoch + 1] !== undefined && tickMs >= plan.epochs[epoch + 1]!.fromMs + settings.rereadMs;
  const before = await loadState(job, head, { ...deps, memory, store, plan, nowMs });
  if (before === undefined) return idle('waiting');
  const scope: Scope = { job, head, plan, isFinal, store, memory, nowMs, table, settings };
  return makeTick(before, scope);
}

interface Scope {
  readonly job: Job;
  readonly head: Head | undefined;
  readonly plan: ShardPlan;
  readonly isFinal: boolean;
  readonly store: ObjectStore;
  readonly memory: ReduceMemory;
  readonly nowMs: number;
  readonly table: Table;
  readonly settings: MetricsSettings;
}

interface Loaded {
  readonly state: ShardState;
  /** Why the state before could not be read. */
  readonly lost?: string;
  readonly isTakenOver?: boolean;
}

async function makeTick({ state, lost, isTakenOver = false }: Loaded, scope: Scope): Promise<ReduceResult> {
  const { job, head, settings, table, nowMs } = scope;
  const { tickMs } = job;
  const previousTickMs = head?.tickMs ?? 0;
  const news = await readNewSections(table, job, {
    // Without the ids of what was applied, looking back would count it again.
    fromMs: lost === undefined ? previousTickMs - settings.rereadMs : previousTickMs + 1,
    untilMs: tickMs,
    isWanted: (id) => !isSeen(state.seen, id),
    nowMs,
    known: scope.memory.blocks,
  });
  const hasNews = news.sections.length > 0 || lost !== undefined || (isTakenOver && state.series.size > 0);
  if (!hasNews && !isAnyPublished(state, previousTickMs, settings)) {
    if (scope.isFinal && head !== undefined) await finish(scope, head);
    else scope.memory.put(job, state);
    return idle(scope.isFinal ? 'retired' : 'no-data');
  }
  const context = createTickContext({ state, tickMs, previousTickMs, settings });
  if (lost !== undefined) context.warnings.add('state-lost', lost);
  const points = await advance(news, context, scope);
  return publish(state, points, scope);
}

/** Applies what is new and makes the state that of the tick. Answers the number of points. */
async function advance(news: NewSections, context: TickContext, scope: Scope): Promise<number> {
  const { state, tickMs, previousTickMs, settings, warnings } = context;
  for (const name of news.damaged) warnings.add('damaged-block', name);
  if (!Number.isFinite(state.watchFromMs)) state.watchFromMs = await watchStart(news.sections, scope);
  const arrivals: Arrival[] = [];
  for (const section of news.sections) {
    const { receivedAtMs } = section;
    for (const point of notInherited(section, state, scope)) arrivals.push({ point, receivedAtMs });
  }
  applyPoints(arrivals, context);
  forgetSilent(context);
  state.tickMs = tickMs;
  state.previousTickMs = previousTickMs;
  const ids = new Set(news.sections.map(({ id }) => id));
  state.seen = addSeen(state.seen, { tickMs, ids }, settings.repeatWindowMs);
  state.warnings = warnings.list();
  await storeParts(state, scope.store, scope);
  return arrivals.length;
}

/** Puts the object and flips the head; another reducer's object of this tick is as good. */
async function publish(state: ShardState, points: number, scope: Scope): Promise<ReduceResult> {
  const { job, head, store, settings, memory, nowMs } = scope;
  let current = state;
  let status: 'written' | 'adopted' = 'written';
  if ((await store.put(state, nowMs)) === 'conflict') {
    const existing = await store.read(job.tickMs);
    if (existing === undefined || existing.previousTickMs !== (head?.tickMs ?? 0)) return idle('blocked');
    current = existing;
    status = 'adopted';
  }
  if (scope.isFinal) await noteNextEpoch(scope);
  const next: Head = {
    tickMs: job.tickMs,
    chain: extendChain(head?.chain ?? [], job.tickMs, settings.objectRetentionMs),
    isFinal: scope.isFinal,
    watchFromMs: current.watchFromMs,
  };
  if ((await flipHead(scope.table, { shard: job, head: next, before: head })) === 'conflict') {
    const winner = await readHead(scope.table, job);
    if (winner === undefined || !winner.chain.includes(job.tickMs)) return idle('superseded');
    return adoptOld(job, winner, scope);
  }
  memory.put(job, current);
  return { status, snapshot: toSnapshot(current, job, settings), points };
}

/** The object of a tick that the head has reached or passed. */
async function adoptOld(
  job: Job,
  head: Head,
  { store, settings }: Pick<Scope, 'store' | 'settings'>,
): Promise<ReduceResult> {
  if (!head.chain.includes(job.tickMs)) return idle('superseded');
  const state = await store.read(job.tickMs);
  if (state === undefined) return idle('superseded');
  return { status: 'adopted', snapshot: toSnapshot(state, job, settings), points: 0 };
}

/** The state at the head; for a shard without one, that of the shards before it, or an empty one. */
async function loadState(
  job: Job,
  head: Head | undefined,
  deps: ReduceDeps & Pick<Scope, 'memory' | 'store' | 'plan' | 'nowMs'>,
): Promise<Loaded | undefined> {
  const { memory, store, plan, settings } = deps;
  const epoch = epochOfShard(job.shard);
  if (head === undefined && epoch > 0) {
    const own = plan.epochs[epoch];
    if (own === undefined || job.tickMs < own.fromMs + settings.rereadMs) return undefined;
    const finish = (old: ShardKey): Promise<unknown> => reduceShard({ ...old, tickMs: job.tickMs }, deps);
    const state = await takeOver(job, { epoch, tickMs: job.tickMs }, { ...deps, finish });
    return state === undefined ? undefined : { state, isTakenOver: true };
  }
  if (head === undefined) return { state: createShardState(Number.POSITIVE_INFINITY) };
  const remembered = memory.take(job, head.tickMs);
  if (remembered !== undefined) return { state: remembered };
  try {
    const state = await store.read(head.tickMs);
    // Objects outlive everything that a state remembers: an expired one had nothing left to tell.
    return { state: state ?? createShardState(head.tickMs) };
  } catch (error) {
    if (!(error instanceof DamagedBytes)) throw error;
    return { state: createShardState(head.tickMs), lost: error.message };
  }
}

/** Since when this shard watches: with the first shard of its tenant, or since a little before its first data. */
async function watchStart(
  sections: readonly Section[],
  { table, job, settings, nowMs }: Scope,
): Promise<number> {
  const heads = await listHeads(table, job.tenant);
  const firstMs = Math.min(nowMs, ...sections.map(({ receivedAtMs }) => receivedAtMs));
  return Math.min(firstMs - settings.watchGraceMs, ...heads.map(({ head }) => head.watchFromMs));
}

/** Without the points that a shard of the epoch before had applied. */
function notInherited({ id, points }: Section, { seen }: ShardState, { plan, job }: Scope) {
  const { inherited } = seen;
  if (inherited === undefined) return points;
  const before = [...inherited.byShard].filter(([, ids]) => ids.has(id)).map(([shard]) => shard);
  if (before.length === 0) return points;
  const epoch = epochOfShard(job.shard) - 1;
  const place = { tenant: job.tenant, epoch, shards: plan.epochs[epoch]!.shards };
  return points.filter(({ series }) => !before.includes(shardOf(series, place)));
}

/** The last word of a shard that has nothing more to say. */
async function finish(scope: Scope, head: Head): Promise<void> {
  await noteNextEpoch(scope);
  await flipHead(scope.table, { shard: scope.job, head: { ...head, isFinal: true }, before: head });
}

/** The shards that take over must wake even if nobody writes to them. */
async function noteNextEpoch({ table, job, plan, nowMs }: Scope): Promise<void> {
  for (const shard of shardsOfEpoch(plan, epochOfShard(job.shard) + 1)) {
    await noteActiveShard(table, { tenant: job.tenant, shard }, nowMs);
  }
}

function isAnyPublished({ series }: ShardState, tickMs: number, { publishForMs }: MetricsSettings): boolean {
  for (const own of series.values()) if (isPublished(own, tickMs, publishForMs)) return true;
  return false;
}

async function currentPlan(
  nowMs: number,
  { table, settings, memory }: ReduceDeps & { readonly memory: ReduceMemory },
): Promise<ShardPlan> {
  const known = memory.plan;
  if (known !== undefined && nowMs - known.readAtMs <= PLAN_TRUST_MS) return known.plan;
  const plan = await readShardPlan(table, settings);
  memory.plan = { plan, readAtMs: nowMs };
  return plan;
}

function idle(reason: IdleReason): ReduceResult {
  return { status: 'unchanged', reason };
}
