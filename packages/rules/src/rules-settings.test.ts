import { formatProblem } from '@sluice/config/problem';
import { expect, test } from 'vitest';
import {
  DEFAULT_RULES_SETTINGS,
  intervalOf,
  isMimirGroup,
  parseRulesSettings,
  queryOffsetOf,
} from './rules-settings.ts';

const parse = (source: string) => parseRulesSettings(source, { file: 'sluice.yml' });

test('a file without the section, or without anything, gives the defaults', () => {
  expect(parse('').value).toEqual(DEFAULT_RULES_SETTINGS);
  expect(parse('redaction: { enabled: true }').value).toEqual(DEFAULT_RULES_SETTINGS);
});

test('what groups leave open is taken from the section', () => {
  const { value } = parse(`
rules:
  evaluation_interval: 15s
  query_offset: 30s
  external_labels: { region: eu, replica: 1 }
  external_url: https://sluice.example/
  tenants: [a, b]
  mimir_groups: [slow, 'cold-*']
  lag_limit: 5m
`);
  const settings = value!;
  expect(settings).toEqual({
    evaluationIntervalMs: 15_000,
    queryOffsetMs: 30_000,
    externalLabels: { region: 'eu', replica: '1' },
    externalUrl: 'https://sluice.example',
    tenants: ['a', 'b'],
    mimirGroups: ['slow', 'cold-*'],
    lagLimitMs: 300_000,
  });
  expect(intervalOf({ intervalMs: undefined }, settings)).toBe(15_000);
  expect(intervalOf({ intervalMs: 5 }, settings)).toBe(5);
  expect(queryOffsetOf({ queryOffsetMs: undefined }, settings)).toBe(30_000);
  expect(queryOffsetOf({ queryOffsetMs: 0 }, settings)).toBe(0);
  expect(['slow', 'slower', 'cold-1', 'hot'].map((name) => isMimirGroup({ name }, settings))).toEqual([
    true,
    false,
    true,
    false,
  ]);
});

test('all that is wrong is told at once', () => {
  const { value, problems } = parse(
    'rules: { evaluation_interval: 500ms, external_url: nowhere, tenants: [A B], lag: 1m }',
  );
  expect(value).toBeUndefined();
  expect(problems.map(formatProblem)).toEqual([
    expect.stringContaining('rules.evaluation_interval: want at least 1s'),
    expect.stringContaining('want an http:// or https:// URL, got "nowhere"'),
    expect.stringContaining('tenant "A B" is not 1-63 characters'),
    expect.stringContaining('unknown key "lag"'),
  ]);
});
