/**
 * The JSON Canonicalization Scheme of RFC 8785: one byte sequence for one value, so that hashes of equal
 * events are equal. ECMAScript's own number and string forms are the ones the RFC asks for.
 */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** @throws TypeError for a number that JSON cannot hold, a lone surrogate, or a value that is no JSON. */
export function canonicalize(value: Json): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'boolean':
      return String(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`);
      return JSON.stringify(value);
    case 'object':
      if (value === null) return 'null';
      if (isArray(value)) return `[${value.map(canonicalize).join(',')}]`;
      return `{${Object.keys(value)
        .sort()
        .map((name) => `${quote(name)}:${canonicalize(value[name]!)}`)
        .join(',')}}`;
    default:
      throw new TypeError(`a ${typeof value} has no JSON form`);
  }
}

function quote(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('a string with a lone surrogate has no UTF-8 form');
  return JSON.stringify(text);
}

function isArray(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
