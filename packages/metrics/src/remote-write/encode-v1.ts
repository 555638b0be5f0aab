/** Remote write 1.0: prometheus.WriteRequest, of samples or of metadata. Snappy comes on top of it. */
import type { FamilyMetadata } from '../model/snapshot.ts';
import {
  type ByteWriter,
  beginMessage,
  createByteWriter,
  endMessage,
  makeRoom,
  putBytes,
  putDouble,
  putFixed64,
  putRaw,
  putVarint,
  written,
} from './byte-writer.ts';
import { putNativeFields } from './native-fields.ts';
import { METRIC_TYPE, STALE, STALE_NAN_BITS, type WireSample } from './wire-sample.ts';
import { compareByBytes, varintBytes } from './wire-series.ts';

/** Tags: field number * 8 + wire type (prompb/remote.proto, prompb/types.proto). */
const TAG = {
  timeseries: 0x0a,
  metadata: 0x1a,
  sample: 0x12,
  exemplar: 0x1a,
  histogram: 0x22,
  label: 0x0a,
  value: 0x09,
  timestamp: 0x10,
  exemplarValue: 0x11,
  exemplarTimestamp: 0x18,
} as const;

const encoder = new TextEncoder();

export type EncodeV1 = (samples: readonly WireSample[]) => Uint8Array;

/** The answered bytes are valid until the next call: the buffer is used again. */
export function createEncoderV1(): EncodeV1 {
  const writer = createByteWriter();
  return (samples) => {
    writer.length = 0;
    for (const sample of samples) putTimeSeries(writer, sample);
    return written(writer);
  };
}

/** Metadata has a message of its own in 1.0; it names families, not series. */
export function encodeMetadataV1(families: Iterable<readonly [string, FamilyMetadata]>): Uint8Array {
  const writer = createByteWriter(4096);
  for (const [name, { kind, help, unit }] of families) {
    const mark = beginMessage(writer, TAG.metadata);
    putVarint(writer, 0x08);
    putVarint(writer, METRIC_TYPE[kind]);
    putBytes(writer, 0x12, encoder.encode(name));
    if (help !== '') putBytes(writer, 0x22, encoder.encode(help));
    if (unit !== '') putBytes(writer, 0x2a, encoder.encode(unit));
    endMessage(writer, mark);
  }
  return written(writer);
}

function putTimeSeries(writer: ByteWriter, sample: WireSample): void {
  const { series, value, timeMs, exemplars } = sample;
  const { labelFields } = series;
  if (typeof value === 'object' || exemplars.length > 0) {
    const mark = beginMessage(writer, TAG.timeseries);
    putRaw(writer, labelFields);
    if (typeof value !== 'object') putSample(writer, value, timeMs);
    for (const exemplar of exemplars) {
      const own = beginMessage(writer, TAG.exemplar);
      for (const { name, value: text } of exemplar.labels.toSorted((a, b) =>
        compareByBytes(a.name, b.name),
      )) {
        const label = beginMessage(writer, TAG.label);
        putBytes(writer, 0x0a, encoder.encode(name));
        putBytes(writer, 0x12, encoder.encode(text));
        endMessage(writer, label);
      }
      putDouble(writer, TAG.exemplarValue, exemplar.value);
      putVarint(writer, TAG.exemplarTimestamp);
      putVarint(writer, exemplar.timeMs);
      endMessage(writer, own);
    }
    if (typeof value === 'object') {
      const histogram = beginMessage(writer, TAG.histogram);
      putNativeFields(writer, value, { timeMs, startMs: 0 });
      endMessage(writer, histogram);
    }
    endMessage(writer, mark);
    return;
  }
  makeRoom(writer, 6);
  writer.bytes[writer.length++] = TAG.timeseries;
  putVarint(writer, labelFields.length + 2 + sampleBytes(timeMs));
  putRaw(writer, labelFields);
  putSample(writer, value, timeMs);
}

function sampleBytes(timeMs: number): number {
  return 9 + 1 + varintBytes(timeMs);
}

function putSample(writer: ByteWriter, value: number | typeof STALE, timeMs: number): void {
  makeRoom(writer, 2);
  writer.bytes[writer.length++] = TAG.sample;
  writer.bytes[writer.length++] = sampleBytes(timeMs);
  if (value === STALE) putFixed64(writer, TAG.value, STALE_NAN_BITS);
  else putDouble(writer, TAG.value, value);
  putVarint(writer, TAG.timestamp);
  putVarint(writer, timeMs);
}
