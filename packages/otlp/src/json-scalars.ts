/** Writes one scalar of an OTLP/JSON request as its protobuf field. */
import { describeJson, type JsonNotes } from './json-notes.ts';
import type { ProtoWriter } from './proto-writer.ts';
import type { FieldSchema } from './schema.ts';

interface Range {
  readonly least: bigint;
  readonly most: bigint;
}

const INT32: Range = { least: -(2n ** 31n), most: 2n ** 31n - 1n };
const UINT32: Range = { least: 0n, most: 2n ** 32n - 1n };
const INT64: Range = { least: -(2n ** 63n), most: 2n ** 63n - 1n };
const UINT64: Range = { least: 0n, most: 2n ** 64n - 1n };

const RANGES: Readonly<Partial<Record<FieldSchema['type'], Range>>> = {
  enum: INT32,
  int64: INT64,
  sfixed64: INT64,
  uint64: UINT64,
  fixed64: UINT64,
  sint32: INT32,
  int32: INT32,
  uint32: UINT32,
  fixed32: UINT32,
};

/** Standard or URL-safe alphabet, padded or not. */
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const HEX = /^(?:[0-9a-fA-F]{2})*$/;
const WHOLE = /^-?\d+$/;
const DECIMAL = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

const MAX_WRONG_ID_CHARS = 48;

/**
 * Where zero and absence mean the same, nothing is written (proto3 § implicit presence): senders that spell
 * zeros out and senders that leave them out give equal bytes for equal items.
 */
export function writeScalar(writer: ProtoWriter, field: FieldSchema, value: unknown, notes: JsonNotes): void {
  const { number, type, repeated, optional, oneof } = field;
  const keepsZero = repeated || optional || oneof !== undefined;
  if (type === 'string') {
    const text = toText(value, notes, 'a string');
    if (keepsZero || text !== '') writer.string(number, text);
  } else if (type === 'bool') {
    const flag = toBool(value, notes);
    if (keepsZero || flag) writer.bool(number, flag);
  } else if (type === 'double') {
    const double = toDouble(value, notes);
    if (keepsZero || !Object.is(double, 0)) writer.double(number, double);
  } else if (type === 'bytes') {
    const bytes = toBytes(value, notes);
    if (keepsZero || bytes.length > 0) writer.bytes(number, bytes);
  } else if (type === 'id') {
    const id = toId(value, notes);
    if (id.length > 0) writer.bytes(number, id);
  } else {
    const whole = type === 'enum' ? toEnum(value, field, notes) : toWhole(value, RANGES[type]!, notes);
    if (keepsZero || whole !== 0n) writeWhole(writer, field, whole);
  }
}

function writeWhole(writer: ProtoWriter, { number, type }: FieldSchema, whole: bigint): void {
  if (type === 'int64' || type === 'uint64' || type === 'int32' || type === 'enum')
    writer.int64(number, whole);
  else if (type === 'sfixed64' || type === 'fixed64') writer.fixed64(number, whole);
  else if (type === 'sint32') writer.sint32(number, Number(whole));
  else if (type === 'uint32') writer.uint(number, Number(whole));
  else writer.fixed32(number, Number(whole));
}

function toBool(value: unknown, notes: JsonNotes): boolean {
  return typeof value === 'boolean'
    ? value
    : notes.fail(`must be true or false, found ${describeJson(value)}`);
}

function toText(value: unknown, notes: JsonNotes, wanted: string): string {
  return typeof value === 'string' ? value : notes.fail(`must be ${wanted}, found ${describeJson(value)}`);
}

function toDouble(value: unknown, notes: JsonNotes): number {
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  if (!isNumber && !(typeof value === 'string' && DECIMAL.test(value))) {
    notes.fail(`must be a number, "NaN", "Infinity" or "-Infinity", found ${describeJson(value)}`);
  }
  const double = Number(value);
  if (Number.isFinite(double)) return double;
  return notes.fail('is a number beyond what a double can hold; infinity is written as "Infinity"');
}

function toWhole(value: unknown, { least, most }: Range, notes: JsonNotes): bigint {
  let whole: bigint | undefined;
  if (typeof value === 'bigint') whole = value;
  else if (typeof value === 'number' && Number.isInteger(value)) whole = BigInt(value);
  else if (typeof value === 'string') whole = toWholeFromText(value);
  if (whole === undefined) {
    return notes.fail(`must be a whole number, or one in a string, found ${describeJson(value)}`);
  }
  if (whole >= least && whole <= most) return whole;
  return notes.fail(`must lie between ${least} and ${most}, found ${describeJson(value)}`);
}

/** `"1e3"` and `"2.0"` are whole as well (protobuf's JSON mapping reads a string as it reads a number). */
function toWholeFromText(text: string): bigint | undefined {
  if (WHOLE.test(text)) return text.length <= 21 ? BigInt(text) : undefined;
  const number = DECIMAL.test(text) ? Number(text) : Number.NaN;
  return Number.isInteger(number) ? BigInt(number) : undefined;
}

function toEnum(value: unknown, { enumName = '', values }: FieldSchema, notes: JsonNotes): bigint {
  if (typeof value !== 'string' || WHOLE.test(value)) return toWhole(value, INT32, notes);
  const number = values?.get(value);
  if (number === undefined) {
    return notes.fail(`${JSON.stringify(value.slice(0, 60))} is not a value of ${enumName}; send its number`);
  }
  notes.warn('is the name of an enum value; OTLP/JSON wants its number');
  return BigInt(number);
}

function toBytes(value: unknown, notes: JsonNotes): Uint8Array {
  const text = toText(value, notes, 'bytes in base64');
  if (!BASE64.test(text) || text.replace(/=+$/, '').length % 4 === 1) {
    notes.fail(`must be bytes in base64, found ${describeJson(value)}`);
  }
  return Buffer.from(text, 'base64');
}

/**
 * What is not hex becomes its own text, at a length that no id has: validation then rejects the item, and
 * that one only, and shows the text.
 */
function toId(value: unknown, notes: JsonNotes): Uint8Array {
  const text = toText(value, notes, 'an id in hex digits');
  if (HEX.test(text)) return Buffer.from(text, 'hex');
  notes.warn(
    'is not an id in hex; OTLP/JSON writes trace and span ids as hex, not base64',
    `${JSON.stringify(text.slice(0, MAX_WRONG_ID_CHARS))} `,
  );
  const shown = Buffer.from(text.slice(0, MAX_WRONG_ID_CHARS));
  return shown.length === 8 || shown.length === 16 ? Buffer.concat([shown, Buffer.from('?')]) : shown;
}
