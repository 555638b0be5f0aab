/** String literals: double and single quotes with Go's escapes, backquotes without any. */
export type ScannedString =
  | { readonly end: number; readonly value: string }
  | { readonly message: string; readonly at: number; readonly from?: number };

const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['a', '\u0007'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
]);

/** What needs no look of its own, taken in one go: literals may be megabytes long. */
const PLAIN = { double: /[^"\\\n]+/y, single: /[^'\\\n]+/y };

export function scanString(input: string, start: number): ScannedString {
  const quote = input[start]!;
  if (quote === '`') {
    const end = input.indexOf('`', start + 1);
    if (end < 0) return { message: 'unterminated raw string', at: input.length };
    return { end: end + 1, value: input.slice(start + 1, end).replaceAll('\r', '') };
  }
  const bytes = createByteText();
  let at = start + 1;
  for (;;) {
    const character = input[at];
    if (character === undefined || character === '\n') return { message: 'unterminated quoted string', at };
    if (character === quote) return { end: at + 1, value: bytes.text() };
    if (character !== '\\') {
      const plain = PLAIN[quote === '"' ? 'double' : 'single'];
      plain.lastIndex = at;
      plain.test(input);
      bytes.add(input.slice(at, plain.lastIndex));
      at = plain.lastIndex;
      continue;
    }
    const escaped = scanEscape(input, at + 1, quote);
    if ('message' in escaped) return escaped;
    if (escaped.byte !== undefined) bytes.addByte(escaped.byte);
    else bytes.add(escaped.value);
    at = escaped.end;
  }
}

/** The value of a whole literal; undefined when it is not exactly one. */
export function unquote(literal: string): string | undefined {
  if (!/^["'`]/.test(literal)) return undefined;
  const scanned = scanString(literal, 0);
  return 'value' in scanned && scanned.end === literal.length ? scanned.value : undefined;
}

type Escape =
  | { readonly end: number; readonly value: string; readonly byte?: number }
  | { readonly message: string; readonly at: number };

function scanEscape(input: string, at: number, quote: string): Escape {
  const character = input[at];
  if (character === undefined) return { message: 'escape sequence not terminated', at };
  if (character === quote) return { end: at + 1, value: quote };
  const simple = SIMPLE_ESCAPES.get(character);
  if (simple !== undefined) return { end: at + 1, value: simple };
  const form =
    character >= '0' && character <= '7'
      ? { digits: 3, base: 8, from: at }
      : character === 'x'
        ? { digits: 2, base: 16, from: at + 1 }
        : character === 'u'
          ? { digits: 4, base: 16, from: at + 1 }
          : character === 'U'
            ? { digits: 8, base: 16, from: at + 1 }
            : undefined;
  if (!form) return { message: `unknown escape sequence ${describeRune(input, at)}`, at };
  let code = 0;
  for (let i = 0; i < form.digits; i++) {
    const digit = input[form.from + i];
    if (digit === undefined) return { message: 'escape sequence not terminated', at: form.from + i };
    const value = Number.parseInt(digit, form.base);
    if (Number.isNaN(value)) {
      return {
        message: `illegal character ${describeRune(input, form.from + i)} in escape sequence`,
        at: form.from + i,
      };
    }
    code = code * form.base + value;
  }
  const end = form.from + form.digits;
  const isByte = form.digits < 4;
  if (code > (isByte ? 255 : 0x10ffff) || (code >= 0xd800 && code < 0xe000)) {
    return { message: 'escape sequence is an invalid Unicode code point', at: end };
  }
  return isByte && code > 127 ? { end, value: '', byte: code } : { end, value: String.fromCodePoint(code) };
}

/** Go's `%#U`: `U+0041 'A'`. */
function describeRune(input: string, at: number): string {
  const code = input.codePointAt(at)!;
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')} '${String.fromCodePoint(code)}'`;
}

/** Bytes that are no UTF-8 become lone surrogates, so that they can be told from text and refused as names. */
function decodeBytes(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => String.fromCharCode(0xdc00 + byte)).join('');
  }
}

/** `\xNN` and octal escapes name bytes, of which several may make one UTF-8 character. */
function createByteText(): { add(text: string): void; addByte(byte: number): void; text(): string } {
  let text = '';
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length > 0) text += decodeBytes(new Uint8Array(bytes));
    bytes = [];
  };
  return {
    add(part) {
      flush();
      text += part;
    },
    addByte(byte) {
      bytes.push(byte);
    },
    text() {
      flush();
      return text;
    },
  };
}
