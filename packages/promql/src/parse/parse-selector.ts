/** `name{label="value", …}`: the matchers of a selector, and the label lists of `by`, `on` and their kin. */
import { METRIC_NAME } from '../model/labels.ts';
import { createMatcher, type Matcher, type MatchOperator } from '../model/matcher.ts';
import type { VectorSelector } from './ast.ts';
import { unquote } from './scan-string.ts';
import { SyntaxFault } from './syntax-error.ts';
import { NOT_METRIC_NAMES, type Token } from './token.ts';
import type { TokenStream } from './token-stream.ts';

/** Whether the token can name a metric: an identifier, or a keyword that is not needed elsewhere. */
export function isMetricName({ kind, word }: Token): boolean {
  if (
    kind === 'identifier' ||
    kind === 'metric-identifier' ||
    kind === 'aggregator' ||
    kind === 'preprocessor'
  ) {
    return true;
  }
  return (kind === 'keyword' || (kind === 'operator' && /^[a-z]/.test(word))) && !NOT_METRIC_NAMES.has(word);
}

/** A selector without modifiers; the stream stands at its name, or at `{`. `name` is a token already taken. */
export function parseVectorSelector(stream: TokenStream, name?: Token): VectorSelector {
  const start = (name ?? stream.peek()).start;
  let matchers: Matcher[] = [];
  let end = name?.end ?? start;
  if (stream.is('{')) {
    matchers = parseMatchers(stream);
    end = stream.lastClosing();
  }
  if (name) matchers.push(createMatcher(METRIC_NAME, '=', name.text));
  return {
    kind: 'vector-selector',
    name: name?.text ?? '',
    matchers,
    offset: undefined,
    at: undefined,
    extension: undefined,
    position: { start, end },
  };
}

function parseMatchers(stream: TokenStream): Matcher[] {
  stream.next();
  const matchers: Matcher[] = [];
  while (!stream.take('}')) {
    matchers.push(parseMatcher(stream));
    if (!stream.take(',') && !stream.is('}')) stream.unexpected('label matching', '"," or "}"');
  }
  return matchers;
}

function parseMatcher(stream: TokenStream): Matcher {
  const { kind } = stream.peek();
  if (kind !== 'identifier' && kind !== 'string') stream.unexpected('label matching', 'identifier or "}"');
  const label = stream.next();
  const name = kind === 'string' ? stringValue(label) : label.text;
  if (stream.peek().kind !== 'operator') {
    // A string alone is the metric's name: {"metric with spaces"}.
    if (kind === 'string' && (stream.is(',') || stream.is('}'))) return createMatcher(METRIC_NAME, '=', name);
    if (kind === 'string') stream.unexpected('label matching', '"," or "}"');
    stream.unexpected('label matching', 'label matching operator');
  }
  const operator = stream.next().text as MatchOperator;
  if (stream.peek().kind !== 'string') stream.unexpected('label matching', 'string');
  const value = stream.next();
  const position = { start: label.start, end: value.end };
  let matcher: Matcher;
  try {
    matcher = createMatcher(name, operator, stringValue(value));
  } catch (error) {
    throw new SyntaxFault(position, (error as Error).message);
  }
  stream.charge(matcher.programSize ?? 0, position);
  return matcher;
}

/** `(a, b, "c d")`; the stream stands before the parenthesis. */
export function parseGroupingLabels(stream: TokenStream): string[] {
  if (!stream.take('(')) stream.unexpected('grouping opts', '"("');
  const labels: string[] = [];
  while (!stream.take(')')) {
    labels.push(parseGroupingLabel(stream));
    if (!stream.take(',') && !stream.is(')')) stream.unexpected('grouping opts', '"," or ")"');
  }
  return labels;
}

function parseGroupingLabel(stream: TokenStream): string {
  const token = stream.peek();
  const isWord = /^[a-zA-Z_:]/.test(token.text) && token.kind !== 'number' && token.kind !== 'eof';
  if (token.kind !== 'string' && !isWord) stream.unexpected('grouping opts', 'label');
  stream.next();
  const name = token.kind === 'string' ? stringValue(token) : token.text;
  if (name === '') throw new SyntaxFault(token, 'invalid label name for grouping: ""');
  return name;
}

export function stringValue(token: Token): string {
  return unquote(token.text) ?? '';
}
