/**
 * Encodes a protobuf request as canonical OTLP/JSON: lowerCamelCase, ids in hex, 64-bit integers as
 * strings, enums as numbers, bytes in base64, defaults left out.
 */
import type { Signal } from '@sluice/core/names';
import { ProtoReader } from './proto-reader.ts';
import { type FieldSchema, type MessageSchema, REQUEST_SCHEMA, SCHEMA } from './schema.ts';
import { MAX_NESTING, WIRE } from './wire.ts';

type JsonObject = Record<string, unknown>;

/** @throws OtlpFormatError on malformed bytes. */
export function encodeJsonRequest(signal: Signal, bytes: Uint8Array): string {
  return JSON.stringify(toJsonRequest(signal, bytes));
}

/** As `encodeJsonRequest`, before it is text. */
export function toJsonRequest(signal: Signal, bytes: Uint8Array): JsonObject {
  const request: JsonObject = {};
  readMessage(new ProtoReader(bytes), REQUEST_SCHEMA[signal], request, 0);
  return request;
}

/** Reads into `target`, so that a message that comes in parts is merged; `depth` counts AnyValues. */
function readMessage(reader: ProtoReader, schema: MessageSchema, target: JsonObject, depth: number): void {
  if (depth > MAX_NESTING) reader.fail(`attribute values nest deeper than ${MAX_NESTING} levels`);
  const { byNumber, known } = indexOf(schema);
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const field = byNumber.get(tag >>> 3);
    const wireType = tag & 7;
    if (field !== undefined && wireType === WIRE_TYPES[field.type]) readField(reader, field, target, depth);
    else if (field?.repeated && wireType === WIRE.bytes) {
      reader.packed(() => readField(reader, field, target, depth));
    } else reader.skip(tag, known);
  }
}

function readField(reader: ProtoReader, field: FieldSchema, target: JsonObject, depth: number): void {
  const { jsonName, message, repeated, oneof } = field;
  if (oneof !== undefined) {
    // Another member of the oneof is replaced; the same one, if it is a message, is merged.
    for (const other of oneofMembers(field, target)) delete target[other];
  }
  if (message !== undefined) {
    const earlier = repeated ? undefined : (target[jsonName] as JsonObject | undefined);
    const value = earlier ?? {};
    const outer = reader.enter();
    readMessage(reader, message, value, message === SCHEMA.AnyValue ? depth + 1 : depth);
    reader.leave(outer);
    put(target, field, value);
    return;
  }
  const value = readScalar(reader, field);
  if (repeated || oneof !== undefined || field.optional || !isDefault(field, value))
    put(target, field, value);
  else delete target[jsonName];
}

function put(target: JsonObject, { jsonName, repeated }: FieldSchema, value: unknown): void {
  if (!repeated) target[jsonName] = value;
  else if (target[jsonName] === undefined) target[jsonName] = [value];
  else (target[jsonName] as unknown[]).push(value);
}

/** AnyValue and the points have no field outside their oneof with one of these names. */
function oneofMembers(field: FieldSchema, target: JsonObject): readonly string[] {
  return ONEOF_NAMES.get(field)!.filter((name) => name !== field.jsonName && Object.hasOwn(target, name));
}

const ONEOF_NAMES: ReadonlyMap<FieldSchema, readonly string[]> = new Map(
  Object.values(SCHEMA).flatMap(({ fields }) =>
    fields
      .filter(({ oneof }) => oneof !== undefined)
      .map((field) => [
        field,
        fields.filter(({ oneof }) => oneof === field.oneof).map(({ jsonName }) => jsonName),
      ]),
  ),
);

const WIRE_TYPES: Readonly<Record<FieldSchema['type'], number>> = {
  message: WIRE.bytes,
  string: WIRE.bytes,
  bytes: WIRE.bytes,
  id: WIRE.bytes,
  bool: WIRE.varint,
  enum: WIRE.varint,
  int32: WIRE.varint,
  uint32: WIRE.varint,
  sint32: WIRE.varint,
  int64: WIRE.varint,
  uint64: WIRE.varint,
  fixed64: WIRE.fixed64,
  sfixed64: WIRE.fixed64,
  double: WIRE.fixed64,
  fixed32: WIRE.fixed32,
};

function readScalar(reader: ProtoReader, { type }: FieldSchema): unknown {
  switch (type) {
    case 'string':
      return reader.string();
    case 'bytes': {
      const bytes = reader.byteString();
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
    }
    case 'id':
      return reader.hex();
    case 'bool':
      return reader.bool();
    case 'double':
      return toJsonDouble(reader.double());
    case 'enum':
    case 'int32':
      return reader.int32();
    case 'uint32':
      return reader.uint32();
    case 'sint32':
      return reader.sint32();
    case 'fixed32':
      return reader.fixed32();
    case 'int64':
      return String(reader.int64());
    case 'uint64':
      return String(reader.uint64());
    case 'fixed64':
      return String(reader.fixed64());
    case 'sfixed64':
      return String(reader.sfixed64());
    default:
      throw new TypeError(`${type} is not a scalar`);
  }
}

/** JSON has no infinities and JSON.stringify drops the sign of -0, which its text keeps. */
function toJsonDouble(value: number): number | string {
  return Number.isFinite(value) && !Object.is(value, -0)
    ? value
    : Object.is(value, -0)
      ? '-0'
      : String(value);
}

function isDefault({ type }: FieldSchema, value: unknown): boolean {
  if (type === 'string' || type === 'bytes' || type === 'id') return value === '';
  return value === 0 || value === '0' || value === false;
}

interface SchemaIndex {
  readonly byNumber: ReadonlyMap<number, FieldSchema>;
  /** One bit for each field number. */
  readonly known: number;
}

const indexes = new Map<MessageSchema, SchemaIndex>();

function indexOf(schema: MessageSchema): SchemaIndex {
  let index = indexes.get(schema);
  if (index === undefined) {
    index = {
      byNumber: new Map(schema.fields.map((field) => [field.number, field])),
      known: schema.fields.reduce((bits, { number }) => bits | (1 << number), 0),
    };
    indexes.set(schema, index);
  }
  return index;
}
