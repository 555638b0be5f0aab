/** The rules of a configuration folder with their settings, taken over whole or not at all, and read again when they change. */
import type { ConfigFolder } from '@sluice/alerting/config/config-folder';
import { hasErrors, type Problem } from '@sluice/config/problem';
import type { Logger } from '@sluice/core/logger';
import { createFolderWatch, type FolderWatch, type Watchable } from '@sluice/rules/folder-watch';
import { loadRules, type RuleSource } from '@sluice/rules/load-rules';
import type { RuleFile } from '@sluice/rules/rule-file';
import { DEFAULT_RULES_SETTINGS, parseRulesSettings, type RulesSettings } from '@sluice/rules/rules-settings';

export interface RuleSet {
  readonly files: readonly RuleFile[];
  readonly settings: RulesSettings;
}

export const NO_RULES: RuleSet = { files: [], settings: DEFAULT_RULES_SETTINGS };
export const RULE_FILES = ['rules/**/*.yml', 'rules/**/*.yaml'] as const;
const SETTINGS_FILE = 'sluice.yml';
/** promtool's tests of rules stand beside them; they are no rules. */
const TEST_FILE = /[._-]tests?\.ya?ml$/;

/** `generated` are rules that come from elsewhere, such as SLO specs. */
export function readRuleSet(
  folder: ConfigFolder,
  generated: readonly RuleSource[] = [],
): { readonly value: RuleSet | undefined; readonly problems: readonly Problem[] } {
  const paths = [...new Set(RULE_FILES.flatMap((pattern) => folder.glob(pattern)))].filter(
    (path) => !TEST_FILE.test(path),
  );
  const sources = paths.map((file) => ({ file, source: folder.read(file) ?? '' }));
  const loaded = loadRules([...sources, ...generated]);
  const settings = parseRulesSettings(folder.read(SETTINGS_FILE) ?? '', { file: SETTINGS_FILE });
  const problems = [...loaded.problems, ...settings.problems];
  if (loaded.files === undefined || settings.value === undefined || hasErrors(problems))
    return { value: undefined, problems };
  return { value: { files: loaded.files, settings: settings.value }, problems };
}

export type RuleSetWatch = FolderWatch<RuleSet>;

export function createRuleSetWatch(
  folder: (ConfigFolder & Watchable) | undefined,
  {
    logger,
    generated = () => [],
  }: { readonly logger: Logger; readonly generated?: () => readonly RuleSource[] },
): RuleSetWatch {
  return createFolderWatch(folder, {
    initial: NO_RULES,
    read: (own) => readRuleSet(own, generated()),
    logger,
    words: { file: 'a rule file', all: 'the rules' },
  });
}
