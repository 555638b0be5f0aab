/**
 * Decides what of a state leaves the object for parts. An object is paid for at every tick and a part once:
 * new series wait in the object until they are enough for a segment, and segments are merged as in a
 * log-structured tree, small ones first.
 */
import type { MetricsSettings } from '../metrics-settings.ts';
import type { ObjectStore } from './object-store.ts';
import { encodeSeenTicks, excessTicks, moveToPart } from './seen-ids.ts';
import { encodeSegment } from './segment-codec.ts';
import type { SegmentRef, SeriesState, ShardState } from './state.ts';

/** Series that are worth a segment at once, and ticks that fewer of them wait. */
const MIN_SEGMENT_SERIES = 64;
const MAX_WAIT_TICKS = 10;
const MAX_SEGMENTS = 8;
const MERGED_AT_ONCE = 6;

export async function storeParts(
  state: ShardState,
  store: ObjectStore,
  { nowMs, settings }: { readonly nowMs: number; readonly settings: MetricsSettings },
): Promise<void> {
  dissolveSegments(state, nowMs - settings.objectRetentionMs / 2);
  const unstored = [...state.series.values()].filter(({ place }) => place === undefined);
  const newFamilies = [...state.families.values()].filter(({ isNew }) => isNew);
  if (unstored.length === 0 && newFamilies.length === 0) state.unstoredSinceMs = 0;
  else if (isWorthSegment(state, unstored.length, settings.tickMs)) {
    const name = await store.putPart(encodeSegment(unstored, newFamilies), nowMs);
    state.segments = [...state.segments, { name, entries: unstored.length, writtenMs: nowMs }];
    state.unstoredSinceMs = 0;
    unstored.forEach((series, index) => {
      series.place = { segment: name, index };
    });
    for (const family of newFamilies) family.isNew = false;
  } else if (state.unstoredSinceMs === 0) state.unstoredSinceMs = state.tickMs;
  await storeSeenIds(state, store, nowMs);
}

function isWorthSegment({ unstoredSinceMs, tickMs }: ShardState, series: number, stepMs: number): boolean {
  if (series >= MIN_SEGMENT_SERIES) return true;
  return unstoredSinceMs !== 0 && tickMs - unstoredSinceMs >= MAX_WAIT_TICKS * stepMs;
}

/** Series of segments that are old, mostly dead, or too many are to be written again. */
function dissolveSegments(state: ShardState, oldBeforeMs: number): void {
  const live = new Map<string, SeriesState[]>(state.segments.map(({ name }) => [name, []]));
  for (const series of state.series.values()) {
    if (series.place !== undefined) live.get(series.place.segment)?.push(series);
  }
  const dissolved = new Set<SegmentRef>(
    state.segments.filter((segment) => {
      const own = live.get(segment.name)!.length;
      return segment.writtenMs < oldBeforeMs || own < segment.entries / 2;
    }),
  );
  if (state.segments.length - dissolved.size > MAX_SEGMENTS) {
    const bySize = [...state.segments].sort((a, b) => a.entries - b.entries);
    for (const segment of bySize.slice(0, MERGED_AT_ONCE)) dissolved.add(segment);
  }
  if (dissolved.size === 0) return;
  for (const { name } of dissolved) {
    for (const series of live.get(name)!) {
      series.place = undefined;
      series.family.isNew = true;
    }
  }
  state.segments = state.segments.filter((segment) => !dissolved.has(segment));
}

async function storeSeenIds(state: ShardState, store: ObjectStore, nowMs: number): Promise<void> {
  const ticks = excessTicks(state.seen);
  if (ticks.length === 0) return;
  const name = await store.putPart(encodeSeenTicks(ticks), nowMs);
  state.seen = moveToPart(state.seen, { name, ticks });
}
