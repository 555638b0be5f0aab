/**
 * Gets snapshots into a remote-write receiver, each once. What it remembers of a shard is one item: up to
 * which tick the beginnings of series are delivered, and which snapshot went through last. Levels are
 * totals, so that a tick that fails is healed by the next one and nothing needs to be kept for it.
 */

import type { RemoteWriter, WriteResult } from '@sluice/backends/mimir/remote-writer';
import { describeError } from '@sluice/core/errors';
import type { TenantId } from '@sluice/core/ids';
import type { Logger } from '@sluice/core/logger';
import { ENV, METRIC } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import { TENANT_LABEL, type Tenancy } from '@sluice/core/tenancy';
import type { FamilyMetadata, Snapshot, SnapshotReader } from '@sluice/metrics/model/snapshot';
import { createSeriesExpander, type SeriesExpander } from '@sluice/metrics/remote-write/expand-series';
import { planPush } from '@sluice/metrics/remote-write/plan-push';

export interface SnapshotPusherDeps {
  readonly writer: RemoteWriter;
  /** Where it remembers what it has delivered. */
  readonly table: Table;
  readonly snapshots: Pick<SnapshotReader, 'read'>;
  readonly clock: Clock;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
  readonly nativeHistograms?: boolean;
  readonly tenancy?: Tenancy;
}

export type SnapshotPushResult =
  | { readonly status: 'pushed'; readonly samples: number }
  /** This tick, or a later one, went through before. */
  | { readonly status: 'superseded' }
  | { readonly status: 'failed'; readonly reason: string; readonly retryAfterMs?: number };

export interface SnapshotPusher {
  /** `previous` spares a read when it is the snapshot of the last push. */
  push(
    snapshot: Snapshot,
    options: { readonly signal: AbortSignal; readonly previous?: Snapshot },
  ): Promise<SnapshotPushResult>;
}

interface Progress {
  /** The openings of all series that began at or before this tick are delivered. */
  readonly announcedTickMs: number;
  /** 0: none yet. */
  readonly pushedTickMs: number;
}

/** Metadata is said again so often, for receivers that forget it. */
const DESCRIBE_EVERY_MS = 3_600_000;
const MAX_KEPT_SNAPSHOTS = 64;
/** Of tenants whose labels are kept encoded from tick to tick. */
const MAX_EXPANDERS = 16;

export function createSnapshotPusher(deps: SnapshotPusherDeps): SnapshotPusher {
  const { writer, table, snapshots, clock, selfMetrics, logger, nativeHistograms = false } = deps;
  const expanderOf = createExpanders(deps);
  const samples = selfMetrics.counter(METRIC.remoteWriteSamples, 'Samples sent by remote write, by outcome.');
  const lag = selfMetrics.gauge(
    METRIC.remoteWriteLag,
    'Age of the last snapshot that a shard could deliver.',
  );
  const described = new Map<string, { readonly metadata: FamilyMetadata; readonly atMs: number }>();
  const failing = new Set<string>();
  /** The last snapshot of each shard that went through, to spare reading it again. */
  const last = new Map<string, Snapshot>();

  const keyOf = ({ tenant, shard }: Snapshot) => ({
    pk: `push#${writer.name}#${tenant}`,
    sk: `shard#${String(shard).padStart(5, '0')}`,
  });
  const readProgress = async (snapshot: Snapshot): Promise<Progress> => {
    const item = await table.get(keyOf(snapshot), { consistent: true });
    if (item !== undefined)
      return { announcedTickMs: Number(item.announcedTickMs), pushedTickMs: Number(item.pushedTickMs) };
    // Never pushed: only what begins with this very tick is new; the rest was counting before.
    const progress = { announcedTickMs: snapshot.previousTickMs, pushedTickMs: 0 };
    await writeProgress(snapshot, progress);
    return progress;
  };
  const writeProgress = async (snapshot: Snapshot, progress: Progress): Promise<void> => {
    await table.put({ ...keyOf(snapshot), ...progress });
  };

  const readPrevious = (
    snapshot: Snapshot,
    tickMs: number,
    given?: Snapshot,
  ): Promise<Snapshot | undefined> => {
    const known = given ?? last.get(`${snapshot.tenant}/${snapshot.shard}`);
    if (known?.tickMs === tickMs) return Promise.resolve(known);
    return tickMs === 0 ? Promise.resolve(undefined) : snapshots.read(snapshot, tickMs);
  };

  const note = (snapshot: Snapshot, result: WriteResult): void => {
    // The search for the samples at fault ends in many requests of one answer.
    const refused = new Map<string, number>();
    for (const { reason, samples: count } of result.refused) {
      samples.add(count, { destination: writer.name, outcome: 'refused' });
      refused.set(reason, (refused.get(reason) ?? 0) + count);
    }
    for (const [reason, count] of refused) {
      const told = { destination: writer.name, reason, samples: count };
      logger.warn('samples were refused and are not sent again', told);
    }
    const key = `${snapshot.tenant}/${snapshot.shard}`;
    if (result.status === 'ok') {
      samples.add(result.written, { destination: writer.name, outcome: 'written' });
      if (failing.delete(key))
        logger.info('remote write works again', { destination: writer.name, shard: key });
      return;
    }
    if (failing.has(key)) return;
    failing.add(key);
    const fields = { destination: writer.name, shard: key, reason: result.reason };
    if (result.misconfigured === true)
      logger.error('remote write is set up wrongly; totals are sent once that is mended', fields);
    else logger.warn('remote write fails; the next tick sends the totals again', fields);
  };

  const describe = async (snapshot: Snapshot, signal: AbortSignal): Promise<void> => {
    // Remote write 2.0 describes every series where it sends it.
    if (writer.protocol() === '2.0') return;
    const nowMs = clock.nowMs();
    const news = new Map<string, FamilyMetadata>();
    for (const [name, metadata] of snapshot.families) {
      const known = described.get(`${snapshot.tenant}\n${name}`);
      if (known === undefined || nowMs - known.atMs >= DESCRIBE_EVERY_MS || !isSame(known.metadata, metadata))
        news.set(name, metadata);
    }
    if (news.size === 0) return;
    const result = await writer.describe(snapshot.tenant as TenantId, news, { signal });
    if (result.status !== 'ok') return;
    for (const [name, metadata] of news)
      described.set(`${snapshot.tenant}\n${name}`, { metadata, atMs: nowMs });
  };

  return {
    async push(snapshot, { signal, previous }) {
      const progress = await readProgress(snapshot);
      if (progress.pushedTickMs >= snapshot.tickMs) return { status: 'superseded' };
      const earlier = await readPrevious(snapshot, progress.pushedTickMs, previous);
      const expander = expanderOf(snapshot.tenant);
      const plan = planPush(snapshot, {
        expander,
        announcedTickMs: progress.announcedTickMs,
        nativeHistograms,
        ...(earlier === undefined ? {} : { previous: earlier }),
      });
      for (const [reason, count] of plan.unsendable)
        logger.warn('series cannot be sent by remote write', { reason, series: count });
      const tenant = snapshot.tenant as TenantId;
      const options = { signal, symbols: expander.symbols() };
      const shard = { tenant, shard: String(snapshot.shard) };
      let written = 0;
      for (const group of [plan.openings, plan.levels]) {
        const result = await writer.write(tenant, group, options);
        note(snapshot, result);
        if (result.status !== 'ok') {
          const lastMs = progress.pushedTickMs || snapshot.previousTickMs;
          if (lastMs > 0) lag.set((clock.nowMs() - lastMs) / 1000, shard);
          const { reason, retryAfterMs } = result;
          return { status: 'failed', reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
        }
        written += result.written;
        // Before any level is sent it must be known that its opening was: once levels are there, an
        // opening would be out of order.
        if (group === plan.openings && group.length > 0)
          await writeProgress(snapshot, { ...progress, announcedTickMs: snapshot.tickMs });
      }
      await writeProgress(snapshot, { announcedTickMs: snapshot.tickMs, pushedTickMs: snapshot.tickMs });
      lag.set((clock.nowMs() - snapshot.tickMs) / 1000, shard);
      last.delete(`${tenant}/${snapshot.shard}`);
      last.set(`${tenant}/${snapshot.shard}`, snapshot);
      if (last.size > MAX_KEPT_SNAPSHOTS) last.delete(last.keys().next().value!);
      await describe(snapshot, signal).catch((error: unknown) => {
        logger.warn('metric families could not be described', { reason: describeError(error) });
      });
      return { status: 'pushed', samples: written };
    },
  };
}

/** One for all tenants, but where a label tells them apart; and who shares without one is warned once. */
function createExpanders({ tenancy = 'shared', writer, logger }: SnapshotPusherDeps) {
  const shared = createSeriesExpander();
  const own = new Map<string, SeriesExpander>();
  let first: string | undefined;
  let isWarned = tenancy !== 'shared';
  return (tenant: string): SeriesExpander => {
    first ??= tenant;
    if (!isWarned && tenant !== first) {
      isWarned = true;
      const told = { destination: writer.name, tenants: `${first}, ${tenant}`, setting: ENV.tenants };
      logger.warn('tenants share a destination: series of the same labels collide there', told);
    }
    if (tenancy !== 'label') return shared;
    const known =
      own.get(tenant) ?? createSeriesExpander({ externalLabel: { name: TENANT_LABEL, value: tenant } });
    own.delete(tenant);
    own.set(tenant, known);
    if (own.size > MAX_EXPANDERS) own.delete(own.keys().next().value!);
    return known;
  };
}

function isSame(a: FamilyMetadata, b: FamilyMetadata): boolean {
  return a.kind === b.kind && a.help === b.help && a.unit === b.unit;
}
