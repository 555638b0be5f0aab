/** Puts opened messages into blocks, and makes sure that reducers will see them. */
import { describeError } from '@sluice/core/errors';
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';
import type { MetricsSettings } from '../metrics-settings.ts';
import type { MetricPoint } from '../model/metric-point.ts';
import { type ContentStore, contentIdOf, createContentStore, expiryAfter } from '../store/content-store.ts';
import { blockKey } from '../store/keys.ts';
import { noteActiveShard, noteHour } from './active-shards.ts';
import { encodeBlock, type Section } from './block.ts';
import type { CollectMemory } from './collect-memory.ts';
import type { OpenedMessage } from './collect-metrics.ts';
import { keepNewestExemplars } from './keep-exemplars.ts';
import { createRosters, type Rosters } from './rosters.ts';
import { encodeRoster } from './series-table.ts';
import { epochAt, PLAN_TRUST_MS, readShardPlan, shardOf } from './shard-plan.ts';

interface WriteDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly settings: MetricsSettings;
  readonly memory: CollectMemory;
}

/** Points of one block; a message with more is a block of its own. */
const MAX_BLOCK_POINTS = 20_000;
/** Writes that came too late to be trusted are tried again under the present tick. */
const MAX_WRITES = 3;
/** Whoever slept longer leaves the message to others: a Lambda function lives for 15 minutes at most. */
const MAX_COLLECT_MS = 15 * 60_000;
/** Of the content's SHA-256: tells the blocks of one tick apart. */
const KEY_DIGITS = 16;
const HELP_TRUST_MS = 30 * 60_000;

interface ShardSections {
  readonly tenant: string;
  readonly shard: number;
  readonly sections: Section[];
  readonly messageIds: string[];
}

/** The messages that are not safely stored, with the reason. */
export async function writeSections(
  messages: readonly OpenedMessage[],
  deps: WriteDeps,
): Promise<ReadonlyMap<string, string>> {
  const { clock, settings } = deps;
  const startedMs = clock.nowMs();
  const failed = new Map<string, string>();
  let left = messages.filter(({ section }) => section.points.length > 0);
  for (let attempt = 1; left.length > 0; attempt++) {
    const nowMs = clock.nowMs();
    if (attempt > MAX_WRITES || nowMs - startedMs > MAX_COLLECT_MS) {
      for (const { messageId } of left) failed.set(messageId, 'the table answered too late to be trusted');
      break;
    }
    const faults = await writeOnce(left, nowMs, deps);
    for (const [messageId, reason] of faults) failed.set(messageId, reason);
    const isLate = clock.nowMs() - nowMs > settings.maxPutMs;
    left = isLate ? left.filter(({ messageId }) => !faults.has(messageId)) : [];
  }
  return failed;
}

/** Under the tick of `nowMs`; answers what failed. */
async function writeOnce(
  messages: readonly OpenedMessage[],
  nowMs: number,
  deps: WriteDeps,
): Promise<ReadonlyMap<string, string>> {
  const faults = new Map<string, string>();
  try {
    const groups = await groupByShard(messages, nowMs, deps);
    await Promise.all(
      groups.map(async (group) => {
        try {
          await writeBlock(group, nowMs, deps);
        } catch (error) {
          for (const messageId of group.messageIds) faults.set(messageId, describeError(error));
        }
      }),
    );
  } catch (error) {
    for (const { messageId } of messages) faults.set(messageId, describeError(error));
  }
  return faults;
}

async function groupByShard(
  messages: readonly OpenedMessage[],
  nowMs: number,
  deps: WriteDeps,
): Promise<readonly ShardSections[]> {
  const { epochs } = await currentPlan(nowMs, deps);
  const epoch = epochAt({ epochs }, writeTickOf(nowMs, deps.settings.tickMs));
  const { shards } = epochs[epoch]!;
  const open = new Map<string, ShardSections & { points: number }>();
  const groups: ShardSections[] = [];
  for (const { messageId, tenant, section } of messages) {
    for (const [shard, points] of splitByShard(section.points, { epoch, shards, tenant })) {
      const key = `${tenant}#${shard}`;
      let group = open.get(key);
      if (group === undefined || group.points + points.length > MAX_BLOCK_POINTS) {
        group = { tenant, shard, sections: [], messageIds: [], points: 0 };
        open.set(key, group);
        groups.push(group);
      }
      group.sections.push({ ...section, points });
      group.messageIds.push(messageId);
      group.points += points.length;
    }
  }
  return groups;
}

function splitByShard(
  points: readonly MetricPoint[],
  place: { readonly epoch: number; readonly shards: number; readonly tenant: string },
): ReadonlyMap<number, readonly MetricPoint[]> {
  if (place.shards === 1) return new Map([[shardOf(points[0]!.series, place), points]]);
  return Map.groupBy(points, ({ series }) => shardOf(series, place));
}

async function writeBlock(
  { tenant, shard, sections }: ShardSections,
  nowMs: number,
  { table, settings, memory }: WriteDeps,
): Promise<void> {
  const key = { tenant, shard };
  const name = `${tenant}#${shard}`;
  const helpKey = (family: string): string => `${name}#${family}`;
  const isHelpKnown = (family: string): boolean =>
    nowMs - (memory.helpWrittenMs.get(helpKey(family)) ?? 0) < HELP_TRUST_MS;
  const content = createContentStore(table, key);
  const rosters = memory.rosters.get(name) ?? createRosters(settings.blockRetentionMs / 2);
  memory.rosters.set(name, rosters);
  await writeRoster(rosters, { sections, content, nowMs, settings });
  const kept = keepNewestExemplars(sections, settings.maxExemplarsPerTick);
  const bytes = encodeBlock(kept, { isHelpKnown, placeOf: rosters.placeOf });
  if (memory.notedHours.get(name) !== noteHour(nowMs)) {
    await noteActiveShard(table, key, nowMs);
    memory.notedHours.set(name, noteHour(nowMs));
  }
  await content.put(
    blockKey(key, writeTickOf(nowMs, settings.tickMs), contentIdOf(bytes).slice(0, KEY_DIGITS)),
    bytes,
    { maxBytes: settings.maxObjectBytes, expiresAt: expiryAfter(nowMs, settings.blockRetentionMs) },
  );
  for (const family of familiesOf(sections)) {
    if (!isHelpKnown(family)) memory.helpWrittenMs.set(helpKey(family), nowMs);
  }
}

/** Written before the block that refers to it, and kept for longer than any that may. */
async function writeRoster(
  rosters: Rosters,
  { sections, content, nowMs, settings }: RosterWrite,
): Promise<void> {
  const series = rosters.gather(sections, nowMs);
  if (series.length === 0) return;
  const { maxObjectBytes: maxBytes, blockRetentionMs } = settings;
  const expiresAt = expiryAfter(nowMs, 2 * blockRetentionMs);
  const name = await content.putPart(encodeRoster(series), { maxBytes, expiresAt });
  rosters.add({ name, size: series.length, writtenMs: nowMs }, series);
}

interface RosterWrite {
  readonly sections: readonly Section[];
  readonly content: ContentStore;
  readonly nowMs: number;
  readonly settings: MetricsSettings;
}

function familiesOf(sections: readonly Section[]): ReadonlySet<string> {
  const families = new Set<string>();
  let last = '';
  for (const { points } of sections) {
    for (let i = 0; i < points.length; i++) {
      const { name } = points[i]!.series.family;
      if (name !== last) families.add(name);
      last = name;
    }
  }
  return families;
}

/** The tick that a write at `nowMs` is for: the next one. */
export function writeTickOf(nowMs: number, tickMs: number): number {
  return (Math.floor(nowMs / tickMs) + 1) * tickMs;
}

async function currentPlan(nowMs: number, { table, settings, memory }: WriteDeps) {
  if (memory.plan === undefined || nowMs - memory.plan.readAtMs > PLAN_TRUST_MS) {
    memory.plan = { plan: await readShardPlan(table, settings), readAtMs: nowMs };
  }
  return memory.plan.plan;
}
