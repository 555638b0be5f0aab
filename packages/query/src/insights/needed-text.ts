/**
 * Text that every line a query wants must hold, as its bytes stand in the store: whole blocks are searched
 * for it at once, and lines without it are never looked at.
 */
import { createLinearRegex } from '@sluice/backends/linear-regex';
import type { Command, Expr } from './ast.ts';
import { EVENT_FIELDS } from './row-scope.ts';

/** Of the filters that see records as they are stored, the longest such text; '' when there is none. */
export function neededText(commands: readonly Command[]): string {
  let longest = '';
  for (const command of commands) {
    // What renames or calculates may hide a field of the same name.
    if (
      command.kind === 'fields' &&
      command.columns.every(({ expr, name }) => expr.kind === 'field' && expr.name === name)
    )
      continue;
    if (command.kind !== 'filter') break;
    for (const text of needed(command.condition)) if (text.length > longest.length) longest = text;
  }
  return longest;
}

function needed(expr: Expr): readonly string[] {
  if (expr.kind !== 'binary') return [];
  const { operator, left, right } = expr;
  if (operator === 'and') return [...needed(left), ...needed(right)];
  if (left.kind !== 'field') return [];
  if (operator === 'like') {
    if (left.name !== '@message' && (EVENT_FIELDS as readonly string[]).includes(left.name)) return [];
    const text = right.kind === 'regex' ? createLinearRegex(right.source).literal : literalText(right);
    return isWrittenAsIs(text) ? [text] : [];
  }
  if (operator !== '=' || (EVENT_FIELDS as readonly string[]).includes(left.name)) return [];
  const text = literalText(right);
  // Texts that look like numbers also equal numbers, which are written in other ways.
  return isWrittenAsIs(text) && Number.isNaN(Number(text)) && text !== 'true' && text !== 'false'
    ? [`"${text}"`]
    : [];
}

function literalText(expr: Expr): string {
  return expr.kind === 'literal' && typeof expr.value === 'string' ? expr.value : '';
}

/** No character of it is escaped in JSON, and it is not only what numbers and booleans may be shown with. */
function isWrittenAsIs(text: string): boolean {
  return JSON.stringify(text) === `"${text}"` && !text.includes('\x7f') && /[^\d.eE+-]/.test(text);
}
