/** Splits LogQL into tokens. Whether `!=` compares a label or filters lines is the parser's business. */
import { parseError } from './logql-error.ts';

export interface Token {
  readonly kind: 'name' | 'string' | 'number' | 'duration' | 'bytes' | 'flag' | 'operator' | 'end';
  /** As written; of strings, their value. */
  readonly text: string;
  /** Numbers as they are, durations in milliseconds, sizes in bytes. */
  readonly value: number;
  readonly offset: number;
}

const SPACE = /(?:\s|#[^\n]*)+/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const DURATION = /(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h|d|w|y))+(?![A-Za-z0-9_.])/y;
const BYTES = /\d+(?:\.\d+)?(?:[kKMGTPE]i?)?[bB](?![A-Za-z0-9_.])/y;
const FLAG = /--[a-z-]+/y;
const OPERATOR = /\|=|\|~|\|>|!=|!~|!>|=~|==|>=|<=|[{}()[\],=><+\-*/%^|]/y;

const DURATION_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
}; // prettier-ignore
const PREFIX_EXPONENT = 'kmgtpe';

/** @throws LogqlError */
export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  for (;;) {
    at += match(SPACE)?.length ?? 0;
    if (at >= source.length) break;
    const offset = at;
    const character = source[at]!;
    if (character === '"' || character === '`' || character === "'") {
      const { text, length } = readString(source, at);
      tokens.push({ kind: 'string', text, value: Number.NaN, offset });
      at += length;
      continue;
    }
    const token = readToken(match, offset);
    if (token === undefined) {
      throw parseError(source, offset, `syntax error: unexpected character ${JSON.stringify(character)}`);
    }
    tokens.push(token);
    at += token.text.length;
  }
  tokens.push({ kind: 'end', text: '', value: Number.NaN, offset: source.length });
  return tokens;
}

function readToken(match: (pattern: RegExp) => string | undefined, offset: number): Token | undefined {
  const name = match(NAME);
  if (name !== undefined) return { kind: 'name', text: name, value: Number.NaN, offset };
  const duration = match(DURATION);
  if (duration !== undefined)
    return { kind: 'duration', text: duration, value: parseDurationMs(duration)!, offset };
  const size = match(BYTES);
  if (size !== undefined) return { kind: 'bytes', text: size, value: parseBytes(size)!, offset };
  const number = match(NUMBER);
  if (number !== undefined) return { kind: 'number', text: number, value: Number(number), offset };
  const flag = match(FLAG);
  if (flag !== undefined) return { kind: 'flag', text: flag, value: Number.NaN, offset };
  const operator = match(OPERATOR);
  return operator === undefined ? undefined : { kind: 'operator', text: operator, value: Number.NaN, offset };
}

/** Go-like durations with d, w and y: `1h30m`, `250ms`, `-5s`. Milliseconds. */
export function parseDurationMs(text: string): number | undefined {
  const part = /(\d+(?:\.\d+)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w|y)/y;
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  part.lastIndex = sign.length;
  let ms = 0;
  while (part.lastIndex < text.length) {
    const match = part.exec(text);
    if (match === null) return undefined;
    ms += Number(match[1]) * DURATION_MS[match[2]!]!;
  }
  if (text.length === sign.length) return undefined;
  return sign === '-' ? -ms : ms;
}

/** `10KB`, `1.5 MiB`, `512B`: as Loki reads them, k is 1000 and Ki 1024. */
export function parseBytes(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:([kmgtpe])(i)?)?b?\s*$/i.exec(text);
  if (match === null) return undefined;
  const exponent = match[2] === undefined ? 0 : PREFIX_EXPONENT.indexOf(match[2].toLowerCase()) + 1;
  return Math.floor(Number(match[1]) * (match[3] === undefined ? 1000 : 1024) ** exponent);
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
}; // prettier-ignore

/** Go's string literals: backquotes take everything as it is. */
function readString(source: string, start: number): { readonly text: string; readonly length: number } {
  const quote = source[start]!;
  if (quote === '`') {
    const end = source.indexOf('`', start + 1);
    if (end < 0) throw parseError(source, start, 'literal not terminated');
    return { text: source.slice(start + 1, end), length: end + 1 - start };
  }
  let text = '';
  for (let i = start + 1; i < source.length; i++) {
    const character = source[i]!;
    if (character === quote) return { text, length: i + 1 - start };
    if (character === '\n') break;
    if (character !== '\\') {
      text += character;
      continue;
    }
    const code = /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/.exec(
      source.slice(i, i + 10),
    );
    if (code !== null) {
      const digits = code[1] ?? code[2] ?? code[3];
      text += String.fromCodePoint(
        digits === undefined ? Number.parseInt(code[4]!, 8) : Number.parseInt(digits, 16),
      );
      i += code[0].length - 1;
      continue;
    }
    const escaped = ESCAPES[source[i + 1] ?? ''];
    if (escaped === undefined) throw parseError(source, i, 'invalid char escape');
    text += escaped;
    i += 1;
  }
  throw parseError(source, start, 'literal not terminated');
}
