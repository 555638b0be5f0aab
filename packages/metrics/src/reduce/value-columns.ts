/** The values of series by column, in the order of the dictionary: what changes at every tick. */

import { type ByteReader, ByteReader as Reader } from '../codec/byte-reader.ts';
import { ByteWriter } from '../codec/byte-writer.ts';
import { readExemplars, writeExemplars } from '../codec/exemplar-codec.ts';
import { readBounds, readNative, writeBounds, writeNative } from '../codec/histogram-codec.ts';
import { isSameBounds } from '../model/bounds.ts';
import { addLevels, subtractLevels } from '../model/level.ts';
import type { Level, NativeLevels } from '../model/snapshot.ts';
import type { HistogramSource, NativeSource, SeriesState, Source, Spread, SummaryLevels } from './state.ts';

const COLUMNS = 8;
const IS_ENDED = 1;
const HAS_EXEMPLARS = 2;
/** Of a source: it fell once; its last value is not given by the level. */
const HAS_FALLEN = 1;
const IS_EXPLICIT = 2;

type Columns<Column> = Record<
  'flags' | 'changed' | 'times' | 'levels' | 'buckets' | 'sources' | 'lasts' | 'exemplars',
  Column
>;

function toColumns<Column>(make: () => Column): Columns<Column> {
  return {
    flags: make(),
    changed: make(),
    times: make(),
    levels: make(),
    buckets: make(),
    sources: make(),
    lasts: make(),
    exemplars: make(),
  };
}

export function writeValues(writer: ByteWriter, series: Iterable<SeriesState>, tickMs: number): void {
  const columns = toColumns(() => new ByteWriter());
  for (const own of series) writeSeries(columns, own, tickMs);
  writer.byte(COLUMNS);
  for (const column of Object.values(columns)) writer.blob(column.finish());
}

/** Fills series in, in the order in which they were written. @throws DamagedBytes */
export function readValues(reader: ByteReader, series: Iterable<SeriesState>, tickMs: number): void {
  reader.byte();
  const columns = toColumns(() => new Reader(reader.blob()));
  for (const own of series) readSeries(columns, own, tickMs);
}

function writeSeries(to: Columns<ByteWriter>, series: SeriesState, tickMs: number): void {
  const { exemplars, data } = series;
  to.flags.byte((series.isEnded ? IS_ENDED : 0) + (exemplars.length > 0 ? HAS_EXEMPLARS : 0));
  to.changed.int(tickMs - series.changedTickMs);
  to.times.int(tickMs - series.eventMs);
  if (exemplars.length > 0) writeExemplars(to.exemplars, exemplars);
  switch (data.type) {
    case 'counter':
      to.levels.level(data.level);
      for (const source of data.sources) {
        const isExplicit = !isExactDifference(data.level, source.last);
        writeSource(to, source, { tickMs, isExplicit });
        to.lasts.level(isExplicit ? source.last : subtractLevels(data.level, source.last));
      }
      break;
    case 'gauge':
      to.levels.level(data.last);
      to.times.int(series.eventMs - data.lastMs);
      writeSpread(to.levels, data.last, data.spread);
      break;
    case 'updown':
      to.levels.level(data.level);
      to.levels.level(data.last);
      writeSpread(to.levels, data.last, data.spread);
      for (const source of data.sources) {
        writeSource(to, source, { tickMs, isExplicit: true });
        to.lasts.level(source.last);
      }
      break;
    case 'histogram':
      to.buckets.uint(data.buckets.length);
      for (const count of data.buckets) to.buckets.level(count);
      to.levels.level(data.sum ?? Number.NaN);
      for (const source of data.sources) writeHistogramSource(to, source, { data, tickMs });
      break;
    case 'exponential':
      writeNative(to.buckets, data.native);
      to.levels.level(data.sum ?? Number.NaN);
      for (const source of data.sources) {
        const isExplicit = !isSameNative(source.last, data);
        writeSource(to, source, { tickMs, isExplicit });
        if (!isExplicit) continue;
        writeNative(to.lasts, source.last.native);
        to.lasts.level(source.last.sum ?? Number.NaN);
      }
      break;
    case 'summary':
      to.buckets.uint(data.quantiles.length);
      for (const { quantile, value } of data.quantiles) {
        to.buckets.double(quantile);
        to.buckets.level(value);
      }
      to.times.int(series.eventMs - data.quantilesMs);
      to.levels.level(data.count);
      to.levels.level(data.sum);
      for (const source of data.sources) {
        const isExplicit = source.last.count !== data.count || !Object.is(source.last.sum, data.sum);
        writeSource(to, source, { tickMs, isExplicit });
        if (!isExplicit) continue;
        to.lasts.level(source.last.count);
        to.lasts.level(source.last.sum);
      }
      break;
  }
}

function readSeries(from: Columns<ByteReader>, series: SeriesState, tickMs: number): void {
  const flags = from.flags.byte();
  const { data } = series;
  series.isEnded = (flags & IS_ENDED) !== 0;
  series.changedTickMs = tickMs - from.changed.int();
  series.eventMs = tickMs - from.times.int();
  if ((flags & HAS_EXEMPLARS) !== 0) series.exemplars = readExemplars(from.exemplars);
  switch (data.type) {
    case 'counter':
      data.level = from.levels.level();
      for (const source of data.sources) {
        const isExplicit = readSource(from, source, tickMs);
        const last = from.lasts.level();
        source.last = isExplicit ? last : subtractLevels(data.level, last);
      }
      break;
    case 'gauge':
      data.last = Number(from.levels.level());
      data.lastMs = series.eventMs - from.times.int();
      readSpread(from.levels, data.last, data.spread);
      break;
    case 'updown':
      data.level = from.levels.level();
      data.last = Number(from.levels.level());
      readSpread(from.levels, data.last, data.spread);
      for (const source of data.sources) {
        readSource(from, source, tickMs);
        source.last = from.lasts.level();
      }
      break;
    case 'histogram':
      data.buckets = Array.from({ length: from.buckets.count() }, () => from.buckets.level());
      data.sum = readSum(from.levels);
      for (const source of data.sources) readHistogramSource(from, source, { data, tickMs });
      break;
    case 'exponential':
      data.native = readNative(from.buckets);
      data.sum = readSum(from.levels);
      for (const source of data.sources) {
        const isExplicit = readSource(from, source, tickMs);
        source.last = isExplicit
          ? { native: readNative(from.lasts), sum: readSum(from.lasts) }
          : { native: copyNative(data.native), sum: data.sum };
      }
      break;
    case 'summary':
      data.quantiles = Array.from({ length: from.buckets.count(9) }, () => ({
        quantile: from.buckets.double(),
        value: Number(from.buckets.level()),
      }));
      data.quantilesMs = series.eventMs - from.times.int();
      data.count = from.levels.level();
      data.sum = Number(from.levels.level());
      for (const source of data.sources) {
        const isExplicit = readSource(from, source, tickMs);
        source.last = isExplicit ? readSummary(from.lasts) : { count: data.count, sum: data.sum };
      }
      break;
  }
}

function writeSource<Value>(
  to: Columns<ByteWriter>,
  source: Source<Value>,
  { tickMs, isExplicit }: { readonly tickMs: number; readonly isExplicit: boolean },
): void {
  const hasFallen = source.high !== 0 || source.returns !== 0;
  to.sources.byte((hasFallen ? HAS_FALLEN : 0) + (isExplicit ? IS_EXPLICIT : 0));
  to.times.int(tickMs - source.timeMs);
  to.changed.int(tickMs - source.seenTickMs);
  if (!hasFallen) return;
  to.sources.level(source.high);
  to.sources.uint(source.sinceFall);
  to.sources.uint(source.returns);
}

/** Whether its last value is written out. */
function readSource<Value>(from: Columns<ByteReader>, source: Source<Value>, tickMs: number): boolean {
  const flags = from.sources.byte();
  source.timeMs = tickMs - from.times.int();
  source.seenTickMs = tickMs - from.changed.int();
  if ((flags & HAS_FALLEN) !== 0) {
    source.high = from.sources.level();
    source.sinceFall = from.sources.uint();
    source.returns = from.sources.uint();
  }
  return (flags & IS_EXPLICIT) !== 0;
}

/** Written as what the series has more than the source, which stays the same while there is one source. */
function writeHistogramSource(
  to: Columns<ByteWriter>,
  source: Source<HistogramSource>,
  { data, tickMs }: { readonly data: HistogramSource; readonly tickMs: number },
): void {
  const { bounds, buckets, sum } = source.last;
  const isExplicit =
    !isSameBounds(bounds, data.bounds) ||
    !Object.is(sum, data.sum) ||
    buckets.some((count, place) => !isExactDifference(data.buckets[place]!, count));
  writeSource(to, source, { tickMs, isExplicit });
  if (isExplicit) {
    writeBounds(to.lasts, bounds);
    to.lasts.level(sum ?? Number.NaN);
  }
  for (let i = 0; i < buckets.length; i++) {
    to.lasts.level(isExplicit ? buckets[i]! : subtractLevels(data.buckets[i]!, buckets[i]!));
  }
}

function readHistogramSource(
  from: Columns<ByteReader>,
  source: Source<HistogramSource>,
  { data, tickMs }: { readonly data: HistogramSource; readonly tickMs: number },
): void {
  const isExplicit = readSource(from, source, tickMs);
  const bounds = isExplicit ? readBounds(from.lasts) : data.bounds;
  const sum = isExplicit ? readSum(from.lasts) : data.sum;
  const buckets: Level[] = [];
  for (let i = 0; i <= bounds.length; i++) {
    const written = from.lasts.level();
    buckets.push(isExplicit ? written : subtractLevels(data.buckets[i]!, written));
  }
  source.last = { bounds, buckets, sum };
}

/** Whether `level - (level - last)` is `last` again, to the bit. */
function isExactDifference(level: Level, last: Level): boolean {
  if (level === last) return !Object.is(level, -0) && !Object.is(last, -0);
  const difference = subtractLevels(level, last);
  return Number.isSafeInteger(level) && Number.isSafeInteger(last) && addLevels(difference, last) === level;
}

function isSameNative(source: NativeSource, data: NativeSource): boolean {
  const [a, b] = [source.native, data.native];
  return (
    Object.is(source.sum, data.sum) &&
    a.scale === b.scale &&
    a.zeroThreshold === b.zeroThreshold &&
    a.zeroCount === b.zeroCount &&
    isSameBuckets(a.positive, b.positive) &&
    isSameBuckets(a.negative, b.negative)
  );
}

function isSameBuckets(a: ReadonlyMap<number, Level>, b: ReadonlyMap<number, Level>): boolean {
  if (a.size !== b.size) return false;
  for (const [index, count] of a) if (b.get(index) !== count) return false;
  return true;
}

function copyNative(native: NativeLevels): NativeLevels {
  return { ...native, positive: new Map(native.positive), negative: new Map(native.negative) };
}

/** A spread of one value that is the last is written as its count alone. */
function writeSpread(writer: ByteWriter, last: number, { min, max, sum, count }: Spread): void {
  const isPlain = count === 0 || (count === 1 && Object.is(min, last));
  writer.uint(count * 2 + (isPlain ? 0 : 1));
  if (isPlain) return;
  writer.level(min);
  writer.level(max);
  writer.level(sum);
}

function readSpread(reader: ByteReader, last: number, spread: Spread): void {
  const written = reader.uint();
  const isPlain = written % 2 === 0;
  spread.count = Math.floor(written / 2);
  spread.min = isPlain ? last : Number(reader.level());
  spread.max = isPlain ? last : Number(reader.level());
  spread.sum = isPlain ? last : Number(reader.level());
}

function readSum(reader: ByteReader): number | undefined {
  const sum = Number(reader.level());
  return Number.isNaN(sum) ? undefined : sum;
}

function readSummary(reader: ByteReader): SummaryLevels {
  return { count: reader.level(), sum: Number(reader.level()) };
}
