/** `sluice slo validate`. */
import { formatProblem } from '@sluice/config/problem';
import { slosOf } from '@sluice/rules/slo/load-slos';
import { defineCommand, EXIT } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import { plural } from '../quantity.ts';
import { createStyle, safeJson } from '../terminal-text.ts';
import { findSpecFiles, readSources, readSpecs, reportProblems, SPEC_OPTIONS } from './read-specs.ts';

export const validateSloCommand = defineCommand({
  operands: 'FILE|FOLDER…',
  maxOperands: 1_000,
  about: `Checks SLO specs of Sloth (prometheus/v1, PrometheusServiceLevel, AlertWindows) and OpenSLO v1alpha, and
tells everything that is wrong with line and column. Warnings pass unless --strict is set.`,
  options: {
    ...SPEC_OPTIONS,
    input: { type: 'string', short: 'i', value: 'FILE|FOLDER', help: "as Sloth's command line has it" },
    strict: { type: 'boolean', help: 'warnings fail as well' },
  },
  examples: ['sluice slo validate slo/', 'sluice slo validate -i api.yml --strict'],
  run({ options, positionals, json }, io) {
    const operands = [...positionals, ...(options.input === undefined ? [] : [options.input])];
    if (operands.length === 0) throw new CommandLineError('FILE is missing');
    const files = findSpecFiles(operands, options, io.cwd);
    const loaded = readSpecs(readSources(files, io.cwd), options, io);
    const slos = slosOf(loaded.groups ?? []);
    const isSound = loaded.groups !== undefined && (!options.strict || loaded.problems.length === 0);
    if (json) {
      const problems = loaded.problems.map((problem) => ({ ...problem, text: formatProblem(problem) }));
      io.stdout.write(
        `${safeJson({ ok: isSound, files: files.length, slos: slos.map(({ id }) => id), problems })}\n`,
      );
      return Promise.resolve(isSound ? EXIT.ok : EXIT.failure);
    }
    reportProblems(loaded, io);
    const style = createStyle(io.stdout, io.env);
    const warnings = loaded.problems.length === 0 ? '' : `, ${plural(loaded.problems.length, 'warning')}`;
    io.stdout.write(
      isSound
        ? `${style.green('ok')}  ${plural(slos.length, 'SLO')} in ${plural(files.length, 'file')}${warnings}\n`
        : `${plural(loaded.problems.length, 'problem')}\n`,
    );
    return Promise.resolve(isSound ? EXIT.ok : EXIT.failure);
  },
});
