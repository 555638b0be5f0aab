/**
 * Label matchers. Regular expressions are RE2 (re2js: linear time, so no expression can hang a query) and
 * anchored at both ends; literals, alternations of literals and plain prefixes or suffixes never reach it.
 */

import { RE2JS } from 're2js';
import { goQuote } from './go-quote.ts';

export type MatchOperator = '=' | '!=' | '=~' | '!~';

export interface Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
  matches(value: string): boolean;
  /** For `=` and `=~` with a finite list of literals: all values that match; stores use it to look up. */
  readonly literals?: readonly string[];
  /** Instructions of a compiled regular expression: time and memory grow with them. */
  readonly programSize?: number;
}

/** Throws Error with RE2's message when the regular expression is wrong. */
export function createMatcher(name: string, operator: MatchOperator, value: string): Matcher {
  if (operator === '=') {
    return { name, operator, value, matches: (candidate) => candidate === value, literals: [value] };
  }
  if (operator === '!=') return { name, operator, value, matches: (candidate) => candidate !== value };
  const { test, literals, programSize } = compileAnchored(value);
  const size = programSize === undefined ? {} : { programSize };
  if (operator === '!~') return { name, operator, value, matches: (candidate) => !test(candidate), ...size };
  return { name, operator, value, matches: test, ...(literals && { literals }), ...size };
}

interface Compiled {
  readonly test: (value: string) => boolean;
  readonly literals?: readonly string[];
  readonly programSize?: number;
}

/** Beyond it, compiling alone takes seconds. */
const MAX_PATTERN = 100_000;

/** A literal: no character that has a meaning in RE2. */
const LITERAL = /^[^\\.+*?()|[\]{}^$]*$/;

function compileAnchored(pattern: string): Compiled {
  const inner = /^\((?:\?:)?([^()]*)\)$/.exec(pattern)?.[1] ?? pattern;
  const alternatives = inner.split('|');
  if (alternatives.every((alternative) => LITERAL.test(alternative))) {
    const set = new Set(alternatives);
    return { test: (value) => set.has(value), literals: [...set] };
  }
  if (pattern === '.*') return { test: () => true };
  if (pattern === '.+') return { test: (value) => value !== '' };
  const prefix = /^([^\\.+*?()|[\]{}^$]+)\.([*+])$/.exec(pattern);
  if (prefix) {
    const [, start, repeat] = prefix as unknown as [string, string, string];
    const least = start.length + (repeat === '+' ? 1 : 0);
    return { test: (value) => value.length >= least && value.startsWith(start) };
  }
  const suffix = /^\.([*+])([^\\.+*?()|[\]{}^$]+)$/.exec(pattern);
  if (suffix) {
    const [, repeat, end] = suffix as unknown as [string, string, string];
    const least = end.length + (repeat === '+' ? 1 : 0);
    return { test: (value) => value.length >= least && value.endsWith(end) };
  }
  if (pattern.length > MAX_PATTERN) {
    throw new Error(`regular expression has ${pattern.length} characters; ${MAX_PATTERN} are the most`);
  }
  // Alone first: a parenthesis too many would close the one around it.
  if (pattern.includes(')')) RE2JS.compile(pattern);
  const compiled = compileWhole(pattern);
  return { test: memoize((value) => compiled.matches(value)), programSize: compiled.programSize() };
}

/** What is wrong is said of the pattern as it was given. */
function compileWhole(pattern: string): RE2JS {
  try {
    return RE2JS.compile(`^(?s:${pattern})$`);
  } catch (error) {
    RE2JS.compile(pattern);
    throw error;
  }
}

/** Label values repeat from series to series; the memory is bounded so that a query cannot grow it without end. */
function memoize(test: (value: string) => boolean): (value: string) => boolean {
  const known = new Map<string, boolean>();
  return (value) => {
    let answer = known.get(value);
    if (answer === undefined) {
      answer = test(value);
      if (known.size >= 10_000) known.clear();
      known.set(value, answer);
    }
    return answer;
  };
}

export function formatMatcher({ name, operator, value }: Matcher): string {
  const written = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : goQuote(name);
  return `${written}${operator}${goQuote(value)}`;
}
