/** The lexer with one token of look-ahead, and the complaint that Prometheus makes about a wrong token. */
import { createLexer } from './lexer.ts';
import type { PositionRange } from './position.ts';
import { SyntaxFault } from './syntax-error.ts';
import { describeToken, type Token } from './token.ts';

export interface TokenStream {
  readonly input: string;
  peek(): Token;
  next(): Token;
  /** Whether the next token is this operator or punctuation (never an identifier of the same text). */
  is(word: string): boolean;
  /** Takes the next token when it `is(word)`. */
  take(word: string): boolean;
  /** End of the last number, duration or closing parenthesis, brace or bracket that was taken. */
  lastClosing(): number;
  /** Counts a compiled regular expression that stands at the position. */
  charge(programSize: number, position: PositionRange): void;
  unexpected(context?: string, expected?: string): never;
}

/** Longer expressions are refused: time and stack that the tree needs grow with its size. */
const MAX_TOKENS = 10_000;

/** Instructions of all regular expressions together: a tenth of a second of compiling, and some megabytes. */
const MAX_PROGRAM = 50_000;

export function createTokenStream(input: string): TokenStream {
  const lexer = createLexer(input);
  let ahead: Token | undefined;
  let closing = 0;
  let count = 0;
  let program = 0;
  const peek = (): Token => {
    if (!ahead) {
      ahead = lexer.next();
      if (++count > MAX_TOKENS) throw new SyntaxFault(ahead, `expression has more than ${MAX_TOKENS} parts`);
    }
    return ahead;
  };
  const next = (): Token => {
    const token = peek();
    ahead = undefined;
    if (token.kind === 'number' || token.kind === 'duration' || ')]}'.includes(token.text)) {
      if (token.text !== '') closing = token.end;
    }
    return token;
  };
  const is = (word: string): boolean => {
    const { kind, word: found } = peek();
    return found === word && kind !== 'identifier' && kind !== 'metric-identifier' && kind !== 'string';
  };
  return {
    input,
    peek,
    next,
    is,
    take(word) {
      if (!is(word)) return false;
      next();
      return true;
    },
    lastClosing: () => closing,
    charge(programSize, position) {
      program += programSize;
      if (program > MAX_PROGRAM) throw new SyntaxFault(position, 'regular expressions are too large');
    },
    unexpected(context = '', expected = '') {
      const token = peek();
      const where = context === '' ? '' : ` in ${context}`;
      const what = expected === '' ? '' : `, expected ${expected}`;
      throw new SyntaxFault(token, `unexpected ${describeToken(token)}${where}${what}`);
    },
  };
}
