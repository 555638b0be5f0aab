/**
 * What DynamoDB takes as an item and how it counts bytes, checked before a write in every adapter, so
 * that local mode refuses what the cloud would.
 */
import { PermanentError } from '@sluice/core/errors';
import { type AttributeValue, type Item, type Key, TABLE_LIMITS } from '@sluice/core/ports/table';

/** Nesting, number range: DynamoDB quotas and "Supported data types". */
const MAX_DEPTH = 32;
const MAX_NUMBER = 9.99e125;
const MIN_NUMBER = 1e-130;

/** @throws PermanentError for an empty, too long or ill-formed key part. */
export function checkKey({ pk, sk }: Key): void {
  checkKeyPart('pk', pk);
  checkKeyPart('sk', sk);
}

/** The item without its undefined attributes and with -0 as 0. @throws PermanentError naming the attribute and the limit. */
export function toStorableItem(item: Item): Item {
  checkKey(item);
  const { expiresAt } = item;
  if (expiresAt !== undefined && !Number.isSafeInteger(expiresAt)) {
    throw new PermanentError(`expiresAt ${expiresAt} is not a whole number of epoch seconds`);
  }
  const clean = toStorableMap(item, 'item', 0) as Item;
  const bytes = itemBytes(clean);
  if (bytes > TABLE_LIMITS.maxItemBytes) {
    throw new PermanentError(
      `item ${item.pk}/${item.sk} has ${bytes} bytes; the limit is ${TABLE_LIMITS.maxItemBytes}`,
    );
  }
  return clean;
}

/** @throws PermanentError when `attribute` cannot be counted on or `delta` cannot be stored. */
export function checkAddition(attribute: string, delta: number): void {
  if (attribute === '' || attribute === 'pk' || attribute === 'sk' || attribute === 'expiresAt') {
    throw new PermanentError(`attribute ${JSON.stringify(attribute)} cannot be added to`);
  }
  toStorable(delta, attribute, 0);
}

/** Bytes as DynamoDB counts them: names and values (DynamoDB § Item sizes and formats). */
export function itemBytes(item: Item): number {
  let bytes = 0;
  for (const name of Object.keys(item)) {
    const value = item[name];
    if (value !== undefined) bytes += Buffer.byteLength(name) + valueBytes(value);
  }
  return bytes;
}

function valueBytes(value: AttributeValue): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return numberBytes(value);
  if (typeof value === 'boolean' || value === null) return 1;
  if (value instanceof Uint8Array) return value.byteLength;
  if (isList(value)) return value.reduce<number>((sum, entry) => sum + 1 + valueBytes(entry), 3);
  return Object.entries(value).reduce(
    (sum, [name, entry]) => sum + 1 + Buffer.byteLength(name) + valueBytes(entry),
    3,
  );
}

/** One byte for two significant digits, one more, and one for a minus sign. */
function numberBytes(value: number): number {
  const digits = value.toExponential().replace(/e.*$/, '').replaceAll(/[-.]/g, '').length;
  return Math.ceil(digits / 2) + 1 + (value < 0 ? 1 : 0);
}

function checkKeyPart(name: 'pk' | 'sk', value: unknown): void {
  if (typeof value !== 'string' || value === '' || !value.isWellFormed()) {
    throw new PermanentError(`key part ${name} is not a non-empty text`);
  }
  const bytes = Buffer.byteLength(value);
  if (bytes > TABLE_LIMITS.maxKeyBytes) {
    throw new PermanentError(`key part ${name} has ${bytes} bytes; the limit is ${TABLE_LIMITS.maxKeyBytes}`);
  }
}

function toStorableMap(
  map: Readonly<Record<string, AttributeValue | undefined>>,
  path: string,
  depth: number,
): { readonly [name: string]: AttributeValue } {
  const clean: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(map)) {
    if (value !== undefined) clean[name] = toStorable(value, `${path}.${name}`, depth + 1);
  }
  return clean;
}

function toStorable(value: AttributeValue, path: string, depth: number): AttributeValue {
  if (depth > MAX_DEPTH) throw new PermanentError(`${path} is nested deeper than ${MAX_DEPTH} levels`);
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new PermanentError(`${path} is not well-formed Unicode`);
    return value;
  }
  if (typeof value === 'number') {
    const size = Math.abs(value);
    if (!(size <= MAX_NUMBER) || (size !== 0 && size < MIN_NUMBER)) {
      throw new PermanentError(`${path} = ${value} is not a number that DynamoDB can hold`);
    }
    return value === 0 ? 0 : value;
  }
  if (typeof value === 'boolean' || value === null || value instanceof Uint8Array) return value;
  if (isList(value)) return value.map((entry, index) => toStorable(entry, `${path}[${index}]`, depth + 1));
  if (typeof value === 'object') return toStorableMap(value, path, depth);
  throw new PermanentError(`${path} is a ${typeof value}, which a table cannot hold`);
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(value: AttributeValue): value is readonly AttributeValue[] {
  return Array.isArray(value);
}
