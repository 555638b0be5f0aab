/**
 * Decodes remote-write requests by the specifications alone, sharing no code with what encodes, and says
 * of each what a receiver could take offence at: the checks of Prometheus' sender compliance suite and
 * the rules of the data model.
 */

export interface WrittenPoint {
  readonly timeMs: number;
  /** NaN for a native histogram, whose parts are in `native`. */
  readonly value: number;
  /** The bits of the value: stale markers are one NaN of many. */
  readonly bits: bigint;
  readonly startMs: number;
  readonly native?: WrittenNative;
}

export interface WrittenNative {
  readonly count: bigint;
  readonly sum: number;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: bigint;
  /** Absolute counts by bucket index as Prometheus numbers them. */
  readonly positive: ReadonlyMap<number, bigint>;
  readonly negative: ReadonlyMap<number, bigint>;
}

export interface WrittenExemplar {
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
  readonly timeMs: number;
}

export interface WrittenSeries {
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly points: readonly WrittenPoint[];
  readonly exemplars: readonly WrittenExemplar[];
  readonly metadata?: WrittenMetadata;
}

export interface WrittenMetadata {
  readonly type: number;
  readonly help: string;
  readonly unit: string;
}

export interface WriteRequest {
  readonly series: readonly WrittenSeries[];
  /** By family name; 1.0 only. */
  readonly metadata: ReadonlyMap<string, WrittenMetadata>;
  /** 2.0 only. */
  readonly symbols: readonly string[];
}

export const STALE_BITS = 0x7ff0000000000002n;

/** prometheus.WriteRequest, without its snappy. @throws RangeError */
export function decodeWriteRequestV1(bytes: Uint8Array): WriteRequest {
  const metadata = new Map<string, WrittenMetadata>();
  const series: WrittenSeries[] = [];
  for (const field of readFields(bytes, { 1: 'bytes', 3: 'bytes' })) {
    if (field.number === 3) {
      const parts = readFields(field.bytes, { 1: 'varint', 2: 'bytes', 4: 'bytes', 5: 'bytes' });
      metadata.set(textOf(parts, 2), {
        type: Number(numberOf(parts, 1)),
        help: textOf(parts, 4),
        unit: textOf(parts, 5),
      });
      continue;
    }
    const parts = readFields(field.bytes, { 1: 'bytes', 2: 'bytes', 3: 'bytes', 4: 'bytes' });
    series.push({
      labels: pairsOf(parts),
      points: [
        ...all(parts, 2).map((bytes) => readSample(bytes, { 1: 'fixed64', 2: 'varint' })),
        ...all(parts, 4).map(readNative),
      ],
      exemplars: all(parts, 3).map((bytes) => {
        const own = readFields(bytes, { 1: 'bytes', 2: 'fixed64', 3: 'varint' });
        return { labels: pairsOf(own), value: toDouble(numberOf(own, 2)), timeMs: toTime(numberOf(own, 3)) };
      }),
    });
  }
  return { series, metadata, symbols: [] };
}

/** io.prometheus.write.v2.Request, without its snappy. @throws RangeError */
export function decodeWriteRequestV2(request: Uint8Array): WriteRequest {
  const fields = readFields(request, { 4: 'bytes', 5: 'bytes' });
  const symbols = all(fields, 4).map(toText);
  const symbol = (place: bigint): string => {
    const text = symbols[Number(place)];
    if (text === undefined) throw new RangeError(`symbol ${place} of ${symbols.length} is missing`);
    return text;
  };
  const labels = (parts: readonly Field[]): WrittenSeries['labels'] => {
    const refs = all(parts, 1).flatMap(readPacked);
    if (refs.length % 2 !== 0) throw new RangeError('an odd number of label references');
    return Array.from({ length: refs.length / 2 }, (_, i) => [
      symbol(refs[2 * i]!),
      symbol(refs[2 * i + 1]!),
    ]);
  };
  const series = all(fields, 5).map((bytes): WrittenSeries => {
    const parts = readFields(bytes, {
      1: 'bytes',
      2: 'bytes',
      3: 'bytes',
      4: 'bytes',
      5: 'bytes',
      6: 'varint',
    });
    const [described] = all(parts, 5);
    const meta = described && readFields(described, { 1: 'varint', 3: 'varint', 4: 'varint' });
    return {
      labels: labels(parts),
      points: [
        ...all(parts, 2).map((own) => readSample(own, { 1: 'fixed64', 2: 'varint', 3: 'varint' })),
        ...all(parts, 3).map(readNative),
      ],
      exemplars: all(parts, 4).map((own) => {
        const exemplar = readFields(own, { 1: 'bytes', 2: 'fixed64', 3: 'varint' });
        return {
          labels: labels(exemplar),
          value: toDouble(numberOf(exemplar, 2)),
          timeMs: toTime(numberOf(exemplar, 3)),
        };
      }),
      ...(meta === undefined
        ? {}
        : {
            metadata: {
              type: Number(numberOf(meta, 1)),
              help: symbol(numberOf(meta, 3)),
              unit: symbol(numberOf(meta, 4)),
            },
          }),
    };
  });
  return { series, metadata: new Map(), symbols };
}

/** Everything about a request that breaks a rule; the text names the series. */
export function findViolations(
  { series, symbols }: WriteRequest,
  { version, allowUtf8Names = false }: { readonly version: '1.0' | '2.0'; readonly allowUtf8Names?: boolean },
): readonly string[] {
  const found: string[] = [];
  const seen = new Set<string>();
  for (const { labels, points, exemplars } of series) {
    const text = seriesText(labels);
    const say = (what: string): void => void found.push(`${text}: ${what}`);
    checkLabels(labels, allowUtf8Names, say);
    if (points.length === 0) say('no sample');
    if (points.some(({ native }) => native) && points.some(({ native }) => !native))
      say('samples and histograms');
    for (const [i, { timeMs, startMs }] of points.entries()) {
      if (i > 0 && timeMs <= points[i - 1]!.timeMs) say('samples out of order');
      if (seen.has(`${text}@${timeMs}`)) say(`twice in one request at ${timeMs}`);
      seen.add(`${text}@${timeMs}`);
      // Milliseconds, not seconds or nanoseconds: from 2001 to 2286.
      if (timeMs < 1e12 || timeMs > 1e13) say(`time ${timeMs} is not in milliseconds`);
      if (startMs > timeMs) say('start after the sample');
    }
    for (const exemplar of exemplars) {
      const names = exemplar.labels.map(([name]) => name);
      if (new Set(names).size !== names.length || !isSorted(names)) say('labels of an exemplar out of order');
    }
  }
  if (version === '2.0') {
    if (symbols[0] !== '') found.push('the first symbol is not empty');
    if (new Set(symbols).size !== symbols.length) found.push('a symbol stands twice');
  }
  return found;
}

export function seriesText(labels: WrittenSeries['labels']): string {
  const name = labels.find(([label]) => label === '__name__')?.[1] ?? '';
  const rest = labels
    .filter(([label]) => label !== '__name__')
    .map(([label, value]) => `${label}="${value}"`);
  return rest.length === 0 ? name : `${name}{${rest.join(',')}}`;
}

function checkLabels(
  labels: WrittenSeries['labels'],
  allowUtf8Names: boolean,
  say: (what: string) => void,
): void {
  const names = labels.map(([name]) => name);
  if (!isSorted(names)) say(`labels out of order: ${names.join(' ')}`);
  if (new Set(names).size !== names.length) say('a label stands twice');
  const metric = labels.find(([name]) => name === '__name__')?.[1];
  if (metric === undefined) say('no metric name');
  else if (!allowUtf8Names && !/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(metric)) say('metric name is not valid');
  for (const [name, value] of labels) {
    if (value === '') say(`label ${name} is empty`);
    if (name === '' || (!allowUtf8Names && !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)))
      say(`label name ${JSON.stringify(name)} is not valid`);
    // Prometheus 3 writes bounds as OpenMetrics does: 1.0, 0.5, 1e+06, +Inf.
    const isBound = (name === 'le' && metric?.endsWith('_bucket')) || name === 'quantile';
    if (isBound && !/^([+-]Inf|NaN|-?\d+\.\d+|-?\d(\.\d+)?e[+-]\d{2,3})$/.test(value))
      say(`${name}="${value}" is not in the form of OpenMetrics`);
  }
}

function isSorted(names: readonly string[]): boolean {
  return names.every(
    (name, i) => i === 0 || Buffer.compare(Buffer.from(names[i - 1]!), Buffer.from(name)) <= 0,
  );
}

type WireType = 'varint' | 'fixed64' | 'bytes';

interface Field {
  readonly number: number;
  readonly value: bigint;
  readonly bytes: Uint8Array;
}

const NONE = new Uint8Array();
const WIRE_TYPE: Readonly<Record<number, WireType>> = { 0: 'varint', 1: 'fixed64', 2: 'bytes' };

/** Strict: a field that is not known, or has another wire type, is refused. */
function readFields(bytes: Uint8Array, known: Readonly<Record<number, WireType>>): readonly Field[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Field[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    const number = Number(tag.value >> 3n);
    const type = WIRE_TYPE[Number(tag.value & 7n)];
    if (type === undefined || known[number] !== type)
      throw new RangeError(`field ${number} of wire type ${tag.value & 7n} is not expected`);
    at = tag.at;
    if (type === 'fixed64') {
      if (at + 8 > bytes.length) throw new RangeError('fixed64 beyond its message');
      found.push({ number, value: view.getBigUint64(at, true), bytes: NONE });
      at += 8;
      continue;
    }
    const { value, at: behind } = readVarint(bytes, at);
    at = behind;
    if (type === 'varint') {
      found.push({ number, value, bytes: NONE });
      continue;
    }
    at += Number(value);
    if (at > bytes.length) throw new RangeError('field longer than its message');
    found.push({ number, value, bytes: bytes.subarray(behind, at) });
  }
  return found;
}

function readSample(bytes: Uint8Array, known: Readonly<Record<number, WireType>>): WrittenPoint {
  const parts = readFields(bytes, known);
  const bits = numberOf(parts, 1);
  return {
    bits,
    value: toDouble(bits),
    timeMs: toTime(numberOf(parts, 2)),
    startMs: toTime(numberOf(parts, 3)),
  };
}

function readNative(bytes: Uint8Array): WrittenPoint {
  const parts = readFields(bytes, {
    1: 'varint',
    3: 'fixed64',
    4: 'varint',
    5: 'fixed64',
    6: 'varint',
    8: 'bytes',
    9: 'bytes',
    11: 'bytes',
    12: 'bytes',
    14: 'varint',
    15: 'varint',
    17: 'varint',
  });
  const buckets = (spans: number, deltas: number): ReadonlyMap<number, bigint> => {
    const counts = all(parts, deltas).flatMap(readPacked).map(unzigzag);
    const absolute = new Map<number, bigint>();
    let [index, place, count] = [0, 0, 0n];
    for (const span of all(parts, spans)) {
      const own = readFields(span, { 1: 'varint', 2: 'varint' });
      index += Number(unzigzag(numberOf(own, 1)));
      for (let i = 0n; i < numberOf(own, 2); i++) {
        const delta = counts[place++];
        if (delta === undefined) throw new RangeError('more buckets than counts');
        count += delta;
        if (count < 0n) throw new RangeError('a bucket below zero');
        absolute.set(index++, count);
      }
    }
    if (place !== counts.length) throw new RangeError('more counts than buckets');
    return absolute;
  };
  const native: WrittenNative = {
    count: numberOf(parts, 1),
    sum: toDouble(numberOf(parts, 3)),
    schema: Number(unzigzag(numberOf(parts, 4))),
    zeroThreshold: toDouble(numberOf(parts, 5)),
    zeroCount: numberOf(parts, 6),
    positive: buckets(11, 12),
    negative: buckets(8, 9),
  };
  let total = native.zeroCount;
  for (const count of [...native.positive.values(), ...native.negative.values()]) total += count;
  if (total !== native.count) throw new RangeError(`buckets hold ${total} of ${native.count} observations`);
  return {
    native,
    value: Number.NaN,
    bits: 0n,
    timeMs: toTime(numberOf(parts, 15)),
    startMs: toTime(numberOf(parts, 17)),
  };
}

function pairsOf(parts: readonly Field[]): WrittenSeries['labels'] {
  return all(parts, 1).map((bytes) => {
    const pair = readFields(bytes, { 1: 'bytes', 2: 'bytes' });
    return [textOf(pair, 1), textOf(pair, 2)];
  });
}

function all(parts: readonly Field[], number: number): readonly Uint8Array[] {
  return parts.filter((field) => field.number === number).map(({ bytes }) => bytes);
}

function numberOf(parts: readonly Field[], number: number): bigint {
  return parts.find((field) => field.number === number)?.value ?? 0n;
}

function textOf(parts: readonly Field[], number: number): string {
  return toText(all(parts, number)[0] ?? NONE);
}

function toText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

function toDouble(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

function toTime(value: bigint): number {
  return Number(BigInt.asIntN(64, value));
}

function unzigzag(value: bigint): bigint {
  return (value >> 1n) ^ -(value & 1n);
}

function readPacked(bytes: Uint8Array): readonly bigint[] {
  const values: bigint[] = [];
  for (let at = 0; at < bytes.length; ) {
    const read = readVarint(bytes, at);
    values.push(read.value);
    at = read.at;
  }
  return values;
}

function readVarint(bytes: Uint8Array, start: number): { readonly value: bigint; readonly at: number } {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) break;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), at: start + i + 1 };
  }
  throw new RangeError('varint does not end');
}
