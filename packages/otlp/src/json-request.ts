/**
 * Converts an OTLP/JSON request to protobuf, driven by the schema. It takes what the specification's
 * mapping allows and, with a warning, what senders get wrong without harm: snake_case names, names of
 * enum values, the instrumentation library of OTLP before 0.15. A value of a wrong type refuses the request.
 */
import { SIGNALS, type Signal } from '@sluice/core/names';
import { OtlpFormatError } from './format-error.ts';
import { describeJson, JsonNotes } from './json-notes.ts';
import { writeScalar } from './json-scalars.ts';
import { parseJsonText } from './json-text.ts';
import { ProtoWriter } from './proto-writer.ts';
import { type FieldSchema, type MessageSchema, REQUEST_SCHEMA, SCHEMA } from './schema.ts';
import { wrongSignalMessage } from './validate.ts';
import { MAX_NESTING } from './wire.ts';

export interface ConvertedRequest {
  /** The request in protobuf. */
  readonly bytes: Uint8Array;
  readonly warnings: readonly string[];
  /** The first member below the top that OTLP does not know: worth telling when the request turns out empty. */
  readonly unknownPlace?: string;
}

/** Names of OTLP before 0.15, by the name that took their place. */
const LEGACY_NAMES: Readonly<Record<string, string>> = {
  scopeSpans: 'instrumentationLibrarySpans',
  scopeLogs: 'instrumentationLibraryLogs',
  scopeMetrics: 'instrumentationLibraryMetrics',
  scope: 'instrumentationLibrary',
};

interface NamedField {
  readonly field: FieldSchema;
  /** What to say about the name, if it is not the right one. */
  readonly warning?: string;
}

const fieldsByName = new Map<MessageSchema, ReadonlyMap<string, NamedField>>();

interface Conversion {
  readonly writer: ProtoWriter;
  readonly notes: JsonNotes;
}

/**
 * An id that is not hex does not refuse the request: it travels on in a form that validation rejects with
 * its item.
 *
 * @throws OtlpFormatError with a JSON path; `actual` is set when the body belongs to another signal.
 */
export function convertJsonRequest(signal: Signal, json: Uint8Array): ConvertedRequest {
  const request = parseJsonText(json);
  const schema = REQUEST_SCHEMA[signal];
  const conversion = { writer: new ProtoWriter(json.length), notes: new JsonNotes() };
  if (!isObject(request)) {
    throw conversion.notes.error(
      `the body must be one object with "${schema.fields[0]!.jsonName}", found ${describeJson(request)}`,
    );
  }
  refuseOtherSignal(signal, request);
  writeMessage(conversion, schema, request, 0);
  const { unknownPlace } = conversion.notes;
  return {
    bytes: conversion.writer.finish(),
    warnings: conversion.notes.warnings(),
    ...(unknownPlace === undefined ? {} : { unknownPlace }),
  };
}

function refuseOtherSignal(posted: Signal, request: Readonly<Record<string, unknown>>): void {
  const holds = (signal: Signal): boolean => {
    const { name, jsonName } = REQUEST_SCHEMA[signal].fields[0]!;
    return Object.hasOwn(request, jsonName) || Object.hasOwn(request, name);
  };
  if (holds(posted)) return;
  const actual = SIGNALS.find(holds);
  if (actual !== undefined)
    throw new OtlpFormatError(wrongSignalMessage(posted, actual), { path: '$', actual });
}

/** Writes the fields of one message; `depth` is the number of AnyValues around it. */
function writeMessage(
  conversion: Conversion,
  schema: MessageSchema,
  value: Readonly<Record<string, unknown>>,
  depth: number,
): void {
  const { notes } = conversion;
  const inside = schema === SCHEMA.AnyValue ? depth + 1 : depth;
  if (inside > MAX_NESTING) notes.fail(`attribute values nest deeper than ${MAX_NESTING} levels`);
  const fields = fieldsOf(schema);
  for (const name of Object.keys(value)) {
    const member = value[name];
    const named = fields.get(name);
    if (named === undefined) {
      if (
        schema === REQUEST_SCHEMA.traces ||
        schema === REQUEST_SCHEMA.logs ||
        schema === REQUEST_SCHEMA.metrics
      ) {
        notes.within(name, () => notes.warn('is not known to OTLP and is passed over'));
      } else notes.passOver(name);
      continue;
    }
    if (member === null) continue;
    notes.within(name, () => {
      if (named.warning !== undefined) notes.warn(named.warning);
      writeField(conversion, named.field, member, inside);
    });
  }
}

function writeField(conversion: Conversion, field: FieldSchema, value: unknown, depth: number): void {
  const { notes } = conversion;
  if (!field.repeated) {
    writeValue(conversion, field, value, depth);
    return;
  }
  if (!Array.isArray(value)) throw notes.error(`must be a list, found ${describeJson(value)}`);
  for (const [index, element] of value.entries()) {
    notes.within(index, () => writeValue(conversion, field, element, depth));
  }
}

function writeValue(conversion: Conversion, field: FieldSchema, value: unknown, depth: number): void {
  const { writer, notes } = conversion;
  if (field.message === undefined) {
    writeScalar(writer, field, value, notes);
    return;
  }
  if (!isObject(value)) throw notes.error(`must be an object, found ${describeJson(value)}`);
  const mark = writer.begin(field.number);
  writeMessage(conversion, field.message, value, depth);
  writer.end(mark);
}

function fieldsOf(schema: MessageSchema): ReadonlyMap<string, NamedField> {
  const existing = fieldsByName.get(schema);
  if (existing !== undefined) return existing;
  const fields = new Map<string, NamedField>();
  for (const field of schema.fields) {
    const { name, jsonName } = field;
    const legacy = LEGACY_NAMES[jsonName];
    if (legacy !== undefined) {
      const warning = `is the name of OTLP before 0.15, taken as "${jsonName}"; update the exporter`;
      fields.set(legacy, { field, warning });
      fields.set(
        legacy.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        { field, warning },
      );
    }
    fields.set(name, { field, warning: `is in snake_case; OTLP/JSON names it "${jsonName}"` });
    fields.set(jsonName, { field });
  }
  fieldsByName.set(schema, fields);
  return fields;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
