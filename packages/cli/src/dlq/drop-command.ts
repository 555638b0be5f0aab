/** `sluice dlq drop`. */

import { UsageError } from '@sluice/core/errors';
import { dropDeadLetters, listDeadLetters, type PassResult } from '@sluice/delivery/dead-letters';
import { defineCommand } from '../command.ts';
import { readNumberOption } from '../parse-command-line.ts';
import { plural } from '../quantity.ts';
import { createStyle } from '../terminal-text.ts';
import { requireFilter, SELECTION_OPTIONS, withDeadLetters } from './dead-letter-queues.ts';
import { reportPasses } from './report-passes.ts';

export const dropCommand = defineCommand({
  operands: 'ID…',
  maxOperands: Number.POSITIVE_INFINITY,
  about: `Deletes dead letters for good. Without --yes it only says how many that would be, and fails.`,
  options: {
    ...SELECTION_OPTIONS,
    all: { type: 'boolean', help: 'all of them' },
    limit: { type: 'string', value: 'N', help: 'at most so many per queue' },
    yes: { type: 'boolean', help: 'really delete' },
  },
  examples: ['sluice dlq drop 5ae1f0c2 --yes', 'sluice dlq drop --tenant team-a --reason malformed --yes'],
  async run({ options, positionals, json }, io) {
    const filter = requireFilter(options, positionals);
    const limit = readNumberOption('limit', options.limit, {
      fallback: Number.POSITIVE_INFINITY,
      min: 1,
      max: 1e9,
      whole: true,
    });
    const pass = { filter, limit, signal: io.signal };
    const results = await withDeadLetters(options, io, async (queues) => {
      const all: (PassResult & { readonly signal: string })[] = [];
      for (const { signal, deadLetter } of queues) {
        const result = options.yes
          ? await dropDeadLetters(deadLetter, pass)
          : { done: (await listDeadLetters(deadLetter, pass)).length, kept: 0, failed: [] };
        all.push({ signal, ...result });
      }
      return all;
    });
    if (!options.yes) {
      const count = results.reduce((sum, { done }) => sum + done, 0);
      throw new UsageError(`this would delete ${plural(count, 'dead letter')} for good: add --yes to do it`);
    }
    return reportPasses(results, { verb: 'dropped', json, style: createStyle(io.stdout, io.env), io });
  },
});
