/**
 * JSON inside a text, changed in place: every string value and every member is shown with its name, and what
 * is not replaced stays as it was written, numbers beyond 2^53 and blanks included.
 */

/** What stands at a place of the document. */
export interface JsonPlace {
  /** Names of the objects around it, outermost first; those of array items are the array's. */
  readonly key: string | undefined;
  /** JSON text of the value. */
  readonly raw: string;
}

export interface JsonVisitor {
  /** Before a value is entered: `undefined` to enter it, else the JSON text to put in its place. */
  replace(place: JsonPlace): string | undefined;
}

const MAX_DEPTH = 64;

class NotJson extends Error {}

/** The text with replacements; `undefined` when it is no JSON object or array. */
export function rewriteJson(text: string, visitor: JsonVisitor): string | undefined {
  try {
    const cursor: Cursor = { text, at: 0, out: '', copied: 0, visitor };
    skipBlanks(cursor);
    if (text[cursor.at] !== '{' && text[cursor.at] !== '[') return undefined;
    takeValue(cursor, undefined, 0);
    skipBlanks(cursor);
    if (cursor.at !== text.length) return undefined;
    return cursor.copied === 0 ? text : cursor.out + text.slice(cursor.copied);
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}

interface Cursor {
  readonly text: string;
  at: number;
  out: string;
  /** Up to here the text is in `out`. */
  copied: number;
  readonly visitor: JsonVisitor;
}

function takeValue(cursor: Cursor, key: string | undefined, depth: number): void {
  if (depth > MAX_DEPTH) throw new NotJson();
  const { text } = cursor;
  const start = cursor.at;
  const first = text[start];
  if (first === '{' || first === '[') {
    takeContainer(cursor, key, depth);
    return;
  }
  cursor.at = first === '"' ? stringEnd(text, start) : scalarEnd(text, start);
  const raw = text.slice(start, cursor.at);
  const replacement = cursor.visitor.replace({ key, raw });
  if (replacement === undefined || replacement === raw) return;
  cursor.out += text.slice(cursor.copied, start) + replacement;
  cursor.copied = cursor.at;
}

function takeContainer(cursor: Cursor, key: string | undefined, depth: number): void {
  const { text } = cursor;
  const isObject = text[cursor.at] === '{';
  const close = isObject ? '}' : ']';
  cursor.at += 1;
  skipBlanks(cursor);
  if (text[cursor.at] === close) {
    cursor.at += 1;
    return;
  }
  for (;;) {
    let name = key;
    if (isObject) {
      const start = cursor.at;
      if (text[start] !== '"') throw new NotJson();
      cursor.at = stringEnd(text, start);
      name = parseString(text.slice(start, cursor.at));
      skipBlanks(cursor);
      if (text[cursor.at] !== ':') throw new NotJson();
      cursor.at += 1;
      skipBlanks(cursor);
    }
    takeValue(cursor, name, depth + 1);
    skipBlanks(cursor);
    const next = text[cursor.at];
    cursor.at += 1;
    if (next === close) return;
    if (next !== ',') throw new NotJson();
    skipBlanks(cursor);
  }
}

function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i += 1;
    else if (code === 0x22) return i + 1;
    else if (code < 0x20) throw new NotJson();
  }
  throw new NotJson();
}

/** A number, `true`, `false` or `null`. */
function scalarEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && !',]} \t\r\n'.includes(text[end]!)) end += 1;
  const scalar = text.slice(start, end);
  if (scalar === 'true' || scalar === 'false' || scalar === 'null') return end;
  if (scalar === '' || scalar.length > 1000 || !Number.isFinite(Number(scalar))) throw new NotJson();
  return end;
}

function parseString(raw: string): string {
  try {
    return JSON.parse(raw) as string;
  } catch {
    throw new NotJson();
  }
}

function skipBlanks(cursor: Cursor): void {
  while (' \t\r\n'.includes(cursor.text[cursor.at] ?? 'x')) cursor.at += 1;
}
