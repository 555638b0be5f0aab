/**
 * A page: some families with all their entries, as bytes. Strings stand once, in a table at the front;
 * each entry says how long its columns are, so that a reader decodes only those it asked for.
 */

import { ByteWriter } from '../codec/byte-writer.ts';
import type { FamilyMetadata } from '../model/snapshot.ts';
import { encodeColumn, isShortInteger } from './encode-column.ts';
import { type Column, type Families, familyOf, isGaugeEntry, type RollupEntry } from './rollup-entry.ts';

export const PAGE_VERSION = 1;
export const KINDS = ['counter', 'gauge', 'updown', 'histogram', 'summary'] as const;

export interface Page {
  readonly families: Families;
  readonly entries: readonly RollupEntry[];
}

/** `families` may hold more than the entries need. */
export function encodePage(entries: readonly RollupEntry[], families: Families): Uint8Array {
  const strings = createStringTable();
  const body = new ByteWriter(16_384);
  const present = [...new Set(entries.map(familyOf))].flatMap((name) => {
    const metadata = families.get(name);
    return metadata === undefined ? [] : [[name, metadata] as const];
  });
  body.uint(present.length);
  for (const [name, metadata] of present) encodeFamily(body, { name, metadata, strings });
  body.uint(entries.length);
  for (const entry of entries) encodeEntry(body, entry, strings);
  const writer = new ByteWriter(body.length + 4096);
  writer.byte(PAGE_VERSION);
  const texts = strings.texts();
  writer.uint(texts.length);
  for (const text of texts) writer.text(text);
  writer.raw(body.finish());
  return writer.finish();
}

interface StringTable {
  indexOf(text: string): number;
  texts(): readonly string[];
}

function createStringTable(): StringTable {
  const indexes = new Map<string, number>();
  return {
    indexOf(text) {
      const known = indexes.get(text);
      if (known !== undefined) return known;
      indexes.set(text, indexes.size);
      return indexes.size - 1;
    },
    texts: () => [...indexes.keys()],
  };
}

function encodeFamily(
  body: ByteWriter,
  { name, metadata, strings }: { name: string; metadata: FamilyMetadata; strings: StringTable },
): void {
  body.uint(strings.indexOf(name));
  body.byte(KINDS.indexOf(metadata.kind));
  body.uint(strings.indexOf(metadata.help));
  body.uint(strings.indexOf(metadata.unit));
}

function encodeEntry(body: ByteWriter, entry: RollupEntry, strings: StringTable): void {
  body.byte(KINDS.indexOf(entry.kind));
  body.uint(entry.labels.length);
  for (const { name, value } of entry.labels) {
    body.uint(strings.indexOf(name));
    body.uint(strings.indexOf(value));
  }
  body.uint(Math.max(0, entry.startMs));
  const columns = new ByteWriter(256);
  if (isGaugeEntry(entry)) {
    body.uint(entry.at.length);
    let previous = 0;
    for (const slot of entry.at) {
      body.uint(slot - previous);
      previous = slot;
    }
    encodeGaugeColumns(columns, entry.columns());
  } else {
    body.uint(entry.from);
    body.uint(entry.slots);
    body.uint(entry.points.length);
    for (const point of entry.points) body.double(point);
    encodeLevelColumns(columns, entry.columns(), entry.kind === 'histogram' ? entry.points.length + 1 : 0);
  }
  body.blob(columns.finish());
}

/** One event a slot is the rule: then the last value says all. */
function encodeGaugeColumns(writer: ByteWriter, columns: readonly Float64Array[]): void {
  const [last, min, max, sum, count] = columns as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const isSingle = last.every(
    (value, i) =>
      count[i] === 1 && Object.is(min[i], value) && Object.is(max[i], value) && Object.is(sum[i], value),
  );
  writer.byte(isSingle ? 1 : 0);
  for (const column of isSingle ? [last] : columns) encodeColumn(writer, column);
}

/** Of cumulative buckets each goes as what it holds more than the one below: mostly zeros. */
function encodeLevelColumns(writer: ByteWriter, columns: readonly Column[], buckets: number): void {
  const canSubtract =
    buckets > 1 &&
    columns
      .slice(0, buckets)
      .every((column) => column instanceof Float64Array && column.every(isShortInteger));
  writer.byte(canSubtract ? 1 : 0);
  for (const [index, column] of columns.entries()) {
    const below = canSubtract && index > 0 && index < buckets ? columns[index - 1] : undefined;
    encodeColumn(writer, below === undefined ? column : differences(column, below));
  }
}

function differences(column: Column, below: Column): Float64Array {
  return Float64Array.from(column as Float64Array, (value, i) => value - (below as Float64Array)[i]!);
}
