/**
 * Reads chosen fields of a JSON record straight from its bytes: what is not asked for is passed over, and
 * reading stops when everything was found. A million records in a second or two, where parsing each would
 * take ten times as long.
 */
import type { Value } from './values.ts';

export interface FieldReader {
  /** Fills the slot of each field with its value, `undefined` where the record has none. */
  read(bytes: Buffer, start: number, end: number, into: Value[]): void;
}

interface Node {
  readonly key: Buffer;
  readonly children: Node[];
  /** Slot of the field that ends here, or -1. */
  field: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

export interface WantedField {
  readonly name: string;
  readonly slot: number;
}

/** `request.path` is found nested or as one name with a dot; `list[0]` or `list.0` inside lists. */
export function createFieldReader(fields: readonly WantedField[]): FieldReader {
  const root: Node = { key: Buffer.alloc(0), children: [], field: -1 };
  for (const { name, slot } of fields) {
    const path = name.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
    insert(root, path, slot);
    if (path.length > 1) insert(root, [name], slot);
  }
  return {
    read(bytes, start, end, into) {
      for (let i = 0; i < fields.length; i++) into[fields[i]!.slot] = undefined;
      if (fields.length === 0 || bytes[start] !== OPEN) return;
      state.left = fields.length;
      readObject(bytes, start, end, { node: root, into });
    },
  };
}

function insert(root: Node, path: readonly string[], field: number): void {
  let node = root;
  for (const segment of path) {
    // Keys are compared as JSON writes them.
    const key = Buffer.from(JSON.stringify(segment).slice(1, -1));
    let child = node.children.find((known) => known.key.equals(key));
    if (child === undefined) {
      child = { key, children: [], field: -1 };
      node.children.push(child);
    }
    node = child;
  }
  node.field = field;
}

/** How many fields are still to be found; module state saves an object per level. */
const state = { left: 0 };

interface Target {
  readonly node: Node;
  readonly into: Value[];
}

/** Answers the place behind the object, or -1 when reading may stop (all found, or not JSON). */
function readObject(bytes: Buffer, start: number, end: number, { node, into }: Target): number {
  let at = start + 1;
  while (at < end) {
    while (bytes[at]! <= 0x20 || bytes[at] === COMMA) at += 1;
    if (bytes[at] === CLOSE) return at + 1;
    if (bytes[at] !== QUOTE) return -1;
    const keyStart = at + 1;
    const keyEnd = stringEnd(bytes, keyStart, end);
    at = keyEnd + 1;
    while (bytes[at]! <= 0x20) at += 1;
    if (bytes[at] !== 0x3a) return -1;
    at += 1;
    while (bytes[at]! <= 0x20) at += 1;
    const child = findChild(node, bytes, keyStart, keyEnd);
    at = child === undefined ? skipValue(bytes, at, end) : readValue(bytes, at, end, { node: child, into });
    if (at < 0) return -1;
  }
  return -1;
}

function readList(bytes: Buffer, start: number, end: number, { node, into }: Target): number {
  let at = start + 1;
  for (let index = 0; at < end; index++) {
    while (bytes[at]! <= 0x20 || bytes[at] === COMMA) at += 1;
    if (bytes[at] === CLOSE_LIST) return at + 1;
    const child = node.children.find(({ key }) => key.toString('latin1') === String(index));
    at = child === undefined ? skipValue(bytes, at, end) : readValue(bytes, at, end, { node: child, into });
    if (at < 0) return -1;
  }
  return -1;
}

function readValue(bytes: Buffer, start: number, end: number, { node, into }: Target): number {
  const first = bytes[start]!;
  let stop: number;
  if (first === OPEN && node.children.length > 0) stop = readObject(bytes, start, end, { node, into });
  else if (first === OPEN_LIST && node.children.length > 0)
    stop = readList(bytes, start, end, { node, into });
  else stop = skipValue(bytes, start, end);
  if (node.field < 0 || stop < 0) return stop;
  into[node.field] = toValue(bytes, start, stop);
  state.left -= 1;
  return state.left === 0 ? -1 : stop;
}

function findChild({ children }: Node, bytes: Buffer, start: number, end: number): Node | undefined {
  search: for (let i = 0; i < children.length; i++) {
    const { key } = children[i]!;
    if (key.length !== end - start) continue;
    for (let j = 0; j < key.length; j++) if (bytes[start + j] !== key[j]) continue search;
    return children[i];
  }
  return undefined;
}

/** The index of the quote that closes the string whose content starts at `at`. */
function stringEnd(bytes: Buffer, at: number, end: number): number {
  let i = at;
  while (i < end && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1;
  return i;
}

function skipValue(bytes: Buffer, start: number, end: number): number {
  const first = bytes[start]!;
  if (first === QUOTE) return stringEnd(bytes, start + 1, end) + 1;
  let at = start;
  if (first !== OPEN && first !== OPEN_LIST) {
    while (at < end && bytes[at] !== COMMA && bytes[at] !== CLOSE && bytes[at] !== CLOSE_LIST) at += 1;
    return at;
  }
  let depth = 0;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === QUOTE) at = stringEnd(bytes, at + 1, end);
    else if (byte === OPEN || byte === OPEN_LIST) depth += 1;
    else if (byte === CLOSE || byte === CLOSE_LIST) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
    at += 1;
  }
  return -1;
}

/** `null` counts as absent; objects and lists are their JSON text. */
function toValue(bytes: Buffer, start: number, end: number): Value {
  const first = bytes[start]!;
  if (first === QUOTE) {
    const text = bytes.toString('utf8', start + 1, end - 1);
    return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
  }
  const number = readDecimal(bytes, start, end);
  if (number !== undefined) return number;
  const text = bytes.toString('utf8', start, end);
  if (text === 'null') return undefined;
  if (text === 'true' || text === 'false') return text === 'true';
  return first === OPEN || first === OPEN_LIST ? text : Number(text);
}

const POWERS_OF_TEN = Array.from({ length: 16 }, (_, i) => 10 ** i);
/** Digits that a double holds exactly, so that one division rounds the quotient right. */
const EXACT_DIGITS = 15;

/** A number without exponent and of few digits; `undefined` for what is not as simple as that. */
function readDecimal(bytes: Buffer, start: number, end: number): number | undefined {
  const isNegative = bytes[start] === 0x2d;
  let at = isNegative ? start + 1 : start;
  if (end - at > EXACT_DIGITS) return undefined;
  let digits = 0;
  let point = -1;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte >= 0x30 && byte <= 0x39) digits = digits * 10 + (byte - 0x30);
    else if (byte === 0x2e && point < 0) point = at;
    else return undefined;
  }
  const value = point < 0 ? digits : digits / POWERS_OF_TEN[end - point - 1]!;
  return isNegative ? -value : value;
}

/** Where the record ends within a line: behind it stand ids as plain text. */
export function recordEnd(bytes: Buffer, start: number, end: number): number {
  if (bytes[start] !== OPEN) return end;
  const stop = skipValue(bytes, start, end);
  return stop < 0 ? end : stop;
}
