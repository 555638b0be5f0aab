/**
 * Dictionary segments: what of a series does not change from tick to tick (labels, start, bounds, who its
 * sources are). Written once as a part; objects hold only values, in the order of the entries.
 */
import type { Label } from '@sluice/promql/model/labels';
import { labelsKey, labelValue } from '@sluice/promql/model/labels';
import { ByteReader, DamagedBytes } from '../codec/byte-reader.ts';
import { ByteWriter } from '../codec/byte-writer.ts';
import { readBounds, writeBounds } from '../codec/histogram-codec.ts';
import { packBytes, unpackBytes } from '../codec/pack-bytes.ts';
import { createTextTable, readTextTable, type TextTable } from '../codec/text-table.ts';
import { KINDS } from '../collect/series-table.ts';
import { emptyNative } from '../model/native-buckets.ts';
import type { Level } from '../model/snapshot.ts';
import type {
  FamilyState,
  HistogramLevels,
  SeriesData,
  SeriesState,
  Source,
  SummaryLevels,
} from './state.ts';

/** Stored by place: append only. */
const TYPES = ['counter', 'gauge', 'updown', 'histogram', 'exponential', 'summary'] as const;

export type SegmentFamily = Omit<FamilyState, 'horizonMs' | 'isNew'>;

export interface SegmentEntry {
  readonly labels: readonly Label[];
  readonly id: string;
  readonly job: string;
  readonly family: SegmentFamily;
  readonly startMs: number;
  readonly resumedTickMs: number;
  readonly template: EntryTemplate;
  readonly sources: readonly SourceIdentity[];
}

type SourceIdentity = Pick<Source<unknown>, 'origin' | 'sourceName' | 'startMs' | 'adjustedStartMs'>;

type EntryTemplate =
  | { readonly type: 'counter'; readonly opening: Level }
  | { readonly type: 'gauge' | 'updown' }
  | {
      readonly type: 'histogram';
      readonly bounds: readonly number[];
      readonly opening: HistogramLevels | undefined;
    }
  | { readonly type: 'exponential'; readonly opening: HistogramLevels | undefined }
  | { readonly type: 'summary'; readonly opening: SummaryLevels | undefined };

export interface Segment {
  readonly families: readonly SegmentFamily[];
  readonly entries: readonly SegmentEntry[];
}

/** `families`: to be stored although no series of the segment may be of them. */
export function encodeSegment(series: readonly SeriesState[], families: readonly FamilyState[]): Uint8Array {
  const texts = createTextTable();
  const body = new ByteWriter(series.length * 32 + 256);
  const numbers = new Map<FamilyState, number>();
  const listed: FamilyState[] = [];
  const referFamily = (family: FamilyState): number => {
    const known = numbers.get(family);
    if (known !== undefined) return known;
    numbers.set(family, listed.length);
    return listed.push(family) - 1;
  };
  for (const family of families) referFamily(family);
  body.uint(series.length);
  for (const own of series) {
    body.uint(referFamily(own.family));
    body.uint(own.labels.length);
    for (const { name, value } of own.labels) {
      body.uint(texts.refer(name));
      body.uint(texts.refer(value));
    }
    body.uint(own.startMs);
    body.uint(own.resumedTickMs);
    writeTemplate(body, own.data);
    writeSources(body, own.data, texts);
  }
  const head = new ByteWriter();
  head.uint(listed.length);
  for (const { name, kind, unit, help } of listed) {
    head.uint(texts.refer(name));
    head.byte(KINDS.indexOf(kind));
    head.uint(texts.refer(unit));
    head.uint(texts.refer(help));
  }
  const writer = new ByteWriter();
  texts.write(writer);
  writer.raw(head.finish());
  writer.raw(body.finish());
  return packBytes(writer.finish());
}

/** @throws DamagedBytes */
export function decodeSegment(packed: Uint8Array): Segment {
  const reader = new ByteReader(unpackBytes(packed));
  const text = readTextTable(reader);
  const families = Array.from({ length: reader.count(4) }, (): SegmentFamily => {
    const name = text(reader.uint());
    const kind = KINDS[reader.byte()];
    if (kind === undefined) throw new DamagedBytes('a family of unknown kind');
    return { name, kind, unit: text(reader.uint()), help: text(reader.uint()) };
  });
  const entries = Array.from({ length: reader.count(5) }, (): SegmentEntry => {
    const family = families[reader.uint()];
    if (family === undefined) throw new DamagedBytes('a series of an unknown family');
    const labels: Label[] = [];
    for (let left = reader.count(2); left > 0; left--) {
      labels.push({ name: text(reader.uint()), value: text(reader.uint()) });
    }
    return {
      labels,
      id: labelsKey(labels),
      job: labelValue(labels, 'job'),
      family,
      startMs: reader.uint(),
      resumedTickMs: reader.uint(),
      template: readTemplate(reader),
      sources: Array.from({ length: reader.count(11) }, () => ({
        origin: reader.hex64(),
        sourceName: text(reader.uint()),
        startMs: reader.uint(),
        adjustedStartMs: reader.int(),
      })),
    };
  });
  return { families, entries };
}

/** The data of a series before its values are read. */
export function toData({ template, sources }: SegmentEntry): SeriesData {
  const spread = { min: 0, max: 0, sum: 0, count: 0 };
  const make = <Value>(last: Value): Source<Value>[] =>
    sources.map((source) => ({
      ...source,
      timeMs: 0,
      seenTickMs: 0,
      last,
      high: 0,
      sinceFall: 0,
      returns: 0,
    }));
  switch (template.type) {
    case 'counter':
      return { type: 'counter', level: 0, opening: template.opening, sources: make<Level>(0) };
    case 'gauge':
      return { type: 'gauge', last: 0, lastMs: 0, spread };
    case 'updown':
      return { type: 'updown', level: 0, sources: make<Level>(0), last: 0, spread };
    case 'histogram': {
      const { bounds, opening } = template;
      const own = make({ bounds, buckets: [], sum: undefined });
      return { type: 'histogram', bounds, buckets: [], sum: undefined, opening, sources: own };
    }
    case 'exponential': {
      const own = make({ native: emptyNative(0), sum: undefined });
      const { opening } = template;
      return { type: 'exponential', native: emptyNative(0), sum: undefined, opening, sources: own };
    }
    case 'summary': {
      const own = make({ count: 0, sum: 0 });
      const { opening } = template;
      return { type: 'summary', quantiles: [], quantilesMs: 0, count: 0, sum: 0, opening, sources: own };
    }
  }
}

function writeTemplate(writer: ByteWriter, data: SeriesData): void {
  writer.byte(TYPES.indexOf(data.type));
  switch (data.type) {
    case 'counter':
      writer.level(data.opening);
      break;
    case 'histogram':
      writeBounds(writer, data.bounds);
      writeLevels(writer, data.opening);
      break;
    case 'exponential':
      writeLevels(writer, data.opening);
      break;
    case 'summary':
      writer.byte(data.opening === undefined ? 0 : 1);
      if (data.opening !== undefined) {
        writer.level(data.opening.count);
        writer.level(data.opening.sum);
      }
      break;
    case 'gauge':
    case 'updown':
      break;
  }
}

function readTemplate(reader: ByteReader): EntryTemplate {
  const type = TYPES[reader.byte()];
  switch (type) {
    case 'counter':
      return { type, opening: reader.level() };
    case 'gauge':
    case 'updown':
      return { type };
    case 'histogram':
      return { type, bounds: readBounds(reader), opening: readLevels(reader) };
    case 'exponential':
      return { type, opening: readLevels(reader) };
    case 'summary': {
      if (reader.byte() === 0) return { type, opening: undefined };
      return { type, opening: { count: reader.level(), sum: Number(reader.level()) } };
    }
    default:
      throw new DamagedBytes('a series of unknown type');
  }
}

/** 0 buckets: none. NaN: no sum. */
function writeLevels(writer: ByteWriter, levels: HistogramLevels | undefined): void {
  writer.uint(levels?.buckets.length ?? 0);
  if (levels === undefined) return;
  for (const count of levels.buckets) writer.level(count);
  writer.level(levels.sum ?? Number.NaN);
}

function readLevels(reader: ByteReader): HistogramLevels | undefined {
  const buckets = Array.from({ length: reader.count() }, () => reader.level());
  if (buckets.length === 0) return undefined;
  const sum = Number(reader.level());
  return { buckets, sum: Number.isNaN(sum) ? undefined : sum };
}

function writeSources(writer: ByteWriter, data: SeriesData, texts: TextTable): void {
  const sources: readonly SourceIdentity[] = data.type === 'gauge' ? [] : data.sources;
  writer.uint(sources.length);
  for (const { origin, sourceName, startMs, adjustedStartMs } of sources) {
    writer.hex64(origin);
    writer.uint(texts.refer(sourceName));
    writer.uint(startMs);
    writer.int(adjustedStartMs);
  }
}
