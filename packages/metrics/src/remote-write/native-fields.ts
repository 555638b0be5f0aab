/** The message Histogram, whose fields have the same numbers in remote write 1.0 and 2.0. */
import {
  type ByteWriter,
  beginMessage,
  endMessage,
  putDouble,
  putVarint,
  putVarint64,
  putZigzag,
} from './byte-writer.ts';
import type { NativeBuckets, NativeSample } from './native-histogram.ts';

/** Tags: field number * 8 + wire type. */
const TAG = {
  countInt: 0x08,
  sum: 0x19,
  schema: 0x20,
  zeroThreshold: 0x29,
  zeroCountInt: 0x30,
  negativeSpans: 0x42,
  negativeDeltas: 0x4a,
  positiveSpans: 0x5a,
  positiveDeltas: 0x62,
  timestamp: 0x78,
  startTimestamp: 17 * 8,
  spanOffset: 0x08,
  spanLength: 0x10,
} as const;

/** Writes the inside of a Histogram. */
export function putNativeFields(
  writer: ByteWriter,
  sample: NativeSample,
  { timeMs, startMs }: { readonly timeMs: number; readonly startMs: number },
): void {
  putVarint(writer, TAG.countInt);
  putVarint64(writer, sample.count);
  putDouble(writer, TAG.sum, sample.sum);
  putVarint(writer, TAG.schema);
  putZigzag(writer, BigInt(sample.schema));
  putDouble(writer, TAG.zeroThreshold, sample.zeroThreshold);
  putVarint(writer, TAG.zeroCountInt);
  putVarint64(writer, sample.zeroCount);
  putBuckets(writer, sample.negative, { spans: TAG.negativeSpans, deltas: TAG.negativeDeltas });
  putBuckets(writer, sample.positive, { spans: TAG.positiveSpans, deltas: TAG.positiveDeltas });
  putVarint(writer, TAG.timestamp);
  putVarint(writer, timeMs);
  if (startMs > 0) {
    putVarint(writer, TAG.startTimestamp);
    putVarint(writer, startMs);
  }
}

function putBuckets(
  writer: ByteWriter,
  { spans, deltas }: NativeBuckets,
  tags: { readonly spans: number; readonly deltas: number },
): void {
  for (const { offset, length } of spans) {
    const span = beginMessage(writer, tags.spans);
    putVarint(writer, TAG.spanOffset);
    putZigzag(writer, BigInt(offset));
    putVarint(writer, TAG.spanLength);
    putVarint(writer, length);
    endMessage(writer, span);
  }
  if (deltas.length === 0) return;
  const packed = beginMessage(writer, tags.deltas);
  for (const delta of deltas) putZigzag(writer, delta);
  endMessage(writer, packed);
}
