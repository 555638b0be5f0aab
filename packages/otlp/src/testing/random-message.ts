/**
 * Random messages of a schema as no SDK would write them but every decoder must read them: fields in any
 * order and repeated, singular messages in parts, packed and unpacked lists, long varints, unknown fields
 * and groups. Ids and times are mostly sound, so that most items are.
 */
import type { Random } from '@sluice/core/testing/random';
import { ProtoWriter } from '../proto-writer.ts';
import { type FieldSchema, type MessageSchema, SCHEMA } from '../schema.ts';
import { WIRE } from '../wire.ts';
import { randomBytes } from './requests.ts';

const TEXTS = [
  '',
  'a',
  'service.name',
  'GET /api/{id}',
  'größe',
  '日本語',
  '😀 done',
  'x'.repeat(300),
  'é'.repeat(150),
];
/** One of each way in which bytes are not UTF-8; as part of a short text and of a long one. */
const WRONG_TEXTS = [
  '80',
  'c080',
  'c3',
  'e08080',
  'e282',
  'eda080',
  'f0808080',
  'f09f98',
  'f4908080',
  'f5808080',
  'ff',
]
  .map((hex) => Buffer.from(hex, 'hex'))
  .flatMap((wrong) => [wrong, Buffer.concat([Buffer.alloc(255, 'x'), wrong])]);
const NUMBERS = [0, 1, 127, 128, 300, 2 ** 31 - 1, 2 ** 32 - 1];
const LONGS = [0n, 1n, -1n, 127n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
const DOUBLES = [0, -0, 0.5, 1, 2.5, -3.25, 1e300, Number.NaN, Number.POSITIVE_INFINITY];
const NOW_NANO = 1_767_225_600_000_000_000n;

/** Randomness, and whether a message may be malformed here and there. */
interface Source extends Random {
  readonly faults: boolean;
}

/** With `faults` some messages hold text that is not UTF-8, a varint too long or values nested too deep. */
export function makeRandomMessage(
  schema: MessageSchema,
  random: Random,
  { faults = false } = {},
): Uint8Array {
  const writer = new ProtoWriter(256);
  writeMessage(writer, schema, { ...random, faults }, 0);
  return writer.finish();
}

function writeMessage(writer: ProtoWriter, schema: MessageSchema, random: Source, depth: number): void {
  const fields = shuffle(schema.fields, random);
  for (const field of fields) {
    if (!isWritten(field, schema, random, depth)) continue;
    const times = field.repeated
      ? random.pick([1, 1, 1, 2])
      : random.chance(field.message === undefined ? 0.04 : field.oneof === undefined ? 0.1 : 0.25)
        ? 2
        : 1;
    for (let i = 0; i < times; i++) writeField(writer, field, random, depth);
    if (random.chance(0.02)) writeUnknown(writer, random, 0);
  }
}

function isWritten(field: FieldSchema, schema: MessageSchema, random: Source, depth: number): boolean {
  if (field.type === 'id' || field.name.endsWith('time_unix_nano')) return random.chance(0.95);
  if (field.name === 'aggregation_temporality') return random.chance(0.95);
  if (schema === SCHEMA.Metric && field.name === 'name') return random.chance(0.97);
  if (field.oneof === 'data') return random.chance(0.25);
  if (schema === SCHEMA.AnyValue) {
    return random.chance(field.message === undefined ? 0.2 : depth > 12 ? 0 : 0.08);
  }
  // The way down to the items is nearly always there, the rest only now and then.
  if (field.name.startsWith('resource_') || field.name.startsWith('scope_')) return random.chance(0.97);
  if (['spans', 'log_records', 'metrics', 'data_points'].includes(field.name)) return random.chance(0.97);
  return random.chance(field.message === undefined ? 0.5 : 0.2);
}

function writeField(writer: ProtoWriter, field: FieldSchema, random: Source, depth: number): void {
  const { number, type, message, repeated } = field;
  if (message === SCHEMA.AnyValue && random.faults && random.chance(0.006)) {
    writeDeepValue(writer, number, 99 + random.below(3));
    return;
  }
  if (message !== undefined) {
    const mark = writer.begin(number);
    writeMessage(writer, message, random, depth + 1);
    writer.end(mark);
    return;
  }
  if (repeated && type !== 'string' && random.chance(0.7)) {
    writePacked(writer, field, random);
    return;
  }
  if (type === 'string' && random.faults && random.chance(0.003))
    writer.bytes(number, random.pick(WRONG_TEXTS));
  else if (type === 'string') writer.string(number, random.pick(TEXTS));
  else if (type === 'bytes') writer.bytes(number, randomBytes(random, 1 + random.below(20)));
  else if (type === 'id') writer.bytes(number, randomId(field, random));
  else if (type === 'double') writer.double(number, random.pick(DOUBLES));
  else if (type === 'fixed64' || type === 'sfixed64') writer.fixed64(number, randomFixed(field, random));
  else if (type === 'fixed32') writer.fixed32(number, random.pick(NUMBERS));
  else if (type === 'int64' || type === 'uint64') writer.int64(number, random.pick(LONGS));
  else if (type === 'enum')
    writer.uint(number, random.chance(0.05) ? random.pick([0, 3, 2 ** 32 - 1]) : 1 + random.below(2));
  else if (random.chance(0.1)) writeLongVarint(writer, number, random);
  else if (type === 'bool') writer.bool(number, random.chance(0.5));
  else writer.uint(number, random.pick(NUMBERS));
}

function writePacked(writer: ProtoWriter, { number, type }: FieldSchema, random: Source): void {
  const size = random.below(4);
  if (type === 'double') writer.packedDouble(number, [0.5, 1, 2.5, 10].slice(0, size));
  else if (type === 'fixed64')
    writer.packedFixed64(
      number,
      Array.from({ length: size + 1 }, () => BigInt(random.below(9))),
    );
  else
    writer.packedUint64(
      number,
      Array.from({ length: size }, () => random.pick(LONGS)),
    );
}

function randomId({ name }: FieldSchema, random: Source): Uint8Array {
  const size = name === 'trace_id' ? 16 : 8;
  if (random.chance(0.97)) return randomBytes(random, size);
  return random.pick([
    new Uint8Array(size),
    new Uint8Array(0),
    randomBytes(random, size - 1),
    randomBytes(random, 32),
  ]);
}

function randomFixed({ name }: FieldSchema, random: Source): bigint {
  if (name.endsWith('time_unix_nano')) {
    return random.chance(0.03) ? 0n : NOW_NANO + BigInt(random.below(2 ** 31) - 2 ** 30);
  }
  return random.chance(0.1) ? random.pick(LONGS) : BigInt(random.below(9));
}

/** An AnyValue of so many levels of arrays, the last one empty. */
function writeDeepValue(writer: ProtoWriter, field: number, levels: number): void {
  const marks = [writer.begin(field)];
  for (let level = 1; level < levels; level++) marks.push(writer.begin(5), writer.begin(1));
  for (const mark of marks.reverse()) writer.end(mark);
}

/** A varint with needless bytes, which decoders take as they take the shortest form, up to ten. */
function writeLongVarint(writer: ProtoWriter, field: number, random: Source): void {
  writer.tag(field, WIRE.varint);
  const bytes = randomBytes(random, random.faults && random.chance(0.02) ? 11 : 1 + random.below(10)).map(
    (byte) => byte | 0x80,
  );
  bytes[bytes.length - 1]! &= 0x7f;
  writer.raw(bytes);
}

function writeUnknown(writer: ProtoWriter, random: Source, depth: number): void {
  const field = random.pick([17, 31, 99, 1000, 2 ** 29 - 1]);
  const kind = random.below(depth < 3 ? 5 : 4);
  if (kind === 0) writer.int64(field, random.pick(LONGS));
  else if (kind === 1) writer.fixed64(field, random.pick(LONGS));
  else if (kind === 2) writer.bytes(field, randomBytes(random, random.below(9)));
  else if (kind === 3) writer.fixed32(field, random.pick(NUMBERS));
  else {
    writer.tag(field, WIRE.startGroup);
    for (let i = random.below(3); i > 0; i--) writeUnknown(writer, random, depth + 1);
    writer.tag(field, WIRE.endGroup);
  }
}

function shuffle<T>(values: readonly T[], random: Source): readonly T[] {
  const shuffled = [...values];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
}
