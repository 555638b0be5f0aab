/** What the server finds wrong with a query, with a caret under the place. */
import { UsageError } from '@sluice/core/errors';
import { EXIT } from '../command.ts';
import type { Io } from '../io.ts';
import { createStyle, safeText } from '../terminal-text.ts';

export interface QueryFault {
  readonly reason: string;
  /** From 1; columns count characters. */
  readonly position?: { readonly line: number; readonly column: number } | undefined;
}

/** Tells of the fault and returns the exit code of wrong usage. */
export function tellFault(query: string, { reason, position }: QueryFault, io: Io): number {
  const style = createStyle(io.stderr, io.env);
  io.stderr.write(`${style.red('sluice:')} ${safeText(reason)}\n`);
  if (position === undefined) return EXIT.usage;
  const line = query.split('\n')[position.line - 1] ?? '';
  const before = safeText(line.slice(0, position.column - 1));
  io.stderr.write(`  ${safeText(line)}\n  ${' '.repeat(before.length)}${style.red('^')}\n`);
  return EXIT.usage;
}

/** Loki's API says it in plain text: `parse error at line 1, col 4: …`. */
export function parseLogqlFault(text: string): QueryFault {
  const reason = text.trim();
  const place = /^parse error at line (\d+), col (\d+): /.exec(reason);
  if (place === null) return { reason };
  return { reason, position: { line: Number(place[1]), column: Number(place[2]) } };
}

/** Insights' answer is JSON. @throws UsageError when it is something else */
export function parseInsightsFault(text: string, url: string): QueryFault {
  try {
    const { error, position } = JSON.parse(text) as {
      readonly error?: unknown;
      readonly position?: QueryFault['position'];
    };
    if (typeof error === 'string') return { reason: error, position };
  } catch {
    // Told below.
  }
  throw new UsageError(`what answers at ${url} is no Insights API (HTTP 400)`);
}
