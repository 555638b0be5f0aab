/** `sluice dlq redrive`. */
import { type PassResult, redriveDeadLetters } from '@sluice/delivery/dead-letters';
import { defineCommand } from '../command.ts';
import { readNumberOption } from '../parse-command-line.ts';
import { createStyle } from '../terminal-text.ts';
import { requireFilter, SELECTION_OPTIONS, withDeadLetters } from './dead-letter-queues.ts';
import { reportPasses } from './report-passes.ts';

export const redriveCommand = defineCommand({
  operands: 'ID…',
  maxOperands: Number.POSITIVE_INFINITY,
  about: `Sends dead letters back to the queue they come from, to be tried anew. Each is sent before it is
deleted here: interrupted at any moment, none is lost, and one sent twice collapses by its id.`,
  options: {
    ...SELECTION_OPTIONS,
    all: { type: 'boolean', help: 'all of them' },
    limit: { type: 'string', value: 'N', help: 'at most so many per queue' },
  },
  examples: [
    'sluice dlq redrive --all',
    'sluice dlq redrive --sink tempo --reason "too large"',
    'sluice dlq redrive 5ae1f0c2',
  ],
  async run({ options, positionals, json }, io) {
    const filter = requireFilter(options, positionals);
    const limit = readNumberOption('limit', options.limit, {
      fallback: Number.POSITIVE_INFINITY,
      min: 1,
      max: 1e9,
      whole: true,
    });
    const style = createStyle(io.stdout, io.env);
    const results = await withDeadLetters(options, io, async (queues) => {
      const all: (PassResult & { readonly signal: string })[] = [];
      for (const { signal, source, deadLetter } of queues) {
        const result = await redriveDeadLetters(deadLetter, {
          target: source,
          filter,
          limit,
          signal: io.signal,
        });
        all.push({ signal, ...result });
      }
      return all;
    });
    return reportPasses(results, { verb: 'redriven', json, style, io });
  },
});
