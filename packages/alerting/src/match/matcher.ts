/** A condition on one label. A missing label counts as the empty text. Regular expressions are RE2, anchored. */
import { RE2JS } from 're2js';
import type { LabelSet } from '../model/label-set.ts';

export type MatchOperator = '=' | '!=' | '=~' | '!~';

export interface LabelMatcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
  matches(value: string): boolean;
}

/** @throws SyntaxError when the value is no regular expression */
export function createMatcher(name: string, operator: MatchOperator, value: string): LabelMatcher {
  return { name, operator, value, matches: testOf(operator, value) };
}

function testOf(operator: MatchOperator, value: string): (actual: string) => boolean {
  if (operator === '=') return (actual) => actual === value;
  if (operator === '!=') return (actual) => actual !== value;
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(`^(?:${value})$`);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new SyntaxError(`bad regular expression ${JSON.stringify(value)}: ${said}`, { cause });
  }
  const isMatch = (actual: string): boolean => pattern.matcher(actual).matches();
  return operator === '=~' ? isMatch : (actual) => !isMatch(actual);
}

export function matchesAll(matchers: readonly LabelMatcher[], labels: LabelSet): boolean {
  return matchers.every((matcher) => matcher.matches(labels[matcher.name] ?? ''));
}

/** `a="b"`; a name that is no classic label name is put in quotes. */
export function formatMatcher({
  name,
  operator,
  value,
}: Pick<LabelMatcher, 'name' | 'operator' | 'value'>): string {
  const shown = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name) ? name : quote(name);
  return `${shown}${operator}${quote(value)}`;
}

/** `{a="b",c=~"d"}`, which is what group keys are made of. */
export function formatMatchers(matchers: readonly LabelMatcher[]): string {
  return `{${matchers.map(formatMatcher).join(',')}}`;
}

/** In the order in which Alertmanager keeps the matchers of a route: by name, value, operator. */
export function sortMatchers(matchers: readonly LabelMatcher[]): readonly LabelMatcher[] {
  const rank = (operator: MatchOperator): number => ['=', '!=', '=~', '!~'].indexOf(operator);
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...matchers].sort(
    (a, b) => order(a.name, b.name) || order(a.value, b.value) || rank(a.operator) - rank(b.operator),
  );
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
