/** The parse command: columns out of a text, by a pattern with wildcards or by a regular expression. */
import { createLinearRegex } from '@sluice/backends/linear-regex';
import type { ParseCommand } from './ast.ts';
import { compileExpr } from './compile-expr.ts';
import type { Step } from './compile-query.ts';
import type { RowScope } from './row-scope.ts';
import { toText } from './values.ts';

/** @throws InsightsError */
export function compileParse({ source, pattern, names }: ParseCommand, scope: RowScope): Step {
  const get = compileExpr(source, scope);
  const parse = pattern.kind === 'glob' ? globParser(pattern.literals) : regexParser(pattern.source);
  const slots = names.map((name) => scope.addColumn(name, false));
  return (next) => ({
    push(row) {
      const value = get(row);
      const found = value === undefined ? undefined : parse(toText(value));
      for (let i = 0; i < slots.length; i++) row[slots[i]!] = found?.[i];
      return next.push(row);
    },
    end: () => next.end(),
  });
}

type Parser = (text: string) => readonly (string | undefined)[] | undefined;

function regexParser(source: string): Parser {
  const regex = createLinearRegex(source);
  return (text) =>
    regex
      .exec(text)
      ?.slice(1)
      .map((group) => group ?? undefined);
}

/** A wildcard takes as little as it can; the last one, at the end of the pattern, takes the rest. */
export function globParser([first = '', ...rest]: readonly string[]): Parser {
  return (text) => {
    const start = text.indexOf(first);
    if (start < 0) return undefined;
    const values: string[] = [];
    let at = start + first.length;
    for (let i = 0; i < rest.length; i++) {
      const literal = rest[i]!;
      const end = literal === '' && i === rest.length - 1 ? text.length : text.indexOf(literal, at);
      if (end < 0) return undefined;
      values.push(text.slice(at, end));
      at = end + literal.length;
    }
    return values;
  };
}
