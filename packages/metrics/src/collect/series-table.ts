/** The series of a block: families and labels, each text once. */
import type { Label } from '@sluice/promql/model/labels';
import { labelsKey, labelValue } from '@sluice/promql/model/labels';
import { type ByteReader, DamagedBytes } from '../codec/byte-reader.ts';
import { ByteWriter } from '../codec/byte-writer.ts';
import { createTextTable } from '../codec/text-table.ts';
import type { PointFamily, SeriesIdentity } from '../model/metric-point.ts';
import type { SeriesKind } from '../model/snapshot.ts';

/** Stored by place: append only. */
export const KINDS: readonly SeriesKind[] = ['counter', 'gauge', 'updown', 'histogram', 'summary'];

export interface SeriesTable {
  refer(series: SeriesIdentity): number;
  write(writer: ByteWriter): void;
}

export function createSeriesTable(isHelpKnown: (familyName: string) => boolean): SeriesTable {
  const texts = createTextTable();
  const families = new Map<PointFamily, number>();
  const familyTexts = new Map<string, number>();
  const numbers = new Map<SeriesIdentity, number>();
  const familyBytes = new ByteWriter();
  const labelBytes = new ByteWriter();

  const referFamily = (family: PointFamily): number => {
    const known = families.get(family);
    if (known !== undefined) return known;
    const help = isHelpKnown(family.name) ? '' : family.help;
    const key = `${family.name}\u0000${family.sourceName}\u0000${family.kind}\u0000${family.unit}\u0000${help}`;
    let number = familyTexts.get(key);
    if (number === undefined) {
      number = familyTexts.size;
      familyTexts.set(key, number);
      familyBytes.uint(texts.refer(family.name));
      familyBytes.uint(texts.refer(family.sourceName));
      familyBytes.byte(KINDS.indexOf(family.kind));
      familyBytes.uint(texts.refer(family.unit));
      familyBytes.uint(texts.refer(help));
    }
    families.set(family, number);
    return number;
  };

  return {
    refer(series) {
      const known = numbers.get(series);
      if (known !== undefined) return known;
      numbers.set(series, numbers.size);
      labelBytes.uint(referFamily(series.family));
      labelBytes.uint(series.labels.length);
      for (const { name, value } of series.labels) {
        labelBytes.uint(texts.refer(name));
        labelBytes.uint(texts.refer(value));
      }
      return numbers.size - 1;
    },
    write(writer) {
      texts.write(writer);
      writer.uint(familyTexts.size);
      writer.raw(familyBytes.finish());
      writer.uint(numbers.size);
      writer.raw(labelBytes.finish());
    },
  };
}

export function readSeriesTable(
  reader: ByteReader,
  text: (number: number) => string,
): (number: number) => SeriesIdentity {
  const families = Array.from({ length: reader.count(5) }, (): PointFamily => {
    const name = text(reader.uint());
    const sourceName = text(reader.uint());
    const kind = KINDS[reader.byte()];
    if (kind === undefined) throw new DamagedBytes('a family of unknown kind');
    return { name, sourceName, kind, unit: text(reader.uint()), help: text(reader.uint()) };
  });
  const pairs = createPairs(text);
  const series = Array.from({ length: reader.count(2) }, (): SeriesIdentity => {
    const family = families[reader.uint()];
    if (family === undefined) throw new DamagedBytes('a series of an unknown family');
    const labels: Label[] = [];
    const keys: string[] = [];
    for (let left = reader.count(2); left > 0; left--) {
      const { label, key } = pairs(reader.uint(), reader.uint());
      labels.push(label);
      keys.push(key);
    }
    return { labels, id: keys.join(''), job: labelValue(labels, 'job'), family };
  });
  return (number) => {
    const found = series[number];
    if (found === undefined) throw new DamagedBytes(`series ${number} of ${series.length}`);
    return found;
  };
}

/** Labels by the numbers of their texts: most occur in many series. */
function createPairs(text: (number: number) => string) {
  const known = new Map<number, { readonly label: Label; readonly key: string }>();
  return (nameNumber: number, valueNumber: number) => {
    const place = nameNumber * 2 ** 26 + valueNumber;
    let pair = known.get(place);
    if (pair === undefined) {
      const label = { name: text(nameNumber), value: text(valueNumber) };
      pair = { label, key: labelsKey([label]) };
      known.set(place, pair);
    }
    return pair;
  };
}
