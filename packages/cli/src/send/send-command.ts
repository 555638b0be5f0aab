/** `sluice send`. */
import { ENV, SIGNALS } from '@sluice/core/names';
import { readText } from '@sluice/core/settings';
import { defineCommand, EXIT } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import { readChoiceOption, readNumberOption } from '../parse-command-line.ts';
import { ingestUrlOf } from '../pipeline-urls.ts';
import { createStyle, safeJson } from '../terminal-text.ts';
import { findInputs } from './find-inputs.ts';
import { renderReports, sumReports } from './render-reports.ts';
import { sendFiles } from './send-files.ts';

export const sendCommand = defineCommand({
  operands: 'FILE…',
  minOperands: 1,
  maxOperands: Number.POSITIVE_INFINITY,
  about: `Sends OTLP files: protobuf, JSON, JSON lines, gzipped or not, folders, patterns, and - for standard
input. The content tells what a file is. Where to: ${ENV.url} (default http://127.0.0.1:4318),
with the API key in ${ENV.key}. Fails when anything was refused or rejected.`,
  options: {
    signal: { type: 'string', value: SIGNALS.join('|'), help: 'do not look at the content for this' },
    concurrency: { type: 'string', value: 'N', help: 'requests at a time (default 4)' },
    repeat: { type: 'string', value: 'N', help: 'send everything N times (default 1)' },
    rate: { type: 'string', value: 'ITEMS', help: 'at most so many items per second' },
    'retry-for': {
      type: 'string',
      value: 'SECONDS',
      help: 'how long one request is tried again (default 60)',
    },
    'dry-run': { type: 'boolean', help: 'validate here, send nothing' },
  },
  examples: [
    'sluice send trace.json',
    'sluice send --dry-run captures/ "more/*.pb.gz"',
    'zcat big.ndjson.gz | sluice send --rate 1000 -',
  ],
  async run({ options, positionals, json }, io) {
    const signal = readChoiceOption('signal', options.signal, SIGNALS);
    const whole = { min: 1, max: 1_000_000, whole: true };
    const concurrency = readNumberOption('concurrency', options.concurrency, {
      ...whole,
      fallback: 4,
      max: 256,
    });
    const repeat = readNumberOption('repeat', options.repeat, { ...whole, fallback: 1 });
    const itemsPerSecond = readNumberOption('rate', options.rate, { fallback: 0, min: 0.001, max: 1e9 });
    const retryForSeconds = readNumberOption('retry-for', options['retry-for'], {
      fallback: 60,
      min: 0,
      max: 86_400,
    });
    if (repeat > 1 && positionals.includes('-')) {
      throw new CommandLineError('standard input can be read only once: --repeat does not go with -');
    }
    const key = readText(io.env, ENV.key);
    const dryRun = options['dry-run'];
    const destination = {
      url: ingestUrlOf(io.env),
      retryForMs: retryForSeconds * 1000,
      ...(key === undefined ? {} : { key }),
    };
    const reports = await sendFiles(
      await findInputs(positionals, io.cwd),
      {
        concurrency,
        repeat,
        ...(dryRun ? {} : { destination }),
        ...(signal === undefined ? {} : { signal }),
        ...(itemsPerSecond === 0 ? {} : { itemsPerSecond }),
      },
      io,
    );
    const totals = sumReports(reports);
    io.stdout.write(
      json
        ? `${safeJson({ dryRun, files: reports, totals })}\n`
        : renderReports(reports, { style: createStyle(io.stdout, io.env), dryRun }),
    );
    return totals.rejected + totals.refused > 0 || io.signal.aborted ? EXIT.failure : EXIT.ok;
  },
});
