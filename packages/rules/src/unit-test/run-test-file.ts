/** A promtool test file from its text to its failures. */
import { formatProblem, hasErrors } from '@sluice/config/problem';
import { groupsOf, loadRules, type RuleSource } from '../load-rules.ts';
import { runTestGroup } from './run-test-group.ts';
import { parseTestFile } from './test-file.ts';

export interface RunTestFileOptions {
  readonly file: string;
  /** The files that a pattern of `rule_files` finds. What it throws fails the file's tests. */
  readonly readRules: (pattern: string) => readonly RuleSource[];
  /** Tests to run, by regular expression on their names; all when absent. */
  readonly run?: readonly RegExp[];
}

export interface TestFileResult {
  /** In promtool's words; empty when all is as expected. */
  readonly failures: readonly string[];
  /** Patterns that found no file. */
  readonly unmatched: readonly string[];
  readonly tests: number;
}

export async function runTestFile(source: string, options: RunTestFileOptions): Promise<TestFileResult> {
  const { file, readRules, run = [] } = options;
  const parsed = parseTestFile(source, { file });
  if (parsed.value === undefined)
    return { failures: parsed.problems.map(formatProblem), unmatched: [], tests: 0 };
  const { ruleFiles, evaluationIntervalMs, groupEvalOrder, fuzzyCompare, tests } = parsed.value;
  const unmatched: string[] = [];
  const sources = new Map<string, RuleSource>();
  const unreadable: string[] = [];
  for (const pattern of ruleFiles) {
    try {
      const found = readRules(pattern);
      if (found.length === 0) unmatched.push(pattern);
      // A file that is named twice is loaded once.
      for (const source of found) sources.set(source.file, source);
    } catch (error) {
      unreadable.push(error instanceof Error ? error.message : String(error));
    }
  }
  const loaded = loadRules([...sources.values()]);
  const failures: string[] = [];
  let count = 0;
  for (const test of tests) {
    if (run.length > 0 && !run.some((pattern) => pattern.test(test.name))) continue;
    count += 1;
    if (unreadable.length > 0 || loaded.files === undefined || hasErrors(loaded.problems)) {
      failures.push(...unreadable, ...loaded.problems.map(formatProblem));
      break;
    }
    // Groups that are not named come first, as number zero (and with the first of those that are).
    const order = (name: string): number => Math.max(0, groupEvalOrder.indexOf(name));
    const groups = [...groupsOf(loaded.files)].sort((a, b) => order(a.name) - order(b.name));
    failures.push(...(await runTestGroup(test, { groups, evaluationIntervalMs, fuzzyCompare })));
  }
  return { failures, unmatched, tests: count };
}
