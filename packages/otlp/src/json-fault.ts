/**
 * Finds where a text stops being JSON. JSON.parse tells the position only sometimes, and a sender who
 * cannot see the place cannot fix it. Runs on refused bodies only.
 */

const SPACE = /[ \t\n\r]*/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const ESCAPE = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;
const SIGNS = '{}[],:';

/** What may come next: a value, a key, the colon behind a key, or what follows a value. */
type Expected = 'value' | 'first-value' | 'key' | 'first-key' | 'colon' | 'next' | 'end';

/** One line for people, for example `unexpected text at line 3, column 7`. */
export function describeJsonFault(text: string): string {
  const position = findJsonFault(text);
  if (position >= text.trimEnd().length) return text.trim() === '' ? 'it is empty' : 'it ends too early';
  const before = text.slice(0, position).split('\n');
  return `unexpected text at line ${before.length}, column ${before.at(-1)!.length + 1}`;
}

/** Position of the first character that cannot be there; the text's length when it merely ends too early. */
function findJsonFault(text: string): number {
  const open: string[] = [];
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    at = endOf(SPACE, text, at) ?? at;
    const start = text[at];
    if (start === undefined) return text.length;
    let token = start;
    let end: number | undefined = at + 1;
    if (start === '"') {
      token = 'string';
      const stop = endOfString(text, at);
      if (stop.fault) return stop.at;
      end = stop.at;
    } else if (!SIGNS.includes(start)) {
      token = 'scalar';
      end = endOf(SCALAR, text, at);
    }
    const next: Expected | undefined = end === undefined ? undefined : step(expected, open, token);
    if (next === undefined || end === undefined) return at;
    expected = next;
    at = end;
  }
}

function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** A loop, not a pattern: one over a text of megabytes would overflow the matcher's stack. */
function endOfString(text: string, start: number): { readonly at: number; readonly fault: boolean } {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return { at: at + 1, fault: false };
    if (code < 0x20) return { at, fault: true };
    if (code !== 0x5c) continue;
    const end = endOf(ESCAPE, text, at + 1);
    if (end === undefined) return { at: at + 1, fault: true };
    at = end - 1;
  }
  return { at: text.length, fault: true };
}

/** What may follow `token`, or undefined when the token may not stand here. Keeps `open`, the brackets around it. */
function step(expected: Expected, open: string[], token: string): Expected | undefined {
  const after = (): Expected => (open.length === 0 ? 'end' : 'next');
  if (token === '}' || token === ']') {
    const isEmpty = expected === (token === '}' ? 'first-key' : 'first-value');
    if (!isEmpty && expected !== 'next') return undefined;
    return open.pop() === (token === '}' ? '{' : '[') ? after() : undefined;
  }
  if (expected === 'key' || expected === 'first-key') return token === 'string' ? 'colon' : undefined;
  if (expected === 'colon') return token === ':' ? 'value' : undefined;
  if (expected === 'next') {
    if (token !== ',') return undefined;
    return open.at(-1) === '{' ? 'key' : 'value';
  }
  if (expected === 'end' || token === ',' || token === ':') return undefined;
  if (token !== '{' && token !== '[') return after();
  open.push(token);
  return token === '{' ? 'first-key' : 'first-value';
}
