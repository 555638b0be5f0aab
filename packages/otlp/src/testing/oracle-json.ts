/** A message of the full decoder as canonical OTLP/JSON, to compare our own encoder with. */
import type { FieldSchema, MessageSchema } from '../schema.ts';

type Decoded = Readonly<Record<string, unknown>>;

export function toOracleJson(schema: MessageSchema, message: unknown): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const field of schema.fields) {
    const value = readValue(message as Decoded, field);
    if (value === undefined) continue;
    if (!field.repeated) json[field.jsonName] = toJson(field, value);
    else if ((value as unknown[]).length > 0) {
      json[field.jsonName] = (value as unknown[]).map((element) => toJson(field, element));
    }
  }
  return json;
}

/** `undefined` for what canonical JSON leaves out. */
function readValue(message: Decoded, field: FieldSchema): unknown {
  if (field.oneof !== undefined) {
    const { case: member, value } = message[field.oneof] as { case?: string; value?: unknown };
    return member === field.jsonName ? value : undefined;
  }
  const value = message[field.jsonName];
  if (field.repeated || field.optional || field.message !== undefined) return value;
  if (value instanceof Uint8Array) return value.length === 0 ? undefined : value;
  if (Object.is(value, -0)) return value;
  return value === 0 || value === 0n || value === '' || value === false ? undefined : value;
}

function toJson({ type, message }: FieldSchema, value: unknown): unknown {
  if (message !== undefined) return toOracleJson(message, value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString(type === 'id' ? 'hex' : 'base64');
  if (typeof value === 'number' && Object.is(value, -0)) return '-0';
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
