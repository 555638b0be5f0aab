/**
 * The schema table as descriptors for @bufbuild/protobuf: an independent full decoder that walkers and
 * decoders are compared with, and that judges answers in conformance tests.
 */
import { create, createFileRegistry, type DescMessage, fromBinary, type Message } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  EnumDescriptorProtoSchema,
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';
import type { Signal } from '@sluice/core/names';
import { type FieldSchema, type MessageSchema, REQUEST_SCHEMA, SCHEMA } from '../schema.ts';

const PACKAGE = 'otlp';

const SCALAR_TYPES: Readonly<Record<Exclude<FieldSchema['type'], 'message' | 'enum'>, Type>> = {
  string: Type.STRING,
  bytes: Type.BYTES,
  id: Type.BYTES,
  bool: Type.BOOL,
  int64: Type.INT64,
  uint64: Type.UINT64,
  fixed64: Type.FIXED64,
  sfixed64: Type.SFIXED64,
  double: Type.DOUBLE,
  int32: Type.INT32,
  uint32: Type.UINT32,
  sint32: Type.SINT32,
  fixed32: Type.FIXED32,
};

const registry = createFileRegistry(buildFile(), () => undefined);

export function descriptorOf(schema: MessageSchema): DescMessage {
  const descriptor = registry.getMessage(`${PACKAGE}.${schema.name}`);
  if (descriptor === undefined) throw new Error(`no descriptor of ${schema.name}`);
  return descriptor;
}

/** Deep enough that our own cap on attribute values is met first. */
const RECURSION_LIMIT = 1000;

/** @throws whatever the decoder throws on malformed bytes. */
export function decodeWithOracle(signal: Signal, bytes: Uint8Array): Message {
  return fromBinary(descriptorOf(REQUEST_SCHEMA[signal]), bytes, { recursionLimit: RECURSION_LIMIT });
}

function buildFile() {
  const enums = new Map<string, readonly string[]>();
  for (const { fields } of Object.values(SCHEMA)) {
    for (const { enumName, values } of fields) {
      if (enumName !== undefined && values !== undefined) enums.set(enumName, [...values.keys()]);
    }
  }
  return create(FileDescriptorProtoSchema, {
    name: 'otlp.proto',
    package: PACKAGE,
    syntax: 'proto3',
    messageType: Object.values(SCHEMA).map(toMessage),
    enumType: [...enums].map(([name, values]) =>
      create(EnumDescriptorProtoSchema, {
        name,
        value: values.map((value, number) => ({ name: value, number })),
      }),
    ),
  });
}

function toMessage({ name, fields }: MessageSchema): DescriptorProto {
  const oneofs = [...new Set(fields.flatMap(({ oneof }) => oneof ?? []))];
  const optional = fields.filter((field) => field.optional);
  return create(DescriptorProtoSchema, {
    name,
    field: fields.map((field) => toField(field, oneofs, optional)),
    // proto3 keeps the presence of an optional field as a oneof of one.
    oneofDecl: [...oneofs, ...optional.map((field) => `_${field.name}`)].map((oneof) => ({ name: oneof })),
  });
}

function toField(
  field: FieldSchema,
  oneofs: readonly string[],
  optional: readonly FieldSchema[],
): FieldDescriptorProto {
  const { number, name, jsonName, type, message, enumName, repeated, oneof } = field;
  const typeName = message?.name ?? enumName;
  return create(FieldDescriptorProtoSchema, {
    name,
    number,
    jsonName,
    label: repeated ? Label.REPEATED : Label.OPTIONAL,
    type: type === 'message' ? Type.MESSAGE : type === 'enum' ? Type.ENUM : SCALAR_TYPES[type],
    ...(typeName === undefined ? {} : { typeName: `.${PACKAGE}.${typeName}` }),
    ...(oneof === undefined ? {} : { oneofIndex: oneofs.indexOf(oneof) }),
    ...(field.optional ? { proto3Optional: true, oneofIndex: oneofs.length + optional.indexOf(field) } : {}),
  });
}
