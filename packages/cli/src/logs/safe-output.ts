/** What programs read goes out as it is, except where a terminal would obey it. */
import type { Output } from '../io.ts';
import { safeText } from '../terminal-text.ts';

/** `text` in whole lines. */
export function writeLines(output: Output, text: string): void {
  const isSafe = !output.isTerminal;
  output.write(isSafe ? text : text.replaceAll(/[^\r\n]+/g, safeText));
}
