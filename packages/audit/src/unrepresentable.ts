/** The first place of a value that has no canonical form, or that lies too deep: told with its path, for the sender. */
import type { Json } from './canonical-json.ts';
import { EVENT_LIMITS } from './event.ts';
import { Rejection } from './field-reader.ts';

/** @throws Rejection */
export function checkValue(value: Json, path = '$', depth = 0): void {
  if (typeof value === 'string' && !value.isWellFormed())
    throw new Rejection(path, 'a text with half of a surrogate pair: it has no UTF-8 form');
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Rejection(path, 'a number that no double holds; send it as text');
  if (typeof value !== 'object' || value === null) return;
  if (depth >= EVENT_LIMITS.maxDepth)
    throw new Rejection(path, `nested deeper than ${EVENT_LIMITS.maxDepth} levels`);
  if (Array.isArray(value)) {
    for (const [i, entry] of value.entries()) checkValue(entry as Json, `${path}[${i}]`, depth + 1);
    return;
  }
  for (const [name, entry] of Object.entries(value)) {
    if (!name.isWellFormed())
      throw new Rejection(path, 'a name with half of a surrogate pair: it has no UTF-8 form');
    checkValue(entry, toPath(path, name), depth + 1);
  }
}

/** `$.a.b`, and `$["a b"]` where a name is no word. */
export function toPath(base: string, name: string): string {
  return /^\w{1,64}$/.test(name) ? `${base}.${name}` : `${base}[${JSON.stringify(name.slice(0, 64))}]`;
}
