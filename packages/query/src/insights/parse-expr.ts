/** Parses expressions of Insights queries: a Pratt parser over the token cursor. */
import { createLinearRegex } from '@sluice/backends/linear-regex';
import type { BinaryOperator, Expr } from './ast.ts';
import { accept, type Cursor, expect, isOperator, isWord, peek, take, unexpected } from './cursor.ts';
import { InsightsError } from './insights-error.ts';
import type { Token } from './tokens.ts';

const PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  or: 1,
  and: 2,
  '=': 4,
  '!=': 4,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  like: 4,
  'not like': 4,
  in: 4,
  'not in': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
  '^': 7,
};
const NOT_PRECEDENCE = 3;
const MAX_DEPTH = 100;

/** @throws InsightsError */
export function parseExpr(cursor: Cursor, least = 0, depth = 0): Expr {
  if (depth > MAX_DEPTH)
    throw new InsightsError(cursor.source, peek(cursor).offset, 'the expression is nested too deeply');
  let left = parseOperand(cursor, depth);
  for (;;) {
    const start = cursor.at;
    const operator = readOperator(cursor);
    if (operator === undefined || PRECEDENCE[operator] < least) {
      cursor.at = start;
      return left;
    }
    left = { kind: 'binary', operator, left, right: parseRight(cursor, operator, depth) };
  }
}

function parseRight(cursor: Cursor, operator: BinaryOperator, depth: number): Expr {
  if (operator === 'in' || operator === 'not in') return parseList(cursor);
  if (operator !== 'like' && operator !== 'not like') {
    // `^` binds to the right.
    return parseExpr(cursor, PRECEDENCE[operator] + (operator === '^' ? 0 : 1), depth + 1);
  }
  const token = peek(cursor);
  if (token.kind === 'regex') {
    checkRegex(cursor, take(cursor));
    return { kind: 'regex', source: token.text };
  }
  if (token.kind !== 'string') throw unexpected(cursor, 'a text or a /regular expression/');
  return { kind: 'literal', value: take(cursor).text };
}

function readOperator(cursor: Cursor): BinaryOperator | undefined {
  const { kind, text } = take(cursor);
  if (kind === 'operator') {
    if (text === '=~') return 'like';
    if (text === '==') return '=';
    return Object.hasOwn(PRECEDENCE, text) ? (text as BinaryOperator) : undefined;
  }
  if (kind !== 'name') return undefined;
  const word = text.toLowerCase();
  if (word === 'not') {
    const next = take(cursor).text.toLowerCase();
    return next === 'like' ? 'not like' : next === 'in' ? 'not in' : undefined;
  }
  return word === 'and' || word === 'or' || word === 'like' || word === 'in' ? word : undefined;
}

function parseOperand(cursor: Cursor, depth: number): Expr {
  if (isWord(cursor, 'not')) {
    take(cursor);
    return { kind: 'unary', operator: 'not', operand: parseExpr(cursor, NOT_PRECEDENCE, depth + 1) };
  }
  if (accept(cursor, '-')) {
    return { kind: 'unary', operator: '-', operand: parseExpr(cursor, PRECEDENCE['*'], depth + 1) };
  }
  if (accept(cursor, '(')) {
    const inner = parseExpr(cursor, 0, depth + 1);
    expect(cursor, ')');
    return inner;
  }
  const token = peek(cursor);
  switch (token.kind) {
    case 'string':
      return { kind: 'literal', value: take(cursor).text };
    case 'number':
      return { kind: 'literal', value: take(cursor).value };
    case 'period':
      return { kind: 'period', text: take(cursor).text };
    case 'name':
      take(cursor);
      return isOperator(cursor, '(') ? parseCall(cursor, token, depth) : { kind: 'field', name: token.text };
    default:
      throw unexpected(cursor, 'a field, a value or a function');
  }
}

function parseCall(cursor: Cursor, { text, offset }: Token, depth: number): Expr {
  expect(cursor, '(');
  const args: Expr[] = [];
  if (text.toLowerCase() === 'count' && accept(cursor, '*')) args.push({ kind: 'field', name: '*' });
  while (!isOperator(cursor, ')')) {
    if (args.length > 0) expect(cursor, ',');
    args.push(parseExpr(cursor, 0, depth + 1));
  }
  expect(cursor, ')');
  return { kind: 'call', name: text, args, offset };
}

function parseList(cursor: Cursor): Expr {
  expect(cursor, '[');
  const values: (string | number)[] = [];
  while (!accept(cursor, ']')) {
    if (values.length > 0) expect(cursor, ',');
    const sign = accept(cursor, '-') ? -1 : 1;
    const { kind } = peek(cursor);
    if (kind === 'number') values.push(sign * take(cursor).value);
    else if (kind === 'string' && sign === 1) values.push(take(cursor).text);
    else throw unexpected(cursor, 'a text or a number');
  }
  return { kind: 'list', values };
}

/** @throws InsightsError at the place of the expression, with what RE2 says */
export function checkRegex({ source }: Cursor, { text, offset }: Token): void {
  try {
    createLinearRegex(text);
  } catch (error) {
    throw new InsightsError(source, offset, (error as Error).message);
  }
}
