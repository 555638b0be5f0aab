/**
 * Object(T): the state of a shard at a tick, as one immutable item. Labels and other constants lie in
 * dictionary segments that many objects share; the object refers to them and holds the values.
 */
import { ByteReader, DamagedBytes } from '../codec/byte-reader.ts';
import { ByteWriter } from '../codec/byte-writer.ts';
import { packBytes, unpackBytes } from '../codec/pack-bytes.ts';
import { decodeSeenTicks, encodeSeenTicks, type InheritedIds, type SeenPart } from './seen-ids.ts';
import { decodeSegment, encodeSegment, type Segment, type SegmentFamily, toData } from './segment-codec.ts';
import {
  createShardState,
  type FamilyState,
  putSeries,
  type SegmentRef,
  type SeriesState,
  type ShardState,
} from './state.ts';
import { readValues, writeValues } from './value-columns.ts';

const VERSION = 1;

/** What an object refers to, to be fetched before it can be decoded. */
export interface ObjectParts {
  segment(name: string): Promise<Segment>;
  seen(name: string): Promise<SeenPart>;
  inherited(name: string): Promise<InheritedIds['byShard']>;
}

export function encodeObject(state: ShardState): Uint8Array {
  const writer = new ByteWriter(65_536);
  writer.byte(VERSION);
  writer.uint(state.tickMs);
  writer.uint(state.previousTickMs);
  writer.int(state.watchFromMs);
  writer.uint(state.unstoredSinceMs);
  const unstored: SeriesState[] = [];
  const stored = new Map<string, (SeriesState | undefined)[]>(
    state.segments.map(({ name, entries }) => [
      name,
      new Array<SeriesState | undefined>(entries).fill(undefined),
    ]),
  );
  for (const series of state.series.values()) {
    const entries = series.place === undefined ? undefined : stored.get(series.place.segment);
    if (series.place === undefined || entries === undefined) unstored.push(series);
    else entries[series.place.index] = series;
  }
  writer.uint(state.segments.length);
  for (const { name, entries, writtenMs } of state.segments) {
    writer.text(name);
    writer.uint(entries);
    writer.uint(writtenMs);
    writer.raw(toBitmap(stored.get(name)!));
  }
  const families = [...state.families.values()];
  writer.blob(
    encodeSegment(
      unstored,
      families.filter(({ isNew }) => isNew),
    ),
  );
  writeHorizons(writer, families);
  writeSeen(writer, state);
  writer.uint(state.warnings.length);
  for (const warning of state.warnings) writer.text(warning);
  const ordered = [...stored.values()].flat().filter((series) => series !== undefined);
  writeValues(writer, [...ordered, ...unstored], state.tickMs);
  return packBytes(writer.finish());
}

/** @throws DamagedBytes */
export async function decodeObject(packed: Uint8Array, parts: ObjectParts): Promise<ShardState> {
  const reader = new ByteReader(unpackBytes(packed));
  const version = reader.byte();
  if (version !== VERSION) throw new DamagedBytes(`object version ${version} is not known`);
  const tickMs = reader.uint();
  const previousTickMs = reader.uint();
  const state = createShardState(reader.int());
  state.tickMs = tickMs;
  state.previousTickMs = previousTickMs;
  state.unstoredSinceMs = reader.uint();
  const refs = Array.from({ length: reader.count(5) }, () => {
    const ref: SegmentRef = { name: reader.text(), entries: reader.uint(), writtenMs: reader.uint() };
    return { ref, isLive: readBitmap(reader, ref.entries) };
  });
  state.segments = refs.map(({ ref }) => ref);
  const segments = await Promise.all(refs.map(({ ref }) => parts.segment(ref.name)));
  segments.forEach((segment, place) => {
    const { ref, isLive } = refs[place]!;
    addSegment(state, segment, { name: ref.name, isLive });
  });
  addSegment(state, decodeSegment(reader.blob()), { name: undefined, isLive: () => true });
  readHorizons(reader, state);
  await readSeen(reader, { state, parts });
  state.warnings = Array.from({ length: reader.count() }, () => reader.text());
  readValues(reader, state.series.values(), tickMs);
  return state;
}

/** Series are added in the order of their values. */
function addSegment(
  state: ShardState,
  { families, entries }: Segment,
  { name, isLive }: { readonly name: string | undefined; readonly isLive: (index: number) => boolean },
): void {
  const known = new Map<SegmentFamily, FamilyState>();
  for (const family of families) {
    const earlier = state.families.get(family.name);
    const isSame = earlier?.kind === family.kind;
    const own = isSame ? earlier : { ...family, horizonMs: earlier?.horizonMs ?? 0, isNew: false };
    own.unit = family.unit;
    own.help = family.help;
    own.isNew = name === undefined;
    state.families.set(family.name, own);
    known.set(family, own);
  }
  entries.forEach((entry, index) => {
    if (!isLive(index)) return;
    const { labels, id, job, startMs, resumedTickMs } = entry;
    putSeries(state, {
      id,
      labels,
      job,
      family: known.get(entry.family)!,
      startMs,
      resumedTickMs,
      changedTickMs: 0,
      eventMs: 0,
      isEnded: false,
      exemplars: [],
      data: toData(entry),
      place: name === undefined ? undefined : { segment: name, index },
    });
  });
}

function writeHorizons(writer: ByteWriter, families: readonly FamilyState[]): void {
  const known = families.filter(({ horizonMs }) => horizonMs > 0);
  writer.uint(known.length);
  for (const { name, horizonMs } of known) {
    writer.text(name);
    writer.uint(horizonMs);
  }
}

function readHorizons(reader: ByteReader, { families }: ShardState): void {
  for (let left = reader.count(2); left > 0; left--) {
    const family = families.get(reader.text());
    const horizonMs = reader.uint();
    if (family !== undefined) family.horizonMs = horizonMs;
  }
}

function writeSeen(writer: ByteWriter, { seen }: ShardState): void {
  writer.blob(encodeSeenTicks(seen.recent));
  writer.uint(seen.parts.length);
  for (const { name } of seen.parts) writer.text(name);
  writer.byte(seen.inherited === undefined ? 0 : 1);
  if (seen.inherited === undefined) return;
  writer.text(seen.inherited.name);
  writer.uint(seen.inherited.untilMs);
}

async function readSeen(
  reader: ByteReader,
  { state, parts }: { readonly state: ShardState; readonly parts: ObjectParts },
): Promise<void> {
  const recent = decodeSeenTicks(reader.blob());
  const names = Array.from({ length: reader.count() }, () => reader.text());
  const hasInherited = reader.byte() === 1;
  const inheritedName = hasInherited ? reader.text() : '';
  const untilMs = hasInherited ? reader.uint() : 0;
  const seenParts = await Promise.all(names.map((name) => parts.seen(name)));
  const inherited = hasInherited
    ? { name: inheritedName, untilMs, byShard: await parts.inherited(inheritedName) }
    : undefined;
  state.seen = { recent, parts: seenParts, inherited };
}

function toBitmap(entries: readonly unknown[]): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(entries.length / 8));
  entries.forEach((entry, index) => {
    if (entry !== undefined) bitmap[index >> 3]! |= 1 << (index & 7);
  });
  return bitmap;
}

function readBitmap(reader: ByteReader, entries: number): (index: number) => boolean {
  const bitmap = reader.raw(Math.ceil(entries / 8));
  return (index) => (bitmap[index >> 3]! & (1 << (index & 7))) !== 0;
}
