/** `sluice rules test`. */
import { dirname, isAbsolute, join } from 'node:path';
import { runTestFile, type TestFileResult } from '@sluice/rules/unit-test/run-test-file';
import { defineCommand, EXIT } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { safeJson, safeText } from '../terminal-text.ts';
import { globRules, readSource } from './read-rules.ts';

export const testRulesCommand = defineCommand({
  operands: 'FILE…',
  minOperands: 1,
  maxOperands: Number.POSITIVE_INFINITY,
  about: `Runs unit tests of rules from promtool's test files, with promtool's output and exit codes: rules are
evaluated over the given series, and alerts and expressions compared with what the file expects.`,
  options: {
    run: {
      type: 'string',
      value: 'PATTERN',
      multiple: true,
      help: 'only tests whose name matches the regular expression',
    },
  },
  examples: ['sluice rules test config/rules/*_test.yml', 'sluice rules test --run errors api_test.yml'],
  async run({ options, positionals, json }, io) {
    const run = options.run.map(toPattern);
    const results: { file: string; result: TestFileResult }[] = [];
    for (const file of positionals) {
      if (!json) io.stdout.write(`Unit Testing:  ${safeText(file)}\n`);
      const result = await runFile(file, run, io);
      results.push({ file, result });
      if (!json) report(result, io);
    }
    const ok = results.every(({ result }) => result.failures.length === 0);
    if (json) {
      const files = results.map(({ file, result }) => ({
        file,
        ok: result.failures.length === 0,
        ...result,
      }));
      io.stdout.write(`${safeJson({ ok, files })}\n`);
    }
    return ok ? EXIT.ok : EXIT.failure;
  },
});

function toPattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (cause) {
    throw new CommandLineError(`--run ${text} is not a regular expression`, { cause });
  }
}

async function runFile(file: string, run: readonly RegExp[], io: Io): Promise<TestFileResult> {
  const dir = dirname(isAbsolute(file) ? file : join(io.cwd, file));
  let source: string;
  try {
    source = readSource(file, io.cwd);
  } catch (error) {
    return { failures: [error instanceof Error ? error.message : String(error)], unmatched: [], tests: 0 };
  }
  return runTestFile(source, { file, run, readRules: (pattern) => globRules(pattern, dir) });
}

function report({ failures, unmatched }: TestFileResult, io: Io): void {
  for (const pattern of unmatched) io.stderr.write(`  WARNING: no file match pattern ${safeText(pattern)}\n`);
  if (failures.length === 0) io.stdout.write('  SUCCESS\n');
  else {
    io.stderr.write('  FAILED:\n');
    for (const failure of failures) {
      io.stderr.write(`${failure.split('\n').map(safeText).join('\n')}\n`);
      io.stdout.write('\n');
    }
  }
  io.stdout.write('\n');
}
