/** A cursor over tokens with the few moves that the parsers need, and errors in Loki's words. */
import { type LogqlError, parseError } from './logql-error.ts';
import { type Token, tokenize } from './tokens.ts';

export interface TokenReader {
  peek(ahead?: number): Token;
  next(): Token;
  isOperator(text: string): boolean;
  isName(text: string): boolean;
  /** Takes the operator if it comes next. */
  accept(text: string): boolean;
  acceptName(text: string): boolean;
  expect(text: string): Token;
  expectKind(kind: Token['kind']): Token;
  unexpected(expected?: string): LogqlError;
  fail(offset: number, what: string): LogqlError;
}

/** @throws LogqlError */
export function createTokenReader(source: string): TokenReader {
  const tokens = tokenize(source);
  let at = 0;
  const peek = (ahead = 0): Token => tokens[Math.min(at + ahead, tokens.length - 1)]!;
  const next = (): Token => {
    const token = peek();
    at += 1;
    return token;
  };
  const isOperator = (text: string): boolean => peek().kind === 'operator' && peek().text === text;
  const isName = (text: string): boolean => peek().kind === 'name' && peek().text === text;
  const unexpected = (expected?: string): LogqlError => {
    const token = peek();
    const found = token.kind === 'end' ? '$end' : describe(token);
    return parseError(
      source,
      token.offset,
      `syntax error: unexpected ${found}${expected === undefined ? '' : `, expecting ${expected}`}`,
    );
  };
  return {
    peek,
    next,
    isOperator,
    isName,
    accept(text) {
      const is = isOperator(text);
      if (is) at += 1;
      return is;
    },
    acceptName(text) {
      const is = isName(text);
      if (is) at += 1;
      return is;
    },
    expect(text) {
      if (!isOperator(text)) throw unexpected(text);
      return next();
    },
    expectKind(kind) {
      if (peek().kind !== kind) throw unexpected(kind === 'name' ? 'IDENTIFIER' : kind.toUpperCase());
      return next();
    },
    unexpected,
    fail: (offset, what) => parseError(source, offset, what),
  };
}

function describe({ kind, text }: Token): string {
  if (kind === 'operator') return text;
  if (kind === 'name') return `IDENTIFIER ${JSON.stringify(text)}`;
  return `${kind.toUpperCase()} ${JSON.stringify(text)}`;
}
