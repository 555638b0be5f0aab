/** Which rules a request asks for: by type, names, files and labels. Source: Prometheus documentation, HTTP API § Rules. */
import { createHash } from 'node:crypto';
import { toLabels } from '@sluice/promql/model/labels';
import type { Matcher } from '@sluice/promql/model/matcher';
import type { Rule, RuleGroup } from '@sluice/rules/rule-file';
import { ApiError } from '../prometheus/api-answer.ts';
import { invalidParameter, type Parameters, readMatcherSets } from '../prometheus/parameters.ts';

export interface RuleFilter {
  takesGroup(group: Pick<RuleGroup, 'file' | 'name'>): boolean;
  takesRule(rule: Rule): boolean;
  /** Without a filter on rules a group without any is shown too. */
  readonly takesEmptyGroups: boolean;
  readonly hasAlerts: boolean;
}

/** @throws ApiError */
export function readRuleFilter(parameters: Parameters): RuleFilter {
  const ruleNames = new Set(parameters.all('rule_name[]'));
  const groupNames = new Set(parameters.all('rule_group[]'));
  const files = new Set(parameters.all('file[]'));
  const sets = parameters.all('match[]').length === 0 ? [] : readMatcherSets(parameters);
  const type = readType(parameters.get('type'));
  return {
    takesGroup: ({ file, name }) =>
      (groupNames.size === 0 || groupNames.has(name)) && (files.size === 0 || files.has(file)),
    takesRule: (rule) =>
      (ruleNames.size === 0 || ruleNames.has(rule.name)) &&
      (type === undefined || rule.type === type) &&
      (sets.length === 0 || sets.some((matchers) => matchesRule(matchers, rule))),
    takesEmptyGroups: ruleNames.size === 0 && sets.length === 0,
    hasAlerts: !readFlag(parameters, 'exclude_alerts'),
  };
}

function readType(text: string): Rule['type'] | undefined {
  switch (text.toLowerCase()) {
    case '':
      return undefined;
    case 'alert':
      return 'alerting';
    case 'record':
      return 'recording';
    default:
      throw invalidParameter('type', `not supported value ${JSON.stringify(text)}`);
  }
}

/** As Go reads truth values. */
function readFlag(parameters: Parameters, name: string): boolean {
  const text = parameters.get(name);
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['', '0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw invalidParameter(name, `error converting ${name}: ${JSON.stringify(text)} is neither true nor false`);
}

/** Labels with templates in them are not known before an alert is, so they match nothing but absence. */
function matchesRule(matchers: readonly Matcher[], { labels }: Rule): boolean {
  const fixed = toLabels(Object.fromEntries([...labels].filter(([, value]) => !value.includes('{{'))));
  const values = new Map(fixed.map(({ name, value }) => [name, value]));
  return matchers.every((matcher) => matcher.matches(values.get(matcher.name) ?? ''));
}

/** @throws ApiError */
export function pageOfGroups<T extends { readonly group: Pick<RuleGroup, 'file' | 'name'> }>(
  groups: readonly T[],
  parameters: Parameters,
): { readonly groups: readonly T[]; readonly nextToken?: string } {
  const limitText = parameters.get('group_limit');
  const token = parameters.get('group_next_token');
  if (limitText === '') {
    if (token === '') return { groups };
    throw new ApiError('bad_data', 'group_limit needs to be present in order to paginate over the groups');
  }
  if (!/^[1-9]\d*$/.test(limitText))
    throw new ApiError('bad_data', `group_limit needs to be a valid number: ${JSON.stringify(limitText)}`);
  const from = token === '' ? 0 : groups.findIndex(({ group }) => tokenOf(group) === token);
  if (from < 0) {
    throw new ApiError('bad_data', `invalid group_next_token '${token}'. were rule groups changed?`);
  }
  const until = from + Number(limitText);
  const next = groups[until];
  const page = groups.slice(from, until);
  return next === undefined ? { groups: page } : { groups: page, nextToken: tokenOf(next.group) };
}

function tokenOf({ file, name }: Pick<RuleGroup, 'file' | 'name'>): string {
  return createHash('sha1').update(`${file};${name}`).digest('hex');
}
