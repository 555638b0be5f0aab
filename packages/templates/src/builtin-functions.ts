/** The functions that every Go template has. `and` and `or` are in the executor, which skips arguments. */
import { printValue, sprintf } from './go-print.ts';
import { type GoFunction, GoMap, type GoValue, isTruthy, typeName } from './go-value.ts';

export const BUILTIN_FUNCTIONS: Readonly<Record<string, GoFunction>> = {
  and: () => undefined,
  or: () => undefined,
  not: (value) => !isTruthy(value),
  len(value) {
    if (typeof value === 'string') return BigInt(Buffer.byteLength(value));
    if (value instanceof GoMap) return BigInt(value.entries.size);
    if (Array.isArray(value)) return BigInt(value.length);
    throw new Error(`len of type ${typeName(value)}`);
  },
  index: (value, ...keys) => keys.reduce(itemAt, value),
  slice(value, from = 0n, to) {
    const start = Number(from);
    if (typeof value === 'string') {
      const bytes = Buffer.from(value);
      return bytes.subarray(...checkedRange(start, to, bytes.length)).toString();
    }
    if (Array.isArray(value))
      return (value as readonly GoValue[]).slice(...checkedRange(start, to, value.length));
    throw new Error(`can't slice item of type ${typeName(value)}`);
  },
  print: (...values) => sprint(values),
  printf: (format, ...values) => sprintf(String(format), values),
  println: (...values) => `${values.map((value) => printValue(value, { isNested: true })).join(' ')}\n`,
  html: (...values) => escapeHtml(sprint(values)),
  js: (...values) => escapeJs(sprint(values)),
  urlquery: (...values) => queryEscape(sprint(values)),
  eq(first, ...others) {
    if (others.length === 0) throw new Error('missing argument for comparison');
    return others.some((other) => isEqual(first, other));
  },
  ne: (a, b) => !isEqual(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  call(callee, ...args) {
    if (typeof callee !== 'function') throw new Error(`non-function of type ${typeName(callee)}`);
    return callee(...args);
  },
};

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"'\0]/g, (character) => HTML_ENTITIES[character]!);
}

/** What html/template prints for an action in text: `+` is escaped as well. */
export function escapeHtmlText(text: string): string {
  return escapeHtml(text).replaceAll('+', '&#43;');
}

const HTML_ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
  '\0': '\uFFFD',
};

/** `url.QueryEscape`: blanks become `+`. */
export function queryEscape(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll('%20', '+')
    .replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function escapeJs(text: string): string {
  return text.replaceAll(/[\\'"<>&=\p{Cc}]/gu, (character) => {
    if (character === '\\' || character === "'" || character === '"') return `\\${character}`;
    return `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

/** `fmt.Sprint`: a blank between neighbours that are both no strings. */
function sprint(values: readonly GoValue[]): string {
  return values
    .map((value, index) => {
      const gap = index > 0 && typeof value !== 'string' && typeof values[index - 1] !== 'string' ? ' ' : '';
      return gap + printValue(value, { isNested: true });
    })
    .join('');
}

function itemAt(value: GoValue, key: GoValue): GoValue {
  if (value === null || value === undefined) throw new Error('index of untyped nil');
  if (value instanceof GoMap) {
    const text = String(key);
    return value.entries.has(text) ? value.entries.get(text) : value.zero;
  }
  const isText = typeof value === 'string';
  if (!isText && !Array.isArray(value)) throw new Error(`can't index item of type ${typeName(value)}`);
  if (typeof key !== 'bigint') throw new Error(`cannot index slice/array with type ${typeName(key)}`);
  const items: readonly GoValue[] = isText
    ? [...Buffer.from(value)].map(BigInt)
    : (value as readonly GoValue[]);
  if (key < 0n || key >= BigInt(items.length)) throw new Error(`index out of range: ${key}`);
  return items[Number(key)];
}

function checkedRange(from: number, to: GoValue, length: number): [number, number] {
  const end = to === undefined ? length : Number(to);
  if (from < 0 || from > length) throw new Error(`index out of range: ${from}`);
  if (end < 0 || end > length) throw new Error(`index out of range: ${end}`);
  if (from > end) throw new Error(`invalid slice index: ${from} > ${end}`);
  return [from, end];
}

function isEqual(a: GoValue, b: GoValue): boolean {
  const isNil = (value: GoValue): boolean => value === null || value === undefined;
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b);
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (typeof a !== typeof b) throw new Error('incompatible types for comparison');
  if (typeof a === 'object') throw new Error(`non-comparable type ${printValue(a)}: ${typeName(a)}`);
  return a === b;
}

function compare(a: GoValue, b: GoValue): number {
  if (typeof a !== typeof b) throw new Error('incompatible types for comparison');
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (typeof a === 'number' && typeof b === 'number')
    return Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : a - b;
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : a > b ? 1 : 0;
  throw new Error('invalid type for comparison');
}
