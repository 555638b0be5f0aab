/**
 * The messages that an OTLP endpoint answers with, described for @bufbuild/protobuf, so that a decoder which
 * shares nothing with the code under test judges the answers.
 */
import { create, createFileRegistry, type DescMessage, fromBinary } from '@bufbuild/protobuf';
import {
  DescriptorProtoSchema,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import type { Signal } from '@sluice/core/names';

export interface DecodedStatus {
  readonly code: number;
  readonly message: string;
  /** From google.rpc.RetryInfo among the details. */
  readonly retryDelaySeconds?: number;
}

export interface DecodedExport {
  readonly hasPartialSuccess: boolean;
  readonly rejected: number;
  readonly message: string;
}

/** [field number, name, type]; a type in capitals is a message of this file, repeated with `*`. */
type FieldRow = readonly [number: number, name: string, type: string];

const SCHEMA: Readonly<Record<string, readonly FieldRow[]>> = {
  Status: [
    [1, 'code', 'int32'],
    [2, 'message', 'string'],
    [3, 'details', 'Any*'],
  ],
  Any: [
    [1, 'type_url', 'string'],
    [2, 'value', 'bytes'],
  ],
  RetryInfo: [[1, 'retry_delay', 'Duration']],
  Duration: [
    [1, 'seconds', 'int64'],
    [2, 'nanos', 'int32'],
  ],
  // The three signals differ in the name of the first field only.
  PartialSuccess: [
    [1, 'rejected', 'int64'],
    [2, 'error_message', 'string'],
  ],
  ExportResponse: [[1, 'partial_success', 'PartialSuccess']],
};

const SCALARS: Readonly<Record<string, FieldDescriptorProto_Type>> = {
  int32: FieldDescriptorProto_Type.INT32,
  int64: FieldDescriptorProto_Type.INT64,
  string: FieldDescriptorProto_Type.STRING,
  bytes: FieldDescriptorProto_Type.BYTES,
};

const registry = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: [
      create(FileDescriptorProtoSchema, {
        name: 'answers.proto',
        package: 'answers',
        syntax: 'proto3',
        messageType: Object.entries(SCHEMA).map(([name, rows]) =>
          create(DescriptorProtoSchema, { name, field: rows.map(toField) }),
        ),
      }),
    ],
  }),
);

export function decodeStatusMessage(bytes: Uint8Array): DecodedStatus {
  const status = decode('Status', bytes) as {
    code: number;
    message: string;
    details: { typeUrl: string; value: Uint8Array }[];
  };
  const info = status.details.find(({ typeUrl }) => typeUrl.endsWith('/google.rpc.RetryInfo'));
  const { code, message } = status;
  if (info === undefined) return { code, message };
  const { retryDelay } = decode('RetryInfo', info.value) as {
    retryDelay?: { seconds: bigint; nanos: number };
  };
  return {
    code,
    message,
    retryDelaySeconds: Number(retryDelay?.seconds ?? 0n) + (retryDelay?.nanos ?? 0) / 1e9,
  };
}

export function decodeExportMessage(bytes: Uint8Array): DecodedExport {
  const { partialSuccess } = decode('ExportResponse', bytes) as {
    partialSuccess?: { rejected: bigint; errorMessage: string };
  };
  return {
    hasPartialSuccess: partialSuccess !== undefined,
    rejected: Number(partialSuccess?.rejected ?? 0n),
    message: partialSuccess?.errorMessage ?? '',
  };
}

/** JSON names of the partial success counts (OTLP spec § Partial Success). */
export const REJECTED_FIELD: Readonly<Record<Signal, string>> = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
};

function decode(name: string, bytes: Uint8Array): unknown {
  const schema = registry.getMessage(`answers.${name}`) as DescMessage;
  const message = fromBinary(schema, bytes);
  if ((message.$unknown ?? []).length > 0) throw new Error(`the answer has fields that ${name} has not`);
  return message;
}

function toField([number, name, type]: FieldRow): FieldDescriptorProto {
  const base = type.replace('*', '');
  const scalar = SCALARS[base];
  return create(FieldDescriptorProtoSchema, {
    name,
    number,
    label: type.endsWith('*') ? FieldDescriptorProto_Label.REPEATED : FieldDescriptorProto_Label.OPTIONAL,
    ...(scalar === undefined
      ? { type: FieldDescriptorProto_Type.MESSAGE, typeName: `.answers.${base}` }
      : { type: scalar }),
  });
}
