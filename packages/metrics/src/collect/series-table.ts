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

/** Labels of a series that are compared with those before: so many bits make a whole number. */
const MAX_COMPARED = 40;

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
  let previous: readonly Label[] = [];

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
      const changed = changedPlaces(series.labels, previous);
      if (series.labels.length <= MAX_COMPARED)
        labelBytes.uint(changed.reduce((mask, at) => mask + 2 ** at, 0));
      for (const at of changed) {
        labelBytes.uint(texts.refer(series.labels[at]!.name));
        labelBytes.uint(texts.refer(series.labels[at]!.value));
      }
      previous = series.labels;
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
  let previous: readonly Pair[] = [];
  const series = Array.from({ length: reader.count(2) }, (): SeriesIdentity => {
    const family = families[reader.uint()];
    if (family === undefined) throw new DamagedBytes('a series of an unknown family');
    const labels: Label[] = [];
    const keys: string[] = [];
    const own: Pair[] = [];
    const length = reader.uint();
    const mask = length <= MAX_COMPARED ? reader.uint() : Number.POSITIVE_INFINITY;
    for (let at = 0; at < length; at++) {
      const isChanged = mask === Number.POSITIVE_INFINITY || Math.floor(mask / 2 ** at) % 2 === 1;
      const pair = isChanged ? pairs(reader.uint(), reader.uint()) : previous[at];
      if (pair === undefined) throw new DamagedBytes('a label of the series before, which has none there');
      own.push(pair);
      labels.push(pair.label);
      keys.push(pair.key);
    }
    previous = own;
    return { labels, id: keys.join(''), job: labelValue(labels, 'job'), family };
  });
  return (number) => {
    const found = series[number];
    if (found === undefined) throw new DamagedBytes(`series ${number} of ${series.length}`);
    return found;
  };
}

/** The places whose labels are not those of the series before: within a metric that is one or two. */
function changedPlaces(labels: readonly Label[], previous: readonly Label[]): readonly number[] {
  const places: number[] = [];
  for (let at = 0; at < labels.length; at++) {
    const [own, before] = [labels[at]!, previous[at]];
    const isSame = labels.length <= MAX_COMPARED && own.name === before?.name && own.value === before.value;
    if (!isSame) places.push(at);
  }
  return places;
}

interface Pair {
  readonly label: Label;
  /** As `labelsKey` writes it. */
  readonly key: string;
}

/** Labels by the numbers of their texts: most occur in many series. */
function createPairs(text: (number: number) => string) {
  const known = new Map<number, Pair>();
  return (nameNumber: number, valueNumber: number): Pair => {
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
