/** What is wrong with an expression, with a caret under the character where it begins. */
import { type Style, safeText } from '../terminal-text.ts';

interface ApiFault {
  readonly errorType: string;
  readonly error: string;
}

export function renderError(expression: string, { errorType, error }: ApiFault, style: Style): string {
  // An empty expression has no position.
  const plain = error.replace(/^invalid parameter "query": /, '').replace(/^unknown position: /, '1:1: ');
  const [, line = '', column = '', reason = ''] = /^(\d+):(\d+): ([\s\S]*)$/.exec(plain) ?? [];
  const title = style.red('sluice:');
  if (line === '') return `${title} ${safeText(`${errorType}: ${plain}`)}\n`;
  const text = expression.split('\n')[Number(line) - 1] ?? '';
  const before = safeText(charactersBefore(text, Number(column) - 1));
  return `${title} ${safeText(reason)}\n  ${safeText(text)}\n  ${' '.repeat(before.length)}${style.red('^')}\n`;
}

/** Columns count bytes of UTF-8. */
function charactersBefore(text: string, bytes: number): string {
  return new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, bytes));
}
