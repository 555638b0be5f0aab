/** The SLOs of a configuration folder with their settings, taken over whole or not at all, and read again when they change. */
import { hasErrors, type Problem } from '@sluice/config/problem';
import type { TenantId } from '@sluice/core/ids';
import type { Logger } from '@sluice/core/logger';
import { createFolderWatch, type FolderWatch, type Watchable } from '../folder-watch.ts';
import type { RuleSource } from '../load-rules.ts';
import { DEFAULT_RULES_SETTINGS, parseRulesSettings } from '../rules-settings.ts';
import { generateGroup } from './generate/generate-rules.ts';
import { renderGroups } from './generate/render-rules.ts';
import { createSloPlan, type SloPlan } from './ledger/slo-plan.ts';
import { loadSlos } from './load-slos.ts';
import type { SloGroup } from './slo.ts';
import { DEFAULT_SLO_SETTINGS, parseSloSettings, type SloSettings } from './slo-settings.ts';
import { DEFAULT_CATALOGUE, type WindowCatalogue } from './spec/alert-windows.ts';

export interface SloSet {
  readonly groups: readonly SloGroup[];
  readonly windows: WindowCatalogue;
  readonly settings: SloSettings;
  /** Of all groups, those in quarantine among them. */
  readonly plans: readonly SloPlan[];
  /** Whose data they are computed over: the same as that of rules. */
  readonly tenants: readonly TenantId[];
  /** Messages that wait longer than that to be collected hold the ledger back. */
  readonly lagLimitMs: number;
}

/** What is read of a folder; relative paths start at it. */
export interface SloFolder {
  read(path: string): string | undefined;
  glob(pattern: string): readonly string[];
}

export const SLO_FILES = ['slo/**/*.yml', 'slo/**/*.yaml'] as const;
const SETTINGS_FILE = 'sluice.yml';

export const NO_SLOS: SloSet = {
  groups: [],
  windows: DEFAULT_CATALOGUE,
  settings: DEFAULT_SLO_SETTINGS,
  plans: [],
  tenants: DEFAULT_RULES_SETTINGS.tenants,
  lagLimitMs: DEFAULT_RULES_SETTINGS.lagLimitMs,
};

/** The value is undefined when there are errors. */
export function readSloSet(folder: SloFolder): {
  readonly value: SloSet | undefined;
  readonly problems: readonly Problem[];
} {
  const source = folder.read(SETTINGS_FILE) ?? '';
  const parsed = parseSloSettings(source, { file: SETTINGS_FILE });
  const rules = parseRulesSettings(source, { file: SETTINGS_FILE }).value ?? DEFAULT_RULES_SETTINGS;
  const settings = parsed.value ?? DEFAULT_SLO_SETTINGS;
  const files = [...new Set(SLO_FILES.flatMap((pattern) => folder.glob(pattern)))];
  const sources = files.map((file) => ({ file, source: folder.read(file) ?? '' }));
  const { groups, windows, problems: found } = loadSlos(sources, { settings });
  const problems = [...parsed.problems, ...found];
  if (groups === undefined || hasErrors(problems)) return { value: undefined, problems };
  const plans = groups.flatMap(({ slos, kind }) =>
    slos.map((slo) => createSloPlan(slo, { kind, settings, windows })),
  );
  const { tenants, lagLimitMs } = rules;
  return { value: { groups, windows, settings, plans, tenants, lagLimitMs }, problems };
}

/** The burn alerts as rule files. What they ask for is recorded from the ledger. */
export function toAlertRules({ groups, windows }: SloSet): readonly RuleSource[] {
  return groups.flatMap((group, index) => {
    const rules = generateGroup(group, { windows, version: '', hasRecordings: false });
    if (rules.length === 0) return [];
    const source = renderGroups({ kind: 'prometheus/v1' }, rules, { version: '' });
    return [
      {
        file: index === 0 || groups[index - 1]!.file !== group.file ? group.file : `${group.file}#${index}`,
        source,
      },
    ];
  });
}

export type SloSetWatch = FolderWatch<SloSet>;

export function createSloSetWatch(
  folder: (SloFolder & Watchable) | undefined,
  { logger }: { readonly logger: Logger },
): SloSetWatch {
  const words = { file: 'an SLO file', all: 'the SLOs' };
  return createFolderWatch(folder, { initial: NO_SLOS, read: readSloSet, logger, words });
}

/** Rule files of burn alerts for a set of rules that reads the same folder: those of the last sound SLOs. */
export function createBurnAlertSource(folder: SloFolder): () => readonly RuleSource[] {
  let last: readonly RuleSource[] = [];
  return () => {
    const { value } = readSloSet(folder);
    if (value !== undefined) last = toAlertRules(value);
    return last;
  };
}
