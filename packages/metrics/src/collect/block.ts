/**
 * A block: what one collector appends for one shard, a section a message. Series are references to rosters,
 * or written once a block; points lie in columns, which deflate then makes small.
 */
import { ByteReader, DamagedBytes } from '../codec/byte-reader.ts';
import { ByteWriter } from '../codec/byte-writer.ts';
import { packBytes, unpackBytes } from '../codec/pack-bytes.ts';
import type { MetricPoint, SeriesIdentity } from '../model/metric-point.ts';
import { createPointColumns, readPointColumns } from './point-columns.ts';
import {
  createSeriesTable,
  readRosterNames,
  readSeriesTable,
  type SeriesTableOptions,
} from './series-table.ts';

/** What one message holds for one shard. */
export interface Section {
  /** 16 hex digits of the message's id: what a repeat is recognised by. */
  readonly id: string;
  readonly receivedAtMs: number;
  readonly points: readonly MetricPoint[];
}

const VERSION = 2;

export function encodeBlock(sections: readonly Section[], options: SeriesTableOptions = {}): Uint8Array {
  const series = createSeriesTable(options);
  const columns = createPointColumns(series);
  const heads = new ByteWriter();
  for (const { id, receivedAtMs, points } of sections) {
    heads.hex64(id);
    heads.uint(receivedAtMs);
    heads.uint(points.length);
    columns.section(receivedAtMs);
    for (let i = 0; i < points.length; i++) columns.add(points[i]!);
  }
  const writer = new ByteWriter(16_384);
  writer.byte(VERSION);
  writer.uint(sections.length);
  writer.raw(heads.finish());
  series.write(writer);
  columns.write(writer);
  return packBytes(writer.finish());
}

export interface DecodeBlockOptions {
  /** By the id of a section; a block of which none is wanted costs little. */
  readonly isWanted?: (id: string) => boolean;
  readonly readRoster?: (name: string) => Promise<readonly SeriesIdentity[]>;
  /** Is told the ids of all sections. */
  readonly noteIds?: (ids: readonly string[]) => void;
}

/** The sections that are wanted. @throws DamagedBytes */
export async function decodeBlock(
  packed: Uint8Array,
  { isWanted = () => true, readRoster = refuseRoster, noteIds }: DecodeBlockOptions = {},
): Promise<readonly Section[]> {
  const reader = new ByteReader(unpackBytes(packed));
  const version = reader.byte();
  if (version !== VERSION) throw new DamagedBytes(`block version ${version} is not known`);
  const heads = Array.from({ length: reader.count(10) }, () => ({
    id: reader.hex64(),
    receivedAtMs: reader.uint(),
    points: reader.uint(),
  }));
  noteIds?.(heads.map(({ id }) => id));
  if (!heads.some(({ id }) => isWanted(id))) return [];
  const rosters = await Promise.all(readRosterNames(reader).map(readRoster));
  const columns = readPointColumns(reader, readSeriesTable(reader, rosters));
  const sections: Section[] = [];
  for (const { id, receivedAtMs, points } of heads) {
    columns.section(receivedAtMs);
    const own: MetricPoint[] = [];
    for (let i = 0; i < points; i++) own.push(columns.next());
    if (isWanted(id)) sections.push({ id, receivedAtMs, points: own });
  }
  return sections;
}

async function refuseRoster(name: string): Promise<never> {
  throw new DamagedBytes(`roster ${name} cannot be read here`);
}
