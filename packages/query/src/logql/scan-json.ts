/**
 * Reads the JSON object that a text starts with, whatever follows it, and hands out its values with their
 * numbers as written. `JSON.parse` would refuse what follows and round large numbers.
 */
export interface JsonVisitor {
  /** Asked for every value that is no object; the path is reused between calls. */
  isWanted(path: readonly string[]): boolean;
  /** Text of strings unescaped, of numbers and booleans as written; arrays as their JSON text. */
  value(path: readonly string[], text: string, kind: JsonKind): void;
}

export type JsonKind = 'string' | 'number' | 'boolean' | 'null' | 'array';

const MAX_DEPTH = 128;
const LITERAL = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Answers where the object ends, or `undefined` when the text does not start with one. */
export function scanJson(text: string, visitor: JsonVisitor): number | undefined {
  const path: string[] = [];
  let at = 0;

  const space = (): void => {
    while (at < text.length && text.charCodeAt(at) <= 0x20) at += 1;
  };
  const string = (): string | undefined => {
    const end = stringEnd(text, at);
    if (end < 0) return undefined;
    const raw = text.slice(at + 1, end - 1);
    at = end;
    if (!raw.includes('\\')) return raw;
    try {
      return JSON.parse(`"${raw}"`) as string;
    } catch {
      return undefined;
    }
  };
  const value = (): boolean => {
    space();
    const character = text[at];
    if (character === '{') return object();
    if (character === '[') {
      const start = at;
      if (!array(0)) return false;
      if (visitor.isWanted(path)) visitor.value(path, text.slice(start, at), 'array');
      return true;
    }
    if (character === '"') {
      if (!visitor.isWanted(path)) {
        at = stringEnd(text, at);
        return at > 0;
      }
      const content = string();
      if (content === undefined) return false;
      visitor.value(path, content, 'string');
      return true;
    }
    LITERAL.lastIndex = at;
    const literal = LITERAL.exec(text)?.[0];
    if (literal === undefined) return false;
    at += literal.length;
    if (visitor.isWanted(path)) {
      visitor.value(
        path,
        literal,
        literal === 'null' ? 'null' : /^[tf]/.test(literal) ? 'boolean' : 'number',
      );
    }
    return true;
  };
  const object = (): boolean => {
    if (path.length >= MAX_DEPTH) return false;
    at += 1;
    space();
    if (text[at] === '}') {
      at += 1;
      return true;
    }
    for (;;) {
      space();
      if (text[at] !== '"') return false;
      const key = string();
      if (key === undefined) return false;
      space();
      if (text[at] !== ':') return false;
      at += 1;
      path.push(key);
      if (!value()) return false;
      path.pop();
      space();
      const next = text[at];
      at += 1;
      if (next === '}') return true;
      if (next !== ',') return false;
    }
  };
  const array = (depth: number): boolean => {
    if (depth >= MAX_DEPTH) return false;
    at += 1;
    let open = 1;
    // Only its end matters: what is inside is handed out as text.
    while (at < text.length && open > 0) {
      const character = text[at];
      if (character === '"') {
        at = stringEnd(text, at);
        if (at < 0) return false;
        continue;
      }
      if (character === '[' || character === '{') open += 1;
      else if (character === ']' || character === '}') open -= 1;
      at += 1;
    }
    return open === 0;
  };

  space();
  if (text[at] !== '{') return undefined;
  return object() ? at : undefined;
}

/** The index behind the closing quote of the string that starts at `start`, or -1. */
function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  for (;;) {
    if (end < 0) return -1;
    let slashes = 0;
    for (let i = end - 1; i > start && text.charCodeAt(i) === 0x5c; i--) slashes += 1;
    if (slashes % 2 === 0) return end + 1;
    end = text.indexOf('"', end + 1);
  }
}
