/** Parses `{name="value", other=~"a|b"}`. */
import { createLinearRegex } from '@sluice/backends/linear-regex';
import type { MatchOp, StreamMatcher } from './ast.ts';
import { createTokenReader, type TokenReader } from './token-reader.ts';

const OPS: readonly string[] = ['=', '!=', '=~', '!~'];

/** @throws LogqlError */
export function parseSelector(reader: TokenReader): readonly StreamMatcher[] {
  const { offset } = reader.expect('{');
  const matchers: StreamMatcher[] = [];
  while (!reader.isOperator('}')) {
    const name = reader.expectKind('name').text;
    const { text: op, kind, offset: at } = reader.peek();
    if (kind !== 'operator' || !OPS.includes(op)) throw reader.unexpected('= or != or =~ or !~');
    reader.next();
    const value = reader.expectKind('string').text;
    if (op === '=~' || op === '!~') checkRegex(reader, value, at);
    matchers.push({ name, op: op as MatchOp, value });
    if (!reader.accept(',')) break;
  }
  reader.expect('}');
  if (matchers.every(matchesEmpty)) {
    throw reader.fail(
      offset,
      'queries require at least one regexp or equality matcher that does not have an empty-compatible value. For instance, app=~".*" does not meet this requirement, but app=~".+" will',
    );
  }
  return matchers;
}

/** One selector alone, as `match[]` of the series endpoint has it. @throws LogqlError */
export function parseMatchers(source: string): readonly StreamMatcher[] {
  const reader = createTokenReader(source);
  const matchers = parseSelector(reader);
  if (reader.peek().kind !== 'end') throw reader.unexpected();
  return matchers;
}

/** A label that is absent counts as empty. */
export function createStreamFilter(
  matchers: readonly StreamMatcher[],
): (labels: Readonly<Record<string, string>>) => boolean {
  const tests = matchers.map((matcher) => ({ name: matcher.name, test: createValueTest(matcher) }));
  return (labels) => tests.every(({ name, test }) => test(labels[name] ?? ''));
}

export function createValueTest({
  op,
  value,
}: {
  readonly op: MatchOp;
  readonly value: string;
}): (text: string) => boolean {
  if (op === '=') return (text) => text === value;
  if (op === '!=') return (text) => text !== value;
  const regex = createLinearRegex(value, { isAnchored: true });
  return op === '=~' ? (text) => regex.test(text) : (text) => !regex.test(text);
}

export function checkRegex(reader: TokenReader, source: string, offset: number): void {
  try {
    createLinearRegex(source);
  } catch (error) {
    throw reader.fail(offset, (error as Error).message);
  }
}

function matchesEmpty(matcher: StreamMatcher): boolean {
  return createValueTest(matcher)('');
}
