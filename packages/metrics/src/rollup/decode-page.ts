/** Reads a page. Labels are decoded at once, columns when they are first asked for, and then kept. */
import { type Label, labelsKey } from '@sluice/promql/model/labels';
import { ByteReader, DamagedBytes } from '../codec/byte-reader.ts';
import type { FamilyMetadata } from '../model/snapshot.ts';
import { decodeColumn } from './encode-column.ts';
import { KINDS, PAGE_VERSION, type Page } from './encode-page.ts';
import type { Column, RollupEntry } from './rollup-entry.ts';

const GAUGE_COLUMNS = 5;

/** @throws DamagedBytes when the bytes are not a page. */
export function decodePage(bytes: Uint8Array): Page {
  const reader = new ByteReader(bytes);
  const version = reader.byte();
  if (version !== PAGE_VERSION) {
    throw new DamagedBytes(`rollup page has version ${version}; this program reads ${PAGE_VERSION}`);
  }
  const strings = readList(reader, () => reader.text());
  const families = new Map<string, FamilyMetadata>();
  readList(reader, () => {
    const name = at(strings, reader.uint());
    const kind = at(KINDS, reader.byte());
    families.set(name, { kind, help: at(strings, reader.uint()), unit: at(strings, reader.uint()) });
  });
  const pool = createLabelPool(strings);
  const entries = readList(reader, () => decodeEntry(reader, pool));
  return { families, entries };
}

type LabelPool = (name: number, value: number) => Label;

/** Equal labels of a page are one object. */
function createLabelPool(strings: readonly string[]): LabelPool {
  const pool = new Map<number, Label>();
  return (name, value) => {
    const id = name * strings.length + value;
    const known = pool.get(id);
    if (known !== undefined) return known;
    const label = { name: at(strings, name), value: at(strings, value) };
    pool.set(id, label);
    return label;
  };
}

function decodeEntry(reader: ByteReader, pool: LabelPool): RollupEntry {
  const kind = at(KINDS, reader.byte());
  const labels = readList(reader, () => pool(reader.uint(), reader.uint()));
  const base = { labels, key: labelsKey(labels), startMs: reader.uint() };
  if (kind === 'gauge' || kind === 'updown') {
    let slot = 0;
    const slots = readList(reader, () => {
      slot += reader.uint();
      return slot;
    });
    const columns = lazily(reader.blob(), (own) => decodeGaugeColumns(own, slots.length));
    return { ...base, kind, at: slots, columns };
  }
  const from = reader.uint();
  const slots = reader.uint();
  const points = readList(reader, () => reader.double());
  const buckets = kind === 'histogram' ? points.length + 1 : 0;
  const count = kind === 'histogram' ? buckets + 1 : kind === 'summary' ? points.length + 2 : 1;
  const columns = lazily(reader.blob(), (own) =>
    decodeLevelColumns(own, { count, buckets, length: slots + 1 }),
  );
  return { ...base, kind, from, slots, points, columns };
}

function lazily<T>(bytes: Uint8Array, decode: (reader: ByteReader) => T): () => T {
  let decoded: T | undefined;
  return () => {
    decoded ??= decode(new ByteReader(bytes));
    return decoded;
  };
}

function decodeGaugeColumns(reader: ByteReader, length: number): readonly Float64Array[] {
  const isSingle = reader.byte() === 1;
  const columns = Array.from({ length: isSingle ? 1 : GAUGE_COLUMNS }, () => {
    const column = decodeColumn(reader, length);
    return column instanceof Float64Array ? column : Float64Array.from(column, Number);
  });
  const [last] = columns as [Float64Array];
  return isSingle ? [last, last, last, last, new Float64Array(length).fill(1)] : columns;
}

function decodeLevelColumns(
  reader: ByteReader,
  { count, buckets, length }: { count: number; buckets: number; length: number },
): readonly Column[] {
  const isSubtracted = reader.byte() === 1;
  const columns: Column[] = [];
  for (let index = 0; index < count; index++) {
    const column = decodeColumn(reader, length);
    if (isSubtracted && index > 0 && index < buckets && column instanceof Float64Array) {
      const below = columns[index - 1] as Float64Array;
      for (let i = 0; i < column.length; i++) column[i] = column[i]! + below[i]!;
    }
    columns.push(column);
  }
  return columns;
}

function readList<T>(reader: ByteReader, read: () => T): T[] {
  const length = reader.count();
  const list: T[] = [];
  for (let i = 0; i < length; i++) list.push(read());
  return list;
}

function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new DamagedBytes(`rollup page refers to entry ${index} of ${values.length}`);
  return value;
}
