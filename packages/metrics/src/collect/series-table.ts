/** Series as bytes: families and labels, each text once. A block holds some itself and refers to rosters for the rest. */
import type { Label } from '@sluice/promql/model/labels';
import { labelsKey, labelValue } from '@sluice/promql/model/labels';
import { ByteReader, DamagedBytes } from '../codec/byte-reader.ts';
import { ByteWriter } from '../codec/byte-writer.ts';
import { packBytes, unpackBytes } from '../codec/pack-bytes.ts';
import { createTextTable, readTextTable } from '../codec/text-table.ts';
import type { PointFamily, SeriesIdentity } from '../model/metric-point.ts';
import type { SeriesKind } from '../model/snapshot.ts';
import type { Roster, RosterPlace } from './rosters.ts';

/** Stored by place: append only. */
export const KINDS: readonly SeriesKind[] = ['counter', 'gauge', 'updown', 'histogram', 'summary'];

/** Labels of a series that are compared with those before: so many bits make a whole number. */
const MAX_COMPARED = 40;

export interface SeriesTable {
  /** Even numbers are series that the block holds, odd ones lie in rosters. */
  refer(series: SeriesIdentity): number;
  write(writer: ByteWriter): void;
}

export interface SeriesTableOptions {
  /** Help texts that the shard has been told lately are left out. */
  readonly isHelpKnown?: (familyName: string) => boolean;
  /** Where a series is written already. */
  readonly placeOf?: (series: SeriesIdentity) => RosterPlace | undefined;
}

const never = (): boolean => false;
const nowhere = (): undefined => undefined;

export function createSeriesTable({
  isHelpKnown = never,
  placeOf = nowhere,
}: SeriesTableOptions = {}): SeriesTable {
  const texts = createTextTable();
  const rosters = createRosterNumbers();
  const untold = createUntoldHelp(isHelpKnown);
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
      const place = placeOf(series);
      if (place !== undefined && !untold.has(series.family)) return rosters.refer(place) * 2 + 1;
      const known = numbers.get(series);
      if (known !== undefined) return known * 2;
      numbers.set(series, numbers.size);
      untold.tell(series.family);
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
      return (numbers.size - 1) * 2;
    },
    write(writer) {
      rosters.write(writer);
      texts.write(writer);
      writer.uint(familyTexts.size);
      writer.raw(familyBytes.finish());
      writer.uint(numbers.size);
      writer.raw(labelBytes.finish());
    },
  };
}

/** Rosters have no help texts: those come with the blocks, again and again. */
export function encodeRoster(series: readonly SeriesIdentity[]): Uint8Array {
  const table = createSeriesTable({ isHelpKnown: () => true });
  for (const own of series) table.refer(own);
  const writer = new ByteWriter(series.length * 32 + 256);
  table.write(writer);
  return packBytes(writer.finish());
}

/** @throws DamagedBytes */
export function decodeRoster(packed: Uint8Array): readonly SeriesIdentity[] {
  const reader = new ByteReader(unpackBytes(packed));
  readRosterNames(reader);
  return readOwnSeries(reader);
}

/** The series of a block by number. `rosters` are those that it names, in that order. */
export function readSeriesTable(
  reader: ByteReader,
  rosters: readonly (readonly SeriesIdentity[])[],
): (number: number) => SeriesIdentity {
  const own = readOwnSeries(reader);
  const listed = rosters.length === 1 ? rosters[0]! : rosters.flat();
  return (number) => {
    const found = number % 2 === 0 ? own[number / 2] : listed[(number - 1) / 2];
    if (found === undefined) throw new DamagedBytes(`series ${number} of ${own.length} and ${listed.length}`);
    return found;
  };
}

/** @throws DamagedBytes */
export function readRosterNames(reader: ByteReader): readonly string[] {
  return Array.from({ length: reader.count(ROSTER_NAME_BYTES) }, () =>
    Buffer.from(reader.raw(ROSTER_NAME_BYTES)).toString('hex'),
  );
}

function readOwnSeries(reader: ByteReader): readonly SeriesIdentity[] {
  const text = readTextTable(reader);
  const families = Array.from({ length: reader.count(5) }, (): PointFamily => {
    const name = text(reader.uint());
    const sourceName = text(reader.uint());
    const kind = KINDS[reader.byte()];
    if (kind === undefined) throw new DamagedBytes('a family of unknown kind');
    return { name, sourceName, kind, unit: text(reader.uint()), help: text(reader.uint()) };
  });
  const pairs = createPairs(text);
  let previous: readonly Pair[] = [];
  return Array.from({ length: reader.count(2) }, (): SeriesIdentity => {
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
}

/** A content id: 32 hex digits. */
const ROSTER_NAME_BYTES = 16;

/** Numbers of the series in rosters: one roster's follow the other's. */
function createRosterNumbers() {
  const firsts = new Map<Roster, number>();
  let total = 0;
  let last: Roster | undefined;
  let first = 0;
  return {
    refer({ roster, index }: RosterPlace): number {
      if (roster !== last) {
        last = roster;
        const known = firsts.get(roster);
        first = known ?? total;
        if (known === undefined) {
          firsts.set(roster, total);
          total += roster.size;
        }
      }
      return first + index;
    },
    write(writer: ByteWriter): void {
      writer.uint(firsts.size);
      for (const { name } of firsts.keys()) writer.raw(Buffer.from(name, 'hex'));
    },
  };
}

/** Families whose help has yet to be told: the first series of each is written out with it. */
function createUntoldHelp(isHelpKnown: (familyName: string) => boolean) {
  const told = new Set<PointFamily>();
  return {
    has(family: PointFamily): boolean {
      if (family.help === '' || told.has(family)) return false;
      if (!isHelpKnown(family.name)) return true;
      told.add(family);
      return false;
    },
    tell: (family: PointFamily): void => void told.add(family),
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
