/** The points of a block by column: what is alike lies together. */
import { type ByteReader, DamagedBytes, ByteReader as Reader } from '../codec/byte-reader.ts';
import { ByteWriter } from '../codec/byte-writer.ts';
import { readExemplars, writeExemplars } from '../codec/exemplar-codec.ts';
import { readNative, writeNative } from '../codec/histogram-codec.ts';
import { isSameBounds } from '../model/bounds.ts';
import type { MetricPoint, SeriesIdentity } from '../model/metric-point.ts';
import type { Exemplar, Level } from '../model/snapshot.ts';
import type { SeriesTable } from './series-table.ts';

/** Stored by place: append only. */
const TYPES = ['number', 'histogram', 'exponential', 'summary', 'stale'] as const;
const MODES = ['delta', 'cumulative', 'state'] as const;
const HAS_EXEMPLARS = 64;
/** From a series to the next one of its list. */
const NEXT_SERIES = 2;
const NO_EXEMPLARS: readonly Exemplar[] = [];

export interface PointColumns {
  section(receivedAtMs: number): void;
  add(point: MetricPoint): void;
  write(writer: ByteWriter): void;
}

export function createPointColumns(table: SeriesTable): PointColumns {
  const forms = new ByteWriter();
  const series = new ByteWriter();
  const times = new ByteWriter();
  const starts = new ByteWriter();
  const origins = new ByteWriter();
  const values = new ByteWriter();
  const exemplars = new ByteWriter(64);
  const originNumbers = new Map<string, number>();
  const boundsNumbers = new Map<string, number>();
  let lastBounds: readonly number[] = [];
  let lastBoundsNumber = -1;
  let lastSeries = 0;
  let lastTimeMs = 0;
  let lastStartMs = 0;

  const addOrigin = (origin: string): void => {
    const known = originNumbers.get(origin);
    origins.uint(known ?? originNumbers.size);
    if (known === undefined) {
      originNumbers.set(origin, originNumbers.size);
      origins.hex64(origin);
    }
  };
  const addBounds = (bounds: readonly number[]): void => {
    if (lastBoundsNumber >= 0 && isSameBounds(bounds, lastBounds)) {
      values.uint(lastBoundsNumber);
      return;
    }
    lastBounds = bounds;
    const key = bounds.join(' ');
    const known = boundsNumbers.get(key);
    lastBoundsNumber = known ?? boundsNumbers.size;
    values.uint(lastBoundsNumber);
    if (known === undefined) {
      boundsNumbers.set(key, boundsNumbers.size);
      values.uint(bounds.length);
      for (const bound of bounds) values.level(bound);
    }
  };
  const addValue = (point: MetricPoint): void => {
    switch (point.type) {
      case 'number':
        values.level(point.value);
        break;
      case 'histogram':
        addBounds(point.bounds);
        for (const count of point.counts) values.level(count);
        values.level(point.sum ?? Number.NaN);
        break;
      case 'exponential':
        writeNative(values, point.native);
        values.level(point.sum ?? Number.NaN);
        break;
      case 'summary':
        values.uint(point.quantiles.length);
        for (const { quantile, value } of point.quantiles) {
          values.double(quantile);
          values.double(value);
        }
        values.level(point.count);
        values.level(point.sum);
        break;
      case 'stale':
        break;
    }
  };

  return {
    section(receivedAtMs) {
      lastTimeMs = receivedAtMs;
      lastStartMs = receivedAtMs;
      lastSeries = 0;
    },
    add(point) {
      const form = TYPES.indexOf(point.type) * MODES.length + MODES.indexOf(point.mode);
      forms.byte(point.exemplars.length > 0 ? form + HAS_EXEMPLARS : form);
      const number = table.refer(point.series);
      series.int(number - lastSeries);
      lastSeries = number + NEXT_SERIES;
      times.int(point.timeMs - lastTimeMs);
      lastTimeMs = point.timeMs;
      if (point.mode === 'cumulative') {
        starts.int(point.startMs - lastStartMs);
        lastStartMs = point.startMs;
        addOrigin(point.origin);
      }
      addValue(point);
      if (point.exemplars.length > 0) writeExemplars(exemplars, point.exemplars);
    },
    write(writer) {
      for (const column of [forms, series, times, starts, origins, values, exemplars]) {
        writer.blob(column.finish());
      }
    },
  };
}

export interface PointReader {
  section(receivedAtMs: number): void;
  /** @throws DamagedBytes */
  next(): MetricPoint;
}

export function readPointColumns(
  reader: ByteReader,
  seriesOf: (number: number) => SeriesIdentity,
): PointReader {
  const column = (): ByteReader => new Reader(reader.blob());
  const forms = column();
  const series = column();
  const times = column();
  const starts = column();
  const origins = column();
  const values = column();
  const exemplars = column();
  const knownOrigins: string[] = [];
  const knownBounds: (readonly number[])[] = [];
  let lastSeries = 0;
  let lastTimeMs = 0;
  let lastStartMs = 0;

  const nextOrigin = (): string => {
    const number = origins.uint();
    if (number === knownOrigins.length) knownOrigins.push(origins.hex64());
    return known(knownOrigins, number, 'origin');
  };
  const nextBounds = (): readonly number[] => {
    const number = values.uint();
    if (number === knownBounds.length) {
      knownBounds.push(Array.from({ length: values.count() }, () => Number(values.level())));
    }
    return known(knownBounds, number, 'list of bounds');
  };

  return {
    section(receivedAtMs) {
      lastTimeMs = receivedAtMs;
      lastStartMs = receivedAtMs;
      lastSeries = 0;
    },
    next() {
      const form = forms.byte();
      const plain = form % HAS_EXEMPLARS;
      const type = TYPES[Math.floor(plain / MODES.length)];
      const mode = MODES[plain % MODES.length]!;
      const number = lastSeries + series.int();
      lastSeries = number + NEXT_SERIES;
      lastTimeMs += times.int();
      const isCumulative = mode === 'cumulative';
      if (isCumulative) lastStartMs += starts.int();
      const own = seriesOf(number);
      const origin = isCumulative ? nextOrigin() : '';
      const startMs = isCumulative ? lastStartMs : 0;
      const timeMs = lastTimeMs;
      const marks = form >= HAS_EXEMPLARS ? readExemplars(exemplars) : NO_EXEMPLARS;
      const toBase = () => ({ series: own, mode, origin, startMs, timeMs, exemplars: marks });
      switch (type) {
        case 'number': {
          const value = values.level();
          return { type, series: own, mode, origin, startMs, timeMs, exemplars: marks, value };
        }
        case 'histogram': {
          const bounds = nextBounds();
          const counts: Level[] = [];
          for (let i = 0; i <= bounds.length; i++) counts.push(values.level());
          const sum = readSum(values);
          return { type, series: own, mode, origin, startMs, timeMs, exemplars: marks, bounds, counts, sum };
        }
        case 'exponential':
          return { ...toBase(), type, native: readNative(values), sum: readSum(values) };
        case 'summary': {
          const quantiles = Array.from({ length: values.count(16) }, () => ({
            quantile: values.double(),
            value: values.double(),
          }));
          return { ...toBase(), type, quantiles, count: values.level(), sum: Number(values.level()) };
        }
        case 'stale':
          return { ...toBase(), type };
        default:
          throw new DamagedBytes(`point form ${form} is not known`);
      }
    },
  };
}

/** NaN stands for none. */
function readSum(values: ByteReader): number | undefined {
  const sum = Number(values.level());
  return Number.isNaN(sum) ? undefined : sum;
}

function known<T>(list: readonly T[], number: number, what: string): T {
  const found = list[number];
  if (found === undefined) throw new DamagedBytes(`${what} ${number} of ${list.length}`);
  return found;
}
