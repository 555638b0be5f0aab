/** `sluice slo generate`. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describeError, UsageError } from '@sluice/core/errors';
import { generateGroup } from '@sluice/rules/slo/generate/generate-rules';
import { renderGroups } from '@sluice/rules/slo/generate/render-rules';
import { type LoadedSlos, slosOf } from '@sluice/rules/slo/load-slos';
import type { SloGroup } from '@sluice/rules/slo/slo';
import manifest from '../../package.json' with { type: 'json' };
import { defineCommand, EXIT } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { createStyle, safeText } from '../terminal-text.ts';
import { findSpecFiles, readSources, readSpecs, reportProblems, SPEC_OPTIONS } from './read-specs.ts';

export const generateSloCommand = defineCommand({
  operands: '[FILE|FOLDER]',
  maxOperands: 1,
  about: `Makes Prometheus rules of SLO specs, the same rules as Sloth makes of them: error ratios by window,
budgets, burn rates and alerts on them. Of a folder, each file becomes one of the same name in the
folder --out.`,
  options: {
    input: { type: 'string', short: 'i', value: 'FILE|FOLDER', help: 'in place of the operand' },
    out: { type: 'string', short: 'o', value: 'FILE|FOLDER', help: '"-" (the default) is standard output' },
    'extra-labels': {
      type: 'string',
      short: 'l',
      value: 'NAME=VALUE',
      multiple: true,
      help: 'on all rules; may be repeated',
    },
    'disable-recordings': { type: 'boolean', help: 'no recording rules' },
    'disable-alerts': { type: 'boolean', help: 'no alert rules' },
    ...SPEC_OPTIONS,
  },
  examples: [
    'sluice slo generate slo/api.yml -o rules/api-slo.yml',
    'sluice slo generate -i slo/ -o rules/ -l cluster=eu',
    'sluice slo generate slo/api.yml --default-slo-period 28d --disable-alerts',
  ],
  run({ options, positionals }, io) {
    const input = positionals[0] ?? options.input;
    if (input === undefined) throw new CommandLineError('FILE is missing');
    const out = options.out ?? '-';
    const isFolder = statSync(resolve(io.cwd, input), { throwIfNoEntry: false })?.isDirectory() ?? false;
    if (isFolder) checkFolders(input, out, io);
    const files = findSpecFiles([input], options, io.cwd);
    const loaded = readSpecs(readSources(files, io.cwd), options, io);
    if (!reportProblems(loaded, io)) return Promise.resolve(EXIT.failure);
    reportQuarantine(loaded, io);
    const extraLabels = toLabels(options['extra-labels']);
    const render = (group: SloGroup): string => {
      const rules = generateGroup(group, {
        windows: loaded.windows,
        version: manifest.version,
        extraLabels,
        hasRecordings: !options['disable-recordings'],
        hasAlerts: !options['disable-alerts'],
      });
      return rules.length === 0 ? '' : renderGroups(group, rules, { version: manifest.version });
    };
    let written = 0;
    for (const file of files) {
      const groups = loaded.groups!.filter((group) => group.file === file);
      const text = groups
        .map(render)
        .filter((part) => part !== '')
        .join('\n');
      if (text === '') continue;
      written += 1;
      if (!isFolder && out === '-') io.stdout.write(text);
      else write(isFolder ? join(out, relative(input, file)) : out, text, io);
    }
    if (written === 0)
      throw new UsageError('there are no rules to write: all are disabled, or in quarantine');
    return Promise.resolve(EXIT.ok);
  },
});

function checkFolders(input: string, out: string, { cwd }: Io): void {
  if (out === '-' || !statSync(resolve(cwd, out), { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`${input} is a folder: --out must be a folder that is there already`);
  if (resolve(cwd, input) === resolve(cwd, out))
    throw new UsageError(`--out must be another folder than ${input}, or its files would be overwritten`);
}

function reportQuarantine({ groups }: LoadedSlos, io: Io): void {
  const style = createStyle(io.stderr, io.env);
  for (const { id, quarantine } of slosOf(groups ?? []))
    if (quarantine !== undefined)
      io.stderr.write(
        `${style.yellow(`left out: ${safeText(id)}, which is in quarantine; --invert ${safeText(id)} reads it as meant`)}\n`,
      );
}

function toLabels(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1 || at === text.length - 1)
        throw new CommandLineError(`--extra-labels ${JSON.stringify(text)} is not NAME=VALUE`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

function write(file: string, text: string, { cwd }: Io): void {
  try {
    mkdirSync(dirname(resolve(cwd, file)), { recursive: true });
    writeFileSync(resolve(cwd, file), text);
  } catch (cause) {
    throw new UsageError(`${file} cannot be written: ${describeError(cause)}`, { cause });
  }
}
