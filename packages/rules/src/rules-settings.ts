/** The `rules` section of `sluice.yml`: what Prometheus takes from its own configuration and flags. */
import * as d from '@sluice/config/decoder';
import { parseTenantId, type TenantId } from '@sluice/core/ids';
import { DEFAULT_TENANT } from '@sluice/core/names';
import type { RuleGroup } from './rule-file.ts';

export interface RulesSettings {
  /** For groups that name none (`global.evaluation_interval`). */
  readonly evaluationIntervalMs: number;
  /** For groups that name none (`global.rule_query_offset`). */
  readonly queryOffsetMs: number;
  /** On every alert that goes out, and in templates (`global.external_labels`). */
  readonly externalLabels: Readonly<Record<string, string>>;
  /** Without a slash at the end; where links of alerts point. */
  readonly externalUrl: string;
  /** Whose data the rules are evaluated over. */
  readonly tenants: readonly TenantId[];
  /** Groups that Mimir is asked for, by name; `*` at the end stands for any rest. */
  readonly mimirGroups: readonly string[];
  /** Data that is later than this makes the pipeline itself an alert. */
  readonly lagLimitMs: number;
}

export const DEFAULT_RULES_SETTINGS: RulesSettings = {
  evaluationIntervalMs: 60_000,
  queryOffsetMs: 0,
  externalLabels: {},
  externalUrl: '',
  tenants: [parseTenantId(DEFAULT_TENANT)],
  mimirGroups: [],
  lagLimitMs: 120_000,
};

const externalUrl: d.Decoder<string> = d.mapped(d.text, (value, node) => {
  if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value.replace(/\/+$/, '');
  node.report(`want an http:// or https:// URL, got ${JSON.stringify(value)}`);
  return undefined;
});

const tenant: d.Decoder<TenantId> = d.mapped(d.nonEmptyText, (value, node) => {
  try {
    return parseTenantId(value);
  } catch (error) {
    node.report(error instanceof Error ? error.message : String(error));
    return undefined;
  }
});

const interval: d.Decoder<number> = d.checked(d.durationMs, (value) =>
  value >= 1_000 ? undefined : 'want at least 1s',
);

const DEFAULTS = DEFAULT_RULES_SETTINGS;

const section = d.mapped(
  d.mapping({
    evaluation_interval: d.withDefault(interval, DEFAULTS.evaluationIntervalMs),
    query_offset: d.withDefault(d.durationMs, DEFAULTS.queryOffsetMs),
    external_labels: d.withDefault(d.mapOf(d.text), new Map<string, string>()),
    external_url: d.withDefault(externalUrl, DEFAULTS.externalUrl),
    tenants: d.withDefault(d.listOf(tenant), DEFAULTS.tenants),
    mimir_groups: d.withDefault(d.listOf(d.nonEmptyText), DEFAULTS.mimirGroups),
    lag_limit: d.withDefault(interval, DEFAULTS.lagLimitMs),
  }),
  (value): RulesSettings => ({
    evaluationIntervalMs: value.evaluation_interval,
    queryOffsetMs: value.query_offset,
    externalLabels: Object.fromEntries(value.external_labels),
    externalUrl: value.external_url,
    tenants: value.tenants.length === 0 ? DEFAULTS.tenants : value.tenants,
    mimirGroups: value.mimir_groups,
    lagLimitMs: value.lag_limit,
  }),
);

/** Other sections of the file belong to others. */
export function parseRulesSettings(
  source: string,
  { file }: { readonly file: string },
): d.DecodedFile<RulesSettings> {
  const decode = d.mapped(
    d.mapping({ rules: d.withDefault(section, DEFAULTS) }, { isLenient: true }),
    ({ rules }) => rules,
  );
  return d.decodeYaml(source, decode, { file });
}

export function intervalOf(group: Pick<RuleGroup, 'intervalMs'>, settings: RulesSettings): number {
  return group.intervalMs ?? settings.evaluationIntervalMs;
}

export function queryOffsetOf(group: Pick<RuleGroup, 'queryOffsetMs'>, settings: RulesSettings): number {
  return group.queryOffsetMs ?? settings.queryOffsetMs;
}

export function isMimirGroup(group: Pick<RuleGroup, 'name'>, { mimirGroups }: RulesSettings): boolean {
  return mimirGroups.some((pattern) =>
    pattern.endsWith('*') ? group.name.startsWith(pattern.slice(0, -1)) : group.name === pattern,
  );
}
