/**
 * Text from data on its way to a terminal. Control characters could move the cursor, rewrite what was
 * printed or change the window's title, and direction overrides could disguise a name: they are shown
 * as escapes instead.
 */
import type { Environment } from '@sluice/core/settings';
import type { Output } from './io.ts';

/** C0 and C1 controls, DEL, line and paragraph separators, direction marks and overrides. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export function safeText(text: string): string {
  return text.replaceAll(UNSAFE, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    const code = character.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** JSON that is the same value and safe to print: what JSON.stringify leaves raw is escaped too. */
export function safeJson(value: unknown, { indent = 2 }: { readonly indent?: number } = {}): string {
  const lines = JSON.stringify(value, undefined, indent).split('\n');
  return lines
    .map((line) =>
      line.replaceAll(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
    )
    .join('\n');
}

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

/** Colours on a terminal only, and never when NO_COLOR is set (no-color.org) or the terminal is dumb. */
export function createStyle(output: Output, env: Environment): Style {
  const isColoured = output.isTerminal && !env.NO_COLOR && env.TERM !== 'dumb';
  const paint =
    (on: number, off: number) =>
    (text: string): string =>
      isColoured ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
  };
}
