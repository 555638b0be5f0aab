/** Objects and their parts in the table. Parts are immutable and cached by name. */
import type { Table } from '@sluice/core/ports/table';
import type { MetricsSettings } from '../metrics-settings.ts';
import type { ShardKey } from '../model/snapshot.ts';
import { createContentStore, expiryAfter } from '../store/content-store.ts';
import { objectKey } from '../store/keys.ts';
import { decodeObject, encodeObject, type ObjectParts } from './object-codec.ts';
import { decodeInherited, decodeSeenTicks } from './seen-ids.ts';
import { decodeSegment, type Segment } from './segment-codec.ts';
import type { ShardState } from './state.ts';

/** Decoded dictionary segments by name, the most recently used last. */
export type SegmentCache = Map<string, Segment>;

const MAX_CACHED_SEGMENTS = 128;

export interface ObjectStore {
  /** Undefined: there is none, or it has expired. @throws DamagedBytes */
  read(tickMs: number): Promise<ShardState | undefined>;
  put(state: ShardState, nowMs: number): Promise<'ok' | 'conflict'>;
  /** A part outlives every object that may refer to it. */
  putPart(bytes: Uint8Array, nowMs: number): Promise<string>;
}

export function createObjectStore(
  table: Table,
  shard: ShardKey,
  {
    settings,
    segments = new Map(),
  }: { readonly settings: MetricsSettings; readonly segments?: SegmentCache },
): ObjectStore {
  const content = createContentStore(table, shard);
  const { maxObjectBytes: maxBytes, objectRetentionMs } = settings;
  const parts: ObjectParts = {
    async segment(name) {
      const known = segments.get(name);
      segments.delete(name);
      const segment = known ?? decodeSegment(await content.readPart(name));
      segments.set(name, segment);
      if (segments.size > MAX_CACHED_SEGMENTS) segments.delete(segments.keys().next().value!);
      return segment;
    },
    seen: async (name) => ({ name, ticks: decodeSeenTicks(await content.readPart(name)) }),
    inherited: async (name) => decodeInherited(await content.readPart(name)),
  };
  return {
    async read(tickMs) {
      const item = await table.get(objectKey(shard, tickMs), { consistent: true });
      return item === undefined ? undefined : decodeObject(await content.read(item), parts);
    },
    put: (state, nowMs) =>
      content.put(objectKey(shard, state.tickMs), encodeObject(state), {
        maxBytes,
        expiresAt: expiryAfter(nowMs, objectRetentionMs),
        isAbsentOnly: true,
      }),
    putPart: (bytes, nowMs) =>
      content.putPart(bytes, { maxBytes, expiresAt: expiryAfter(nowMs, 2 * objectRetentionMs) }),
  };
}
