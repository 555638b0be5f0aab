/** What a pass over the dead-letter queues did. */
import type { PassResult } from '@sluice/delivery/dead-letters';
import { EXIT } from '../command.ts';
import type { Io } from '../io.ts';
import { formatCount, plural } from '../quantity.ts';
import { type Style, safeJson, safeText } from '../terminal-text.ts';

export interface PassReport {
  readonly verb: 'redriven' | 'dropped';
  readonly json: boolean;
  readonly style: Style;
  readonly io: Io;
}

const SHOWN_FAILURES = 10;

/** Answers the exit code: a failure when a message could not be moved, or the pass was interrupted. */
export function reportPasses(
  results: readonly (PassResult & { readonly signal: string })[],
  { verb, json, style, io }: PassReport,
): number {
  const done = results.reduce((sum, result) => sum + result.done, 0);
  const kept = results.reduce((sum, result) => sum + result.kept, 0);
  const failed = results.flatMap((result) => result.failed);
  if (json) {
    io.stdout.write(`${safeJson({ [verb]: done, kept, failed, queues: results })}\n`);
  } else {
    const each = results
      .filter((result) => result.done > 0)
      .map((result) => `${formatCount(result.done)} ${result.signal}`);
    io.stdout.write(`${verb} ${plural(done, 'message')}${each.length > 0 ? ` (${each.join(', ')})` : ''}\n`);
    for (const { id, reason } of failed.slice(0, SHOWN_FAILURES)) {
      io.stderr.write(`${style.red('not moved:')} ${safeText(id)}: ${safeText(reason)}\n`);
    }
    if (failed.length > SHOWN_FAILURES)
      io.stderr.write(`and ${formatCount(failed.length - SHOWN_FAILURES)} more\n`);
    if (io.signal.aborted) io.stderr.write('interrupted; the same command goes on where this stopped\n');
  }
  return failed.length > 0 || io.signal.aborted ? EXIT.failure : EXIT.ok;
}
