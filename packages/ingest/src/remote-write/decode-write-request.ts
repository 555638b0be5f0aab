/**
 * Remote-write requests as series with samples, strictly: what a receiver must not store is refused with
 * its place, and malformed bytes throw. Remote write 1.0 and 2.0 come out alike.
 */
import { ProtoReader } from '@sluice/otlp/proto-reader';

export interface PushedSample {
  readonly value: number;
  /** Prometheus' mark that the series has ended. */
  readonly isStale: boolean;
  readonly timeMs: number;
}

export interface PushedSeries {
  readonly name: string;
  /** Without `__name__`, in the order they came, which is that of the names. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly samples: readonly PushedSample[];
  /** Of remote write 2.0. */
  readonly metadata?: PushedMetadata;
}

export interface PushedMetadata {
  /** The number of prometheus' MetricType: 1 counter, 2 gauge, 3 histogram, 5 summary; 0 not said. */
  readonly type: number;
  readonly help: string;
}

export interface DecodedWrite {
  readonly series: readonly PushedSeries[];
  /** By family name; of remote write 1.0. */
  readonly metadata: ReadonlyMap<string, PushedMetadata>;
  /** What is left out, by reason, with the first case. */
  readonly refused: ReadonlyMap<string, { count: number; readonly example: string }>;
}

type Labels = [name: string, value: string][];

const STALE_NAN_BITS = 0x7ff0000000000002n;
const MAX_LABELS = 200;
const NAME = '__name__';

const bits = new DataView(new ArrayBuffer(8));

/** prometheus.WriteRequest. @throws OtlpFormatError */
export function decodeWriteV1(bytes: Uint8Array): DecodedWrite {
  const out = createDecoded();
  const reader = new ProtoReader(bytes);
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 0x0a) {
      const outer = reader.enter();
      readSeriesV1(reader, out);
      reader.leave(outer);
    } else if (tag === 0x1a) {
      const outer = reader.enter();
      const { name, ...metadata } = readMetadataV1(reader);
      out.metadata.set(name, metadata);
      reader.leave(outer);
    } else reader.skip(tag, 0b1010);
  }
  return out;
}

/** io.prometheus.write.v2.Request. @throws OtlpFormatError */
export function decodeWriteV2(bytes: Uint8Array): DecodedWrite {
  const out = createDecoded();
  const symbols: string[] = [];
  const series: RawSeries[] = [];
  const reader = new ProtoReader(bytes);
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 0x0a || tag === 0x1a)
      reader.fail('this is a message of remote write 1.0, sent as one of 2.0');
    if (tag === 0x22) symbols.push(reader.string());
    else if (tag === 0x2a) {
      const outer = reader.enter();
      series.push(readSeriesV2(reader));
      reader.leave(outer);
    } else reader.skip(tag, 0b11_0000);
  }
  const symbol = (place: number): string =>
    symbols[place] ?? reader.fail(`symbol ${place} is referred to, but the request has ${symbols.length}`);
  if (series.length > 0 && symbols[0] !== '') reader.fail('the first symbol must be empty');
  for (const { refs, samples, histograms, type, helpRef } of series) {
    if (refs.length % 2 !== 0) reader.fail('an odd number of label references');
    const labels: Labels = [];
    for (let i = 0; i < refs.length; i += 2) labels.push([symbol(refs[i]!), symbol(refs[i + 1]!)]);
    const metadata = type === 0 ? {} : { metadata: { type, help: symbol(helpRef) } };
    addSeries(out, { labels, samples, histograms }, metadata);
  }
  return out;
}

interface Decoded extends DecodedWrite {
  readonly series: PushedSeries[];
  readonly metadata: Map<string, PushedMetadata>;
  readonly refused: Map<string, { count: number; readonly example: string }>;
}

function createDecoded(): Decoded {
  return { series: [], metadata: new Map(), refused: new Map() };
}

interface RawSeries {
  readonly refs: number[];
  readonly samples: PushedSample[];
  histograms: number;
  type: number;
  helpRef: number;
}

function addSeries(
  out: Decoded,
  raw: { readonly labels: Labels; readonly samples: readonly PushedSample[]; readonly histograms: number },
  metadata: { readonly metadata?: PushedMetadata },
): void {
  const { labels, samples, histograms } = raw;
  const refuse = (reason: string, count: number): void => {
    const example = labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',');
    const known = out.refused.get(reason) ?? { count: 0, example: `{${example.slice(0, 200)}}` };
    known.count += count;
    out.refused.set(reason, known);
  };
  if (histograms > 0) refuse('native-histogram-not-taken', histograms);
  const timed = samples.filter(({ timeMs }) => timeMs > 0);
  if (timed.length < samples.length) refuse('sample-without-time', samples.length - timed.length);
  if (timed.length === 0) return;
  const fault = faultOf(labels);
  if (fault !== undefined) {
    refuse(fault, timed.length);
    return;
  }
  const name = labels.find((label) => label[0] === NAME)![1];
  const rest = labels.filter((label) => label[0] !== NAME && label[1] !== '');
  out.series.push({ name, labels: rest, samples: timed, ...metadata });
}

/** What the data model rules out (remote write 1.0 § Labels). */
function faultOf(labels: Labels): string | undefined {
  if (labels.length > MAX_LABELS) return 'too-many-labels';
  const names = new Set<string>();
  for (const [name] of labels) {
    if (name === '') return 'label-without-name';
    if (names.has(name)) return 'duplicate-label';
    names.add(name);
  }
  return labels.some(([name, value]) => name === NAME && value !== '') ? undefined : 'series-without-name';
}

function readSeriesV1(reader: ProtoReader, out: Decoded): void {
  const labels: Labels = [];
  const samples: PushedSample[] = [];
  let histograms = 0;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case 0x0a: {
        const outer = reader.enter();
        labels.push(readLabel(reader));
        reader.leave(outer);
        break;
      }
      case 0x12: {
        const outer = reader.enter();
        samples.push(readSample(reader));
        reader.leave(outer);
        break;
      }
      case 0x22:
        histograms += 1;
        reader.byteString();
        break;
      default:
        reader.skip(tag, 0b1_0110);
    }
  }
  addSeries(out, { labels, samples, histograms }, {});
}

function readSeriesV2(reader: ProtoReader): RawSeries {
  const series: RawSeries = { refs: [], samples: [], histograms: 0, type: 0, helpRef: 0 };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case 0x0a:
        reader.packed(() => void series.refs.push(reader.uint32()));
        break;
      case 0x08:
        series.refs.push(reader.uint32());
        break;
      case 0x12: {
        const outer = reader.enter();
        series.samples.push(readSample(reader));
        reader.leave(outer);
        break;
      }
      case 0x1a:
        series.histograms += 1;
        reader.byteString();
        break;
      case 0x2a: {
        const outer = reader.enter();
        readMetadataV2(reader, series);
        reader.leave(outer);
        break;
      }
      default:
        reader.skip(tag, 0b10_1110);
    }
  }
  return series;
}

function readLabel(reader: ProtoReader): [string, string] {
  let name = '';
  let value = '';
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 0x0a) name = reader.string();
    else if (tag === 0x12) value = reader.string();
    else reader.skip(tag, 0b110);
  }
  return [name, value];
}

function readSample(reader: ProtoReader): PushedSample {
  let valueBits = 0n;
  let timeMs = 0;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 0x09) valueBits = reader.fixed64();
    else if (tag === 0x10) timeMs = Number(reader.int64());
    else reader.skip(tag, 0b110);
  }
  bits.setBigUint64(0, valueBits);
  return { value: bits.getFloat64(0), isStale: valueBits === STALE_NAN_BITS, timeMs };
}

function readMetadataV1(reader: ProtoReader): PushedMetadata & { readonly name: string } {
  const metadata = { name: '', type: 0, help: '' };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 0x08) metadata.type = reader.int32();
    else if (tag === 0x12) metadata.name = reader.string();
    else if (tag === 0x22) metadata.help = reader.string();
    else reader.skip(tag, 0b1_0110);
  }
  return metadata;
}

function readMetadataV2(reader: ProtoReader, series: RawSeries): void {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 0x08) series.type = reader.int32();
    else if (tag === 0x18) series.helpRef = reader.uint32();
    else reader.skip(tag, 0b1010);
  }
}
