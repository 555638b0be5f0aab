/**
 * `severity="critical"`, `{a=~"b|c", "d.e"!=f}`: the matchers of configuration files, of the API and of the
 * command line. Read by the UTF-8 grammar; what only the older grammar takes (values with blanks or commas
 * outside quotes) is read by that one, as Alertmanager does.
 */
import { createMatcher, type LabelMatcher, type MatchOperator } from './matcher.ts';

const OPERATOR = /=~|!~|!=|=/y;
/** Characters that end a bare word of the UTF-8 grammar (Alertmanager documentation, "Label matchers"). */
const RESERVED = /[\s{}!=~,\\"'`]/;

/** @throws SyntaxError with the text and the place */
export function parseMatchers(text: string): readonly LabelMatcher[] {
  const trimmed = text.trim();
  if (trimmed === '') throw new SyntaxError('a matcher must not be empty; write name="value"');
  try {
    return parseUtf8(trimmed);
  } catch (error) {
    const classic = parseClassic(trimmed);
    if (classic !== undefined) return classic;
    throw error;
  }
}

function parseUtf8(text: string): readonly LabelMatcher[] {
  let offset = 0;
  const fail = (message: string): never => {
    throw new SyntaxError(`bad matcher ${JSON.stringify(text)}: ${offset}: ${message}`);
  };
  const skip = (): void => {
    while (/\s/.test(text[offset] ?? '')) offset += 1;
  };
  const readWord = (what: string): string => {
    skip();
    if (text[offset] === '"') return readQuoted();
    const start = offset;
    while (offset < text.length && !RESERVED.test(text[offset]!)) offset += 1;
    if (offset === start) fail(`expected ${what}`);
    return text.slice(start, offset);
  };
  const readQuoted = (): string => {
    const start = offset;
    offset += 1;
    let value = '';
    while (text[offset] !== '"') {
      const character = text[offset];
      if (character === undefined) {
        offset = start;
        fail('a quote is not closed');
      }
      if (character === '\\') {
        offset += 1;
        value += ESCAPES[text[offset] ?? ''] ?? fail(`invalid escape sequence \\${text[offset] ?? ''}`);
      } else value += character;
      offset += 1;
    }
    offset += 1;
    return value;
  };
  const readOperator = (): MatchOperator => {
    skip();
    OPERATOR.lastIndex = offset;
    const match = OPERATOR.exec(text);
    if (match === null) return fail('expected one of = != =~ !~');
    offset = OPERATOR.lastIndex;
    return match[0] as MatchOperator;
  };

  const isBraced = text.startsWith('{');
  if (isBraced) offset += 1;
  const matchers: LabelMatcher[] = [];
  for (;;) {
    skip();
    if (isBraced && text[offset] === '}') break;
    if (offset >= text.length) break;
    const name = readWord('a label name');
    const operator = readOperator();
    matchers.push(createMatcher(name, operator, readWord('a value')));
    skip();
    if (text[offset] !== ',') break;
    offset += 1;
  }
  if (isBraced) {
    if (text[offset] !== '}') fail('expected a comma or }');
    offset += 1;
  }
  skip();
  if (offset < text.length) fail(`unexpected ${JSON.stringify(text[offset])}`);
  return matchers;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '"': '"',
  '\\': '\\',
  "'": "'",
};

/** One matcher to each comma outside quotes; the value is everything behind the operator. */
function parseClassic(text: string): readonly LabelMatcher[] | undefined {
  const inner = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text;
  const matchers: LabelMatcher[] = [];
  for (const part of splitOutsideQuotes(inner)) {
    if (part.trim() === '') continue;
    const match = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|!~|!=|=)\s*([\s\S]*?)\s*$/.exec(part);
    if (match === null) return undefined;
    const [, name = '', operator = '=', raw = ''] = match;
    const isQuoted = raw.length >= 2 && raw.startsWith('"') && raw.endsWith('"');
    const body = isQuoted ? raw.slice(1, -1) : raw;
    // A quote that is neither around the value nor escaped.
    if (/(^|[^\\])(\\\\)*"/.test(body)) return undefined;
    const value = body.replaceAll(/\\(["\\n])/g, (_, code: string) => (code === 'n' ? '\n' : code));
    matchers.push(createMatcher(name, operator as MatchOperator, value));
  }
  return matchers.length === 0 ? undefined : matchers;
}

function splitOutsideQuotes(text: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === '"') isQuoted = !isQuoted;
    else if (text[i] === ',' && !isQuoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
