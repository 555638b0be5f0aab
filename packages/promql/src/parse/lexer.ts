/**
 * Cuts an expression into tokens. Braces and brackets change what is allowed inside, as in Prometheus:
 * between braces every word is a label name, between brackets only durations and their arithmetic stand.
 */
import { goQuote } from '../model/go-quote.ts';
import { scanNumberOrDuration } from './scan-number.ts';
import { scanString } from './scan-string.ts';
import { SyntaxFault } from './syntax-error.ts';
import { KEYWORDS, type Token, type TokenKind } from './token.ts';

export interface Lexer {
  readonly input: string;
  next(): Token;
}

export function createLexer(input: string): Lexer {
  let at = 0;
  let parenDepth = 0;
  let isBraceOpen = false;
  let isBracketOpen = false;
  let hasColon = false;
  let hasDuration = false;

  const token = (kind: TokenKind, start: number, word?: string): Token => {
    const text = input.slice(start, at);
    return { kind, start, end: at, text, word: word ?? text };
  };
  const fail = (start: number, message: string): never => {
    throw new SyntaxFault({ start, end: input.length }, message);
  };
  const quote = (character: string | undefined): string => quoteRune(character);

  const skipBlanks = (): void => {
    for (;;) {
      while (isSpace(input[at])) at++;
      if (input[at] !== '#' || isBracketOpen) return;
      while (at < input.length && input[at] !== '\n' && input[at] !== '\r') at++;
    }
  };

  const string = (start: number): Token => {
    const result = scanString(input, start);
    if ('message' in result) {
      at = result.at;
      return fail(result.from ?? start, result.message);
    }
    at = result.end;
    return token('string', start);
  };

  const word = (isLabel: boolean): Token => {
    const start = at;
    while (isAlphaNumeric(input[at]) || (!isLabel && input[at] === ':')) at++;
    const text = input.slice(start, at);
    if (isLabel) return token('identifier', start);
    const lower = text.toLowerCase();
    const kind = KEYWORDS.get(lower);
    if (kind !== undefined) {
      // fill, fill_left and fill_right are also plain metric names unless they are called.
      if (lower.startsWith('fill') && !/^\s*\(/.test(input.slice(at))) return token('identifier', start);
      return token(kind, start, lower);
    }
    return token(text.includes(':') ? 'metric-identifier' : 'identifier', start);
  };

  const punctuation = (length: number, kind: TokenKind = 'punctuation'): Token => {
    const start = at;
    at += length;
    return token(kind, start);
  };

  const number = (): Token => {
    const start = at;
    const scanned = scanNumberOrDuration(input, start);
    at = scanned.end;
    if (!scanned.kind) fail(start, `bad number or duration syntax: ${goQuote(input.slice(start, at))}`);
    hasDuration = true;
    return token(scanned.kind!, start);
  };

  const insideBraces = (): Token => {
    const character = input[at];
    const start = at;
    if (character === undefined) return fail(start, 'unexpected end of input inside braces');
    if (isAlpha(character)) return word(true);
    if (character === ',') return punctuation(1);
    if (character === '"' || character === "'" || character === '`') return string(start);
    if (character === '=') return punctuation(input[at + 1] === '~' ? 2 : 1, 'operator');
    if (character === '!') {
      if (input[at + 1] === '~' || input[at + 1] === '=') return punctuation(2, 'operator');
      return fail(start, `unexpected character after '!' inside braces: ${quote(runeAt(input, at + 1))}`);
    }
    if (character === '{') return fail(start, `unexpected left brace ${quote(character)}`);
    if (character === '}') {
      isBraceOpen = false;
      return punctuation(1);
    }
    return fail(start, `unexpected character inside braces: ${quote(runeAt(input, at))}`);
  };

  const close = (): Token => {
    parenDepth--;
    if (parenDepth < 0) return fail(at + 1, "unexpected right parenthesis ')'");
    return punctuation(1);
  };

  const insideBrackets = (): Token => {
    const character = input[at];
    const start = at;
    if (character === undefined) {
      return fail(
        start,
        hasDuration ? 'unclosed left bracket' : 'unexpected end of input in duration expression',
      );
    }
    if (character === ']') {
      isBracketOpen = false;
      return punctuation(1);
    }
    if (character === ':') {
      if (!hasDuration) return fail(start, 'unexpected colon before duration in duration expression');
      if (hasColon) return fail(start, "unexpected colon ':'");
      hasColon = true;
      return punctuation(1);
    }
    if (character === '(') {
      parenDepth++;
      return punctuation(1);
    }
    if (character === ')') return close();
    if (character === '[') return fail(start, "unexpected left bracket '['");
    if (character === ',') return punctuation(1);
    if ('+-*/%^'.includes(character)) return punctuation(1, 'operator');
    if (isDigit(character) || (character === '.' && isDigit(input[at + 1]))) return number();
    if (isAlpha(character)) {
      while (isAlpha(input[at])) at++;
      const lower = input.slice(start, at).toLowerCase();
      if (lower === 'step' || lower === 'range' || lower === 'max_of' || lower === 'min_of') {
        hasDuration = true;
        return token('preprocessor', start, lower);
      }
    }
    if (hasDuration && isAlpha(character))
      return fail(start, `unexpected character: ${quote(character)}, expected ':'`);
    return fail(start, `unexpected character in duration expression: ${quote(runeAt(input, start))}`);
  };

  const outside = (): Token => {
    const character = input[at];
    const start = at;
    if (character === undefined) {
      if (parenDepth !== 0) return fail(start, 'unclosed left parenthesis');
      return token('eof', start, '');
    }
    const following = input[at + 1];
    if ('*/%+-^@'.includes(character)) return punctuation(1, 'operator');
    if (character === ',') return punctuation(1);
    if (character === '=') {
      if (following === '=') return punctuation(2, 'operator');
      if (following === '~') return fail(start, "unexpected character after '=': '~'");
      return punctuation(1);
    }
    if (character === '!') {
      if (following === '=') return punctuation(2, 'operator');
      return fail(start, `unexpected character after '!': ${quote(runeAt(input, at + 1))}`);
    }
    if (character === '<' || character === '>') {
      return punctuation(following === '=' || following === '/' ? 2 : 1, 'operator');
    }
    if (isDigit(character) || (character === '.' && isDigit(following))) return number();
    if (character === '"' || character === "'" || character === '`') return string(start);
    if (isAlpha(character) || character === ':') return word(false);
    if (character === '(') {
      parenDepth++;
      return punctuation(1);
    }
    if (character === ')') return close();
    if (character === '{') {
      isBraceOpen = true;
      return punctuation(1);
    }
    if (character === '[') {
      isBracketOpen = true;
      hasColon = false;
      hasDuration = false;
      return punctuation(1);
    }
    if (character === ']') return fail(start, "unexpected right bracket ']'");
    return fail(start, `unexpected character: ${quote(runeAt(input, at))}`);
  };

  return {
    input,
    next() {
      skipBlanks();
      if (isBraceOpen) return insideBraces();
      return isBracketOpen ? insideBrackets() : outside();
    },
  };
}

function runeAt(input: string, at: number): string | undefined {
  const code = input.codePointAt(at);
  return code === undefined ? undefined : String.fromCodePoint(code);
}

/** Go's `%q` of a rune; the end of input shows as the replacement character does there. */
function quoteRune(character: string | undefined): string {
  if (character === undefined) return "'\\uffff'".replace('\\uffff', '\ufffd');
  if (character === "'") return "'\\''";
  const escaped = goQuote(character).slice(1, -1).replace('\\"', '"');
  return `'${escaped}'`;
}

export function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\n' || character === '\r';
}

export function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

export function isAlpha(character: string | undefined): boolean {
  return character !== undefined && /^[a-zA-Z_]$/.test(character);
}

export function isAlphaNumeric(character: string | undefined): boolean {
  return isAlpha(character) || isDigit(character);
}
