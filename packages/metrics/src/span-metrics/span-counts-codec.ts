/**
 * Counts of spans as bytes on the queue of metrics: some 20 bytes a group, where OTLP would take 600, most
 * of them bounds and label names that every group repeats.
 */
import { ByteReader, DamagedBytes } from '../codec/byte-reader.ts';
import { ByteWriter } from '../codec/byte-writer.ts';
import { packBytes, plainBytes, unpackBytes } from '../codec/pack-bytes.ts';
import { createTextTable, readTextTable } from '../codec/text-table.ts';
import {
  KIND_LABELS,
  LATENCY_BOUNDS,
  type ServiceCounts,
  type SpanExemplar,
  type SpanGroup,
  STATUS_LABELS,
} from './count-spans.ts';

const VERSION = 1;
const FORMS = KIND_LABELS.length * STATUS_LABELS.length;
const HAS_EXEMPLAR = 32;
const BUCKETS = LATENCY_BOUNDS.length + 1;
const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
/** Below this a queue takes one billed piece anyhow (SQS: 64 KB), so deflating is work for nothing. */
const PLAIN_UP_TO_BYTES = 16_384;

export function encodeSpanCounts(services: readonly ServiceCounts[], receivedAtMs: number): Uint8Array {
  const texts = createTextTable();
  const body = new ByteWriter(8192);
  body.uint(services.length);
  for (const { attributes, groups } of services) {
    body.uint(attributes.length);
    for (const { key, text } of attributes) {
      body.uint(texts.refer(key));
      body.uint(texts.refer(text));
    }
    body.uint(groups.length);
    for (const group of groups) {
      body.uint(texts.refer(group.spanName));
      writeGroup(body, group, receivedAtMs);
    }
  }
  const writer = new ByteWriter(body.length + 4096);
  writer.byte(VERSION);
  writer.uint(receivedAtMs);
  texts.write(writer);
  writer.raw(body.finish());
  const bytes = writer.finish();
  return bytes.length <= PLAIN_UP_TO_BYTES ? plainBytes(bytes) : packBytes(bytes);
}

/** @throws DamagedBytes */
export function decodeSpanCounts(packed: Uint8Array): readonly ServiceCounts[] {
  const reader = new ByteReader(unpackBytes(packed));
  const version = reader.byte();
  if (version !== VERSION) throw new DamagedBytes(`span counts of version ${version} are not known`);
  const receivedAtMs = reader.uint();
  const text = readTextTable(reader);
  return Array.from({ length: reader.count(2) }, () => ({
    attributes: Array.from({ length: reader.count(2) }, () => ({
      key: text(reader.uint()),
      text: text(reader.uint()),
    })),
    groups: Array.from({ length: reader.count(6) }, () =>
      readGroup(reader, text(reader.uint()), receivedAtMs),
    ),
  }));
}

function writeGroup(writer: ByteWriter, group: SpanGroup, receivedAtMs: number): void {
  const { kind, status, count, buckets, exemplar } = group;
  const form = kind * STATUS_LABELS.length + status;
  writer.byte(exemplar === undefined ? form : form + HAS_EXEMPLAR);
  writer.uint(count);
  writer.level(group.sumNanos);
  writer.int(receivedAtMs - group.timeMs);
  let mask = 0;
  for (let i = 0; i < BUCKETS; i++) if (buckets[i]! > 0) mask |= 1 << i;
  writer.uint(mask);
  // The last bucket has what is left of the count: with one bucket, nothing is to be written.
  let left = count;
  for (let i = 0; i < BUCKETS && left > 0; i++) {
    if (buckets[i]! === 0 || buckets[i]! === left) continue;
    writer.uint(buckets[i]!);
    left -= buckets[i]!;
  }
  if (exemplar !== undefined) writeExemplar(writer, exemplar);
}

function readGroup(reader: ByteReader, spanName: string, receivedAtMs: number): SpanGroup {
  const marked = reader.byte();
  const form = marked % HAS_EXEMPLAR;
  if (form >= FORMS || marked >= HAS_EXEMPLAR * 2)
    throw new DamagedBytes(`span group form ${marked} is not known`);
  const count = reader.uint();
  const sumNanos = Number(reader.level());
  const timeMs = receivedAtMs - reader.int();
  return {
    spanName,
    kind: Math.floor(form / STATUS_LABELS.length),
    status: form % STATUS_LABELS.length,
    count,
    sumNanos,
    timeMs,
    buckets: readBuckets(reader, count),
    exemplar: marked < HAS_EXEMPLAR ? undefined : readExemplar(reader),
  };
}

/** @throws DamagedBytes when the buckets do not add up to the count. */
function readBuckets(reader: ByteReader, count: number): readonly number[] {
  const mask = reader.uint();
  const last = 31 - Math.clz32(mask);
  if (last < 0 || last >= BUCKETS || mask > 2 ** BUCKETS)
    throw new DamagedBytes(`a mask of buckets is ${mask}`);
  const buckets = new Array<number>(BUCKETS).fill(0);
  let left = count;
  for (let i = 0; i < last; i++) {
    if (((mask >>> i) & 1) === 0) continue;
    const own = reader.uint();
    buckets[i] = own;
    left -= own;
  }
  if (left <= 0) throw new DamagedBytes('the buckets of a span group exceed its count');
  buckets[last] = left;
  return buckets;
}

function writeExemplar(writer: ByteWriter, { nanos, traceId, spanId }: SpanExemplar): void {
  writer.level(nanos);
  writer.raw(Buffer.from(traceId, 'hex'));
  writer.raw(Buffer.from(spanId, 'hex'));
}

function readExemplar(reader: ByteReader): SpanExemplar {
  const hex = (size: number): string => Buffer.from(reader.raw(size)).toString('hex');
  return { nanos: Number(reader.level()), traceId: hex(TRACE_ID_BYTES), spanId: hex(SPAN_ID_BYTES) };
}
