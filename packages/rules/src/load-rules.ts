/** The rule files of a configuration folder as one set: all that is wrong with any of them is told at once. */
import { hasErrors, type Problem } from '@sluice/config/problem';
import { parseRuleFile, type RuleFile, type RuleGroup } from './rule-file.ts';

export interface RuleSource {
  /** As people and the API see it: `rules/api.yml`. */
  readonly file: string;
  readonly source: string;
}

export interface LoadedRules {
  /** Undefined when any file has an error: rules are taken over whole or not at all. */
  readonly files: readonly RuleFile[] | undefined;
  readonly problems: readonly Problem[];
}

export function loadRules(sources: readonly RuleSource[]): LoadedRules {
  const problems: Problem[] = [];
  const files: RuleFile[] = [];
  for (const { file, source } of sources) {
    const parsed = parseRuleFile(source, { file });
    problems.push(...parsed.problems);
    if (parsed.value !== undefined) files.push(parsed.value);
  }
  return { files: hasErrors(problems) ? undefined : files, problems };
}

export function groupsOf(files: readonly RuleFile[]): readonly RuleGroup[] {
  return files.flatMap(({ groups }) => groups);
}
