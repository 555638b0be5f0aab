/**
 * Splits an Insights query into tokens. Comments start with `#`, and also with `--` (as the source systems
 * write them; AWS knows only the first). Whether `/` divides or opens a regular expression depends on what
 * comes before it.
 */
import { InsightsError } from './insights-error.ts';

export interface Token {
  readonly kind: 'name' | 'string' | 'number' | 'period' | 'regex' | 'operator' | 'comment' | 'end';
  /** Of strings and regular expressions without their delimiters. */
  readonly text: string;
  /** Of numbers. */
  readonly value: number;
  readonly offset: number;
  /** Behind the token. */
  readonly end: number;
}

const SPACE = /\s+/y;
const COMMENT = /#[^\n]*/y;
const DASHES = /--[^\n]*/y;
/** Dots join the names of nested fields; `[0]` reaches into lists. */
const NAME = /@{0,2}[A-Za-z_][A-Za-z0-9_]*(?:[.:][@A-Za-z0-9_]+|\[\d+\])*/y;
const QUOTED_NAME = /`([^`\n]+)`/y;
const PERIOD =
  /\d+\s?(?:ms|[smhdwqy]|mo|(?:msec|milli(?:second)?|sec(?:ond)?|min(?:ute)?|hr|hour|day|week|month|quarter|year)s?)(?![A-Za-z0-9_])/y;
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const STRING = /"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)'/y;
const REGEX = /\/((?:[^/\\\n]|\\.)+)\//y;
const OPERATOR = /=~|!=|>=|<=|==|[|,()[\]=<>+\-*/%^]/y;

/** Words after which a slash opens a regular expression although they look like operands. */
const BEFORE_REGEX = /^(?:like|and|or|not|in|parse|filter|where)$/i;

/** @throws InsightsError */
export function tokenize(source: string): readonly Token[] {
  return tokenizeAll(source).filter(({ kind }) => kind !== 'comment');
}

/** With its comments. `isLenient` takes any other character for an operator. @throws InsightsError */
export function tokenizeAll(source: string, { isLenient = false } = {}): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(source);
  };
  for (;;) {
    at += match(SPACE)?.[0].length ?? 0;
    if (at >= source.length) break;
    const read = readToken({ match, source, at, mayBeRegex: mayBeRegex(tokens) });
    if (read === undefined && !isLenient) {
      throw new InsightsError(source, at, `unexpected ${describeCharacter(source, at)}`);
    }
    const { length = 1, ...token } = read ?? { kind: 'operator', text: source[at]!, value: Number.NaN };
    tokens.push({ ...token, offset: at, end: at + length });
    at += length;
  }
  tokens.push({ kind: 'end', text: '', value: Number.NaN, offset: at, end: at });
  return tokens;
}

interface Lexer {
  readonly match: (pattern: RegExp) => RegExpExecArray | null;
  readonly source: string;
  readonly at: number;
  readonly mayBeRegex: boolean;
}

type Read = Omit<Token, 'offset' | 'end'> & { readonly length?: number };

function readToken({ match, source, at, mayBeRegex: opensRegex }: Lexer): Read | undefined {
  const made = (kind: Token['kind'], whole: string, text = whole): Read => ({
    kind,
    text,
    value: kind === 'number' ? Number(text) : Number.NaN,
    length: whole.length,
  });
  const comment = match(COMMENT) ?? (startsComment(source, at) ? match(DASHES) : null);
  if (comment !== null) return made('comment', comment[0]);
  const regex = opensRegex ? match(REGEX) : null;
  // A slash needs its backslash only inside the delimiters.
  if (regex !== null) return made('regex', regex[0], regex[1]!.replaceAll('\\/', '/'));
  const string = match(STRING);
  if (string !== null) return made('string', string[0], unescapeText(string[1] ?? string[2]!));
  const quoted = match(QUOTED_NAME);
  if (quoted !== null) return made('name', quoted[0], quoted[1]!);
  for (const [kind, pattern] of PLAIN) {
    const found = match(pattern);
    if (found !== null) return made(kind, found[0]);
  }
  return undefined;
}

const PLAIN = [
  ['period', PERIOD],
  ['number', NUMBER],
  ['name', NAME],
  ['operator', OPERATOR],
] as const;

/** `--` opens a comment at the start of a line or after a space, so that `a--1` stays a subtraction. */
function startsComment(source: string, at: number): boolean {
  return source.startsWith('--', at) && (at === 0 || /\s/.test(source[at - 1]!));
}

function mayBeRegex(all: readonly Token[]): boolean {
  const tokens = all.filter(({ kind }) => kind !== 'comment');
  const before = tokens.at(-1);
  if (before === undefined) return true;
  if (before.kind === 'operator') return before.text !== ')' && before.text !== ']';
  if (before.kind !== 'name') return false;
  // In `parse request.path /…/` the pattern follows a field, where elsewhere a slash would divide it.
  const start = tokens.findLastIndex(({ kind, text }) => kind === 'operator' && text === '|') + 1;
  return BEFORE_REGEX.test(before.text) || tokens[start]!.text.toLowerCase() === 'parse';
}

function unescapeText(text: string): string {
  return text.replaceAll(
    /\\([\s\S])/g,
    (_, character: string) => ({ n: '\n', t: '\t', r: '\r' })[character] ?? character,
  );
}

function describeCharacter(source: string, at: number): string {
  const character = source[at]!;
  if (character === '"' || character === "'") return 'text without its closing quote';
  return character === '`' ? 'name without its closing `' : JSON.stringify(character);
}
