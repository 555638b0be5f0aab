/** Items of the Table port to DynamoDB's tagged attribute values and back. */
import type { AttributeValue as DynamoValue } from '@aws-sdk/client-dynamodb';
import { PermanentError } from '@sluice/core/errors';
import type { AttributeValue, Item } from '@sluice/core/ports/table';

/** The item must have passed `toStorableItem`: no undefined, no numbers out of range. */
export function toDynamoItem(item: Item): Record<string, DynamoValue> {
  return toDynamoMap(item as { readonly [name: string]: AttributeValue });
}

/** @throws PermanentError for types that Sluice never writes (sets). */
export function fromDynamoItem(item: Record<string, DynamoValue>): Item {
  return fromDynamoMap(item) as Item;
}

export function toDynamoValue(value: AttributeValue): DynamoValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  if (value === null) return { NULL: true };
  if (value instanceof Uint8Array) return { B: value };
  if (Array.isArray(value)) return { L: value.map(toDynamoValue) };
  return { M: toDynamoMap(value as { readonly [name: string]: AttributeValue }) };
}

export function fromDynamoValue(value: DynamoValue): AttributeValue {
  if (value.S !== undefined) return value.S;
  if (value.N !== undefined) return Number(value.N);
  if (value.BOOL !== undefined) return value.BOOL;
  if (value.NULL !== undefined) return null;
  if (value.B !== undefined) return value.B;
  if (value.L !== undefined) return value.L.map(fromDynamoValue);
  if (value.M !== undefined) return fromDynamoMap(value.M);
  throw new PermanentError(
    `the table holds a value of type ${Object.keys(value)[0]}, which Sluice does not write`,
  );
}

function toDynamoMap(map: { readonly [name: string]: AttributeValue }): Record<string, DynamoValue> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, toDynamoValue(value)]));
}

function fromDynamoMap(map: Record<string, DynamoValue>): { readonly [name: string]: AttributeValue } {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, fromDynamoValue(value)]));
}
