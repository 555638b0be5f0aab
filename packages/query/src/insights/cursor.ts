/** Where the parser stands among the tokens of an Insights query. */
import { InsightsError } from './insights-error.ts';
import type { Token } from './tokens.ts';

export interface Cursor {
  readonly source: string;
  readonly tokens: readonly Token[];
  at: number;
}

export function peek({ tokens, at }: Cursor): Token {
  return tokens[at]!;
}

export function take(cursor: Cursor): Token {
  const token = peek(cursor);
  if (token.kind !== 'end') cursor.at += 1;
  return token;
}

export function isWord(cursor: Cursor, word: string): boolean {
  const { kind, text } = peek(cursor);
  return kind === 'name' && text.toLowerCase() === word;
}

export function isOperator(cursor: Cursor, operator: string): boolean {
  const { kind, text } = peek(cursor);
  return kind === 'operator' && text === operator;
}

export function accept(cursor: Cursor, operator: string): boolean {
  if (!isOperator(cursor, operator)) return false;
  cursor.at += 1;
  return true;
}

/** @throws InsightsError */
export function expect(cursor: Cursor, operator: string): void {
  if (!accept(cursor, operator)) throw unexpected(cursor, `"${operator}"`);
}

/** One or more, with commas between them. */
export function listOf<T>(cursor: Cursor, parse: (cursor: Cursor) => T): readonly T[] {
  const items: T[] = [];
  do items.push(parse(cursor));
  while (accept(cursor, ','));
  return items;
}

/** What `as` names, if it stands here. @throws InsightsError */
export function takeName(cursor: Cursor): string {
  if (peek(cursor).kind !== 'name') throw unexpected(cursor, 'a name');
  return take(cursor).text;
}

/** The error that says what stands here and what should. */
export function unexpected(cursor: Cursor, wanted: string): InsightsError {
  const { kind, text, offset } = peek(cursor);
  const found = kind === 'end' ? 'end of the query' : JSON.stringify(text);
  return new InsightsError(cursor.source, offset, `unexpected ${found}, expected ${wanted}`);
}
