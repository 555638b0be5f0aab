/** `sluice slo fix`. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fixSpec } from '@sluice/rules/slo/generate/fix-spec';
import { defineCommand, EXIT } from '../command.ts';
import { plural } from '../quantity.ts';
import { createStyle, safeText } from '../terminal-text.ts';
import { findSpecFiles, readSources, readSpecs, reportProblems, SPEC_OPTIONS } from './read-specs.ts';

export const fixSloCommand = defineCommand({
  operands: 'FILE|FOLDER…',
  minOperands: 1,
  maxOperands: 1_000,
  about: `Corrects SLO specs where there is a sure remedy: fixed windows become {{.window}} (E5), error queries that
count good events become all events less those (E4). Comments and everything else stay. Shows what it
would do, with --write it does it.`,
  options: { ...SPEC_OPTIONS, write: { type: 'boolean', short: 'w', help: 'writes the files' } },
  examples: ['sluice slo fix slo/api.yml', 'sluice slo fix slo/ --write'],
  run({ options, positionals }, io) {
    const files = findSpecFiles(positionals, options, io.cwd);
    const sources = readSources(files, io.cwd);
    const loaded = readSpecs(sources, options, io);
    if (loaded.groups === undefined) {
      reportProblems({ problems: loaded.problems.filter(({ severity }) => severity === 'error') }, io);
      return Promise.resolve(EXIT.failure);
    }
    const style = createStyle(io.stdout, io.env);
    let count = 0;
    for (const { file, source } of sources) {
      const fixed = fixSpec(source, { file });
      count += fixed.fixes.length;
      if (options.write && fixed.fixes.length > 0) writeFileSync(resolve(io.cwd, file), fixed.source);
      for (const { line, message } of fixed.fixes)
        io.stdout.write(`${style.dim(safeText(`${file}:${line}`))} ${safeText(message)}\n`);
    }
    const made = options.write ? 'made' : 'to be made with --write';
    io.stdout.write(count === 0 ? 'nothing to correct\n' : `${plural(count, 'correction')} ${made}\n`);
    return Promise.resolve(EXIT.ok);
  },
});
