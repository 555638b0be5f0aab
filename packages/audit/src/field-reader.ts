/**
 * Reads an untrusted object name by name and remembers what was read, so that what nobody asked for can be kept
 * instead of being dropped.
 */
import type { Json } from './canonical-json.ts';
import { EVENT_LIMITS } from './event.ts';

/** Why an event is not taken: where, what, and the remedy. */
export class Rejection extends Error {
  readonly path: string;
  constructor(path: string, reason: string) {
    super(reason);
    this.path = path;
  }
}

export interface FieldReader {
  readonly base: string;
  /** The value as it is; `null` is absence. */
  take(name: string): Json | undefined;
  /** The first of the names that is set. Numbers become text: ids are often numbers in JSON. @throws Rejection */
  text(...names: readonly string[]): string | undefined;
  /** Counts those of the names as read that say nothing but `text`. */
  drop(names: readonly string[], text: string): void;
  /** What was not read and says something that was not said under another name. */
  unread(): { readonly [name: string]: Json };
}

/** @throws Rejection when `value` is no object */
export function createFieldReader(value: Json | undefined, base: string): FieldReader {
  const fields = toRecord(value, base);
  const read = new Set<string>();
  // Said twice in the same words is said once.
  const drop = (names: readonly string[], text: string): void => {
    for (const name of names) if (String(fields[name]) === text) read.add(name);
  };
  return {
    base,
    take(name) {
      read.add(name);
      return fields[name] ?? undefined;
    },
    text(...names) {
      const [first, ...others] = names.filter((name) => isSet(fields[name]));
      if (first === undefined) return undefined;
      const found = toText(fields[first]!, first, base);
      read.add(first);
      drop(others, found);
      return found;
    },
    drop,
    unread: () =>
      Object.fromEntries(Object.entries(fields).filter(([name, entry]) => !read.has(name) && isSet(entry))),
  };
}

/** @throws Rejection */
export function toRecord(value: Json | undefined, path: string): Readonly<Record<string, Json>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Rejection(path, `${describe(value)} where an object is expected`);
  }
  return value as Readonly<Record<string, Json>>;
}

function isSet(value: Json | undefined): boolean {
  return value !== undefined && value !== null && value !== '';
}

function toText(value: Json, name: string, base: string): string {
  const path = `${base}.${name}`;
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new Rejection(path, `${describe(value)} where text is expected`);
  const text = String(value);
  const limit = /description|message/.test(name)
    ? EVENT_LIMITS.maxDescriptionChars
    : EVENT_LIMITS.maxFieldChars;
  if (text.length > limit) throw new Rejection(path, `${text.length} characters; at most ${limit} are taken`);
  return text;
}

function describe(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
