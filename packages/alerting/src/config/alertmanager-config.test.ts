import { formatProblem } from '@sluice/config/problem';
import { describe, expect, test } from 'vitest';
import { RECEIVER_KINDS } from '../receivers/receiver-kinds.ts';
import { loadAlertingSetup } from './alerting-setup.ts';
import { loadAlertmanagerConfig } from './alertmanager-config.ts';
import { toShownConfig } from './shown-config.ts';

const load = (source: string) =>
  loadAlertmanagerConfig(source, {
    file: 'alertmanager.yml',
    references: { env: { URL: 'http://env.test' }, secrets: new Map() },
    kinds: RECEIVER_KINDS,
  });
const problemsOf = (source: string): string => load(source).problems.map(formatProblem).join('\n');
const withRoute = (route: string, rest = ''): string => `
route: {receiver: r, ${route}}
receivers: [{name: r}, {name: other}]
${rest}
`;

describe('a configuration is refused', () => {
  test.each([
    ['', 'route is missing'],
    ['route: {receiver: r}', 'receivers is missing'],
    ['route: {}\nreceivers: [{name: r}]', 'root route must specify a default receiver'],
    ['route: {receiver: x}\nreceivers: [{name: r}]', '1:8: route: undefined receiver "x" used in route'],
    [withRoute('routes: [{receiver: y}]'), 'route.routes[0]: undefined receiver "y" used in route'],
    [withRoute('match: {a: b}'), 'root route must not have any matchers'],
    [withRoute('continue: true'), 'cannot have continue in root route'],
    [withRoute('mute_time_intervals: [x]'), 'root route must not have any mute time intervals'],
    [withRoute('active_time_intervals: [x]'), 'root route must not have any active time intervals'],
    [withRoute('routes: [{mute_time_intervals: [x]}]'), 'undefined time interval "x" used in route'],
    [withRoute('routes: [{active_time_intervals: [x]}]'), 'undefined time interval "x" used in route'],
    [
      withRoute("group_by: ['...', a]"),
      'cannot have wildcard group_by (`...`) and other labels at the same time',
    ],
    [withRoute('group_by: [a, a]'), 'a label is in group_by twice'],
    [withRoute('group_interval: 0s'), 'group_interval cannot be zero'],
    [withRoute('repeat_interval: 0s'), 'repeat_interval cannot be zero'],
    [withRoute('group_wait: 5 minutes'), 'want a duration such as 30s, 5m or 1h30m, got "5 minutes"'],
    [withRoute('group_wate: 5m'), 'unknown key "group_wate", did you mean group_wait?'],
    [withRoute("routes: [{matchers: ['a=']}]").replace("'a='", "'=b'"), 'bad matcher'],
    [withRoute("routes: [{match_re: {a: '('}}]"), 'bad regular expression "("'],
    [withRoute('', 'inhibit_rules: [{source_match: {a: b}, target: {}}]'), 'unknown key "target"'],
    [withRoute('', 'time_intervals: [{name: t}, {name: t}]'), 'time interval "t" is not unique'],
    [
      withRoute('', 'time_intervals: [{name: t}]\nmute_time_intervals: [{name: t}]'),
      'time interval "t" is not unique',
    ],
    ['route: {receiver: r}\nreceivers: [{name: r}, {name: r}]', 'notification config name "r" is not unique'],
    ['route: {receiver: r}\nreceivers: [{webhook_configs: []}]', 'missing name in receiver'],
    [
      'route: {receiver: r}\nreceivers: [{name: r, msteams_configs: [{}]}]',
      'msteams_configs is not served: its alerts would reach nobody',
    ],
    [
      'route: {receiver: r}\nreceivers: [{name: r, hook_configs: [{}]}]',
      'unknown key "hook_configs" in a receiver',
    ],
    [`global: {smtp_from: [a]}${withRoute('')}`, 'want a text, got a list'],
    [`global: {slack_api_url_file: f}${withRoute('')}`, 'cannot read f: files are not read here'],
    ['route: {receiver: r\n', 'alertmanager.yml:'],
  ])('%j: %s', (source, message) => {
    expect(problemsOf(source)).toContain(message);
    expect(load(source).value).toBeUndefined();
  });
});

test('everything that is wrong is told at once', () => {
  const problems = load(
    'route: {receiver: x, foo: 1, group_wait: soon}\nreceivers: [{name: r, bar: 1}]',
  ).problems;
  expect(problems.length).toBeGreaterThanOrEqual(3);
});

test('old and new ways to match are the same', () => {
  const { value } = load(
    withRoute(
      `routes: [{match: {b: '1'}, match_re: {a: 'x|y'}}, {matchers: ['b="1"', 'a=~"x|y"']}, {matchers: ['{b="1", a=~"x|y"}']}]`,
    ),
  );
  expect(value!.route.routes.map(({ key }) => key)).toEqual(Array(3).fill('{}/{a=~"x|y",b="1"}'));
});

test('what is not honoured of http_config is warned of, and the rest works', () => {
  const source = `
route: {receiver: r}
receivers: [{name: r, webhook_configs: [{url: http://a, http_config: {proxy_url: http://p, tls_config: {}}}]}]
`;
  const { value, problems } = load(source);
  expect(value).toBeDefined();
  expect(problems.map(({ severity, path }) => [severity, path])).toEqual([
    ['warning', 'receivers[0].webhook_configs[0].http_config.proxy_url'],
  ]);
});

describe('a setup', () => {
  const folder = (files: Readonly<Record<string, string>>) => ({
    read: (path: string) => files[path],
    glob: (pattern: string) => Object.keys(files).filter((path) => path.endsWith(pattern.slice(1))),
  });
  const options = { references: { env: {}, secrets: new Map<string, string>() }, fetch, random: () => 0 };
  const source = `
route: {receiver: r}
receivers: [{name: r, webhook_configs: [{url_file: url}, {url: http://b}]}]
templates: ['*.tmpl']
`;

  test('has an integration for each entry, and none for what is not there', () => {
    const { setup, problems } = loadAlertingSetup(source, folder({ url: 'http://a\n' }), options);
    expect(problems).toEqual([]);
    const found = [0, 1, 2].map((index) => setup!.integrationOf({ receiver: 'r', kind: 'webhook', index }));
    expect(found.map((integration) => integration !== undefined)).toEqual([true, true, false]);
  });

  test('is refused for a template that cannot be read, with its file and line', () => {
    const files = { url: 'http://a', 'good.tmpl': '{{ define "x" }}{{ end }}', 'bad.tmpl': 'a\n{{ if }}' };
    const { setup, problems } = loadAlertingSetup(source, folder(files), options);
    expect(setup).toBeUndefined();
    expect(problems).toMatchObject([{ file: 'bad.tmpl', line: 2, severity: 'error' }]);
  });

  test('is refused for a secret in a file that is not there', () => {
    expect(loadAlertingSetup(source, folder({}), options).problems.map(formatProblem).join()).toContain(
      'cannot read url: there is no such file',
    );
  });
});

test('what people may see of a configuration has no secrets and can be read again', () => {
  const source = `
global: {slack_api_url: http://slack.test/T/B/secret1, smtp_auth_password: secret2, pagerduty_url: http://pd.test/v2/secret3}
route: {receiver: r, group_by: [alertname]}
receivers:
- name: r
  webhook_configs:
  - url: http://hook.test/secret4
    http_config: {basic_auth: {username: u, password: secret5}, authorization: {credentials: secret6}}
  - url: http://bare.test
  pagerduty_configs: [{routing_key: secret7, details: {a: b}}]
  telegram_configs: [{bot_token: secret8, chat_id: 5}]
  email_configs: [{to: a@b, from: c@d, smarthost: 'h:25', headers: {Subject: s, X-Auth: secret9}}]
`;
  const shown = toShownConfig(source);
  expect(shown).not.toMatch(/secret\d/);
  for (const kept of [
    'group_by',
    'http://hook.test/<secret>',
    'http://bare.test',
    'chat_id: 5',
    'Subject: s',
    'a: b',
  ])
    expect(shown).toContain(kept);
  expect(toShownConfig('')).toBe('{}\n');
});
