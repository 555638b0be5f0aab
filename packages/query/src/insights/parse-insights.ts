/** Parses Insights queries: commands joined by `|`. */
import { createLinearRegex } from '@sluice/backends/linear-regex';
import {
  type Command,
  type Expr,
  type NamedExpr,
  type ParseCommand,
  printExpr,
  type SortKey,
} from './ast.ts';
import { accept, type Cursor, isWord, listOf, peek, take, takeName, unexpected } from './cursor.ts';
import { InsightsError } from './insights-error.ts';
import { checkRegex, parseExpr } from './parse-expr.ts';
import { parseStats } from './parse-stats.ts';
import { tokenize } from './tokens.ts';

/** The most rows that an answer has (CloudWatch Logs quotas: results of a query). */
export const MAX_ROWS = 10_000;
/** Commands of AWS that the embedded store has nothing for. */
const UNSUPPORTED = ['pattern', 'diff', 'unmask', 'anomaly', 'source', 'unnest', 'lookup', 'join', 'sql'];
const COMMANDS = 'fields, filter, stats, sort, limit, dedup, parse or display';

/** @throws InsightsError with line and column */
export function parseInsights(source: string): readonly Command[] {
  const cursor: Cursor = { source, tokens: tokenize(source), at: 0 };
  const commands: Command[] = [];
  // A bar may also stand before the first command.
  accept(cursor, '|');
  for (;;) {
    const { offset, text } = peek(cursor);
    const command = parseCommand(cursor);
    if (commands.some(({ kind }) => kind === 'dedup') && command.kind !== 'limit') {
      throw new InsightsError(source, offset, `after dedup there can only be limit, not ${text}`);
    }
    commands.push(command);
    if (peek(cursor).kind === 'end') return commands;
    if (!accept(cursor, '|')) throw unexpected(cursor, '"|" or the end of the query');
  }
}

function parseCommand(cursor: Cursor): Command {
  const { kind, text, offset } = peek(cursor);
  if (kind !== 'name') throw unexpected(cursor, `a command: ${COMMANDS}`);
  const name = text.toLowerCase();
  take(cursor);
  switch (name) {
    case 'fields':
    case 'display':
    case 'dedup':
      return { kind: name, columns: listOf(cursor, parseNamed) };
    // An index saves AWS the reading of log events that cannot match; here it is the same as filter.
    case 'filterindex':
    case 'filter':
    case 'where':
      return { kind: 'filter', condition: parseExpr(cursor) };
    case 'stats':
      return parseStats(cursor, parseNamed);
    case 'sort':
      return { kind: 'sort', keys: listOf(cursor, parseSortKey) };
    case 'limit':
    case 'head':
      return { kind: 'limit', count: parseCount(cursor) };
    case 'parse':
      return parseParse(cursor);
    default: {
      const what = UNSUPPORTED.includes(name)
        ? 'is not supported on the embedded log store'
        : `is no command: ${COMMANDS} is expected`;
      throw new InsightsError(cursor.source, offset, `${JSON.stringify(text)} ${what}`);
    }
  }
}

function parseNamed(cursor: Cursor): NamedExpr {
  const expr = parseExpr(cursor);
  if (!isWord(cursor, 'as')) return { expr, name: printExpr(expr) };
  take(cursor);
  return { expr, name: takeName(cursor) };
}

function parseSortKey(cursor: Cursor): SortKey {
  const expr = parseExpr(cursor);
  const isDescending = isWord(cursor, 'desc');
  if (isDescending || isWord(cursor, 'asc')) take(cursor);
  return { expr, isDescending };
}

function parseCount(cursor: Cursor): number {
  const { kind, value } = peek(cursor);
  if (kind !== 'number' || !Number.isInteger(value) || value < 1 || value > MAX_ROWS) {
    throw unexpected(cursor, `a whole number from 1 to ${MAX_ROWS}`);
  }
  return take(cursor).value;
}

/** `parse @message "user=*, took *" as user, took` and `parse @message /user=(?<user>\S+)/`. */
function parseParse(cursor: Cursor): ParseCommand {
  const isBare = peek(cursor).kind === 'string' || peek(cursor).kind === 'regex';
  const source: Expr = isBare ? { kind: 'field', name: '@message' } : parseExpr(cursor);
  const pattern = peek(cursor);
  if (pattern.kind !== 'string' && pattern.kind !== 'regex') {
    throw unexpected(cursor, 'a "pattern with *" or a /regular expression/');
  }
  take(cursor);
  let given: readonly string[] = [];
  if (isWord(cursor, 'as')) {
    take(cursor);
    given = listOf(cursor, takeName);
  }
  const fail = (what: string): never => {
    throw new InsightsError(cursor.source, pattern.offset, what);
  };
  if (pattern.kind === 'regex') {
    checkRegex(cursor, pattern);
    const groups = createLinearRegex(pattern.text).groupNames.slice(1);
    const names = groups.flatMap((group, i) => group ?? given[i] ?? []);
    if (names.length === 0 || names.length < groups.length)
      fail('every group of the expression needs a name: (?<name>…) or "as name"');
    return { kind: 'parse', source, pattern: { kind: 'regex', source: pattern.text }, names };
  }
  const literals = pattern.text.split('*');
  if (literals.length - 1 !== given.length || given.length === 0)
    fail(`the pattern has ${literals.length - 1} wildcards for ${given.length} names`);
  return { kind: 'parse', source, pattern: { kind: 'glob', literals }, names: given };
}
