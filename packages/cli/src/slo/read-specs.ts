/** Spec files that operands of `slo` commands name, and the alert windows to read them with. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { formatProblem, hasErrors } from '@sluice/config/problem';
import { describeError, UsageError } from '@sluice/core/errors';
import { parseDurationText } from '@sluice/promql/parse/duration-text';
import { type LoadedSlos, loadSlos, type SloSource } from '@sluice/rules/slo/load-slos';
import { DEFAULT_SLO_SETTINGS, type SloSettings } from '@sluice/rules/slo/slo-settings';
import { DEFAULT_CATALOGUE, type WindowCatalogue } from '@sluice/rules/slo/spec/alert-windows';
import type { OptionTable } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { createStyle, safeText } from '../terminal-text.ts';

/** As Sloth's command line has them. */
export const SPEC_OPTIONS = {
  'default-slo-period': { type: 'string', value: 'DURATION', help: 'of SLOs that name none (default: 30d)' },
  'slo-period-windows-path': {
    type: 'string',
    value: 'FOLDER',
    help: "AlertWindows in place of Google's for 28 and 30 days",
  },
  'fs-include': { type: 'string', short: 'n', value: 'REGEX', help: 'of a folder, only files that match' },
  'fs-exclude': { type: 'string', short: 'e', value: 'REGEX', help: 'of a folder, no files that match' },
  invert: {
    type: 'string',
    value: 'ID',
    multiple: true,
    help: 'an SLO whose error query counts good events; may be repeated',
  },
} as const satisfies OptionTable;

export interface SpecOptions {
  readonly 'default-slo-period': string | undefined;
  readonly 'slo-period-windows-path': string | undefined;
  readonly 'fs-include': string | undefined;
  readonly 'fs-exclude': string | undefined;
  readonly invert: readonly string[];
}

const EXTENSION = /\.ya?ml$/i;

/** Files as they are named, those of folders sorted. @throws UsageError */
export function findSpecFiles(
  operands: readonly string[],
  options: Pick<SpecOptions, 'fs-include' | 'fs-exclude'>,
  cwd: string,
): readonly string[] {
  const include = toRegex('fs-include', options['fs-include']);
  const exclude = toRegex('fs-exclude', options['fs-exclude']);
  const files = operands.flatMap((operand) => {
    const stat = statSync(resolve(cwd, operand), { throwIfNoEntry: false });
    if (stat === undefined) throw new UsageError(`there is no file ${operand}`);
    if (!stat.isDirectory()) return [operand];
    return globSync('**/*', { cwd: resolve(cwd, operand) })
      .filter((path) => EXTENSION.test(path))
      .map((path) => join(operand, path))
      .filter((path) => !exclude?.test(path) && (include?.test(path) ?? true))
      .sort();
  });
  if (files.length === 0) throw new UsageError('no SLO specs were found: they end in .yml or .yaml');
  return [...new Set(files)];
}

function toRegex(name: string, text: string | undefined): RegExp | undefined {
  if (text === undefined) return undefined;
  try {
    return new RegExp(text);
  } catch (cause) {
    throw new CommandLineError(`--${name} is not a regular expression: ${describeError(cause)}`);
  }
}

export function readSources(files: readonly string[], cwd: string): readonly SloSource[] {
  return files.map((file) => {
    try {
      return { file, source: readFileSync(resolve(cwd, file), 'utf8') };
    } catch (cause) {
      throw new UsageError(`${file} cannot be read: ${describeError(cause)}`, { cause });
    }
  });
}

/** @throws UsageError for windows that are wrong */
export function readSpecs(sources: readonly SloSource[], options: SpecOptions, io: Io): LoadedSlos {
  return loadSlos(sources, { settings: toSettings(options), catalogue: readCatalogue(options, io) });
}

function toSettings(options: SpecOptions): SloSettings {
  const text = options['default-slo-period'];
  const period = text === undefined ? { ms: DEFAULT_SLO_SETTINGS.defaultPeriodMs } : parseDurationText(text);
  if (typeof period === 'string') throw new CommandLineError(`--default-slo-period: ${period}`);
  return {
    ...DEFAULT_SLO_SETTINGS,
    defaultPeriodMs: period.ms,
    overrides: new Map(options.invert.map((id) => [id, { isInverted: true }])),
  };
}

function readCatalogue(options: SpecOptions, io: Io): WindowCatalogue {
  const path = options['slo-period-windows-path'];
  if (path === undefined) return DEFAULT_CATALOGUE;
  const files = findSpecFiles([path], { 'fs-include': undefined, 'fs-exclude': undefined }, io.cwd);
  const { windows, problems } = loadSlos(readSources(files, io.cwd), { catalogue: new Map() });
  const [first] = problems.filter(({ severity }) => severity === 'error');
  if (first !== undefined) throw new UsageError(formatProblem(first));
  return windows;
}

/** On standard error; answers whether the specs can be used. */
export function reportProblems({ problems }: Pick<LoadedSlos, 'problems'>, io: Io): boolean {
  const style = createStyle(io.stderr, io.env);
  for (const problem of problems) {
    const paint = problem.severity === 'error' ? style.red : style.yellow;
    io.stderr.write(`${paint(safeText(formatProblem(problem)))}\n`);
  }
  return !hasErrors(problems);
}
