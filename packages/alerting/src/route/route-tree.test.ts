import { expect, test } from 'vitest';
import { loadAlertmanagerConfig } from '../config/alertmanager-config.ts';
import { groupKeyOf, groupLabelsOf, matchRoutes, pathToRoute } from './route-tree.ts';

const { value } = loadAlertmanagerConfig(
  `
route:
  receiver: root
  group_by: [alertname]
  repeat_interval: 3h
  routes:
  - matchers: [team="a"]
    receiver: a
    continue: true
    group_by: ['...']
    routes:
    - {matchers: [severity="critical"], group_wait: 1s}
    - {matchers: [severity="info"], group_by: [service]}
  - {match_re: {team: 'a|b'}, receiver: ab, group_by: [], group_interval: 1m}
  - {matchers: [team="b"], receiver: never}
receivers: [{name: root}, {name: a}, {name: ab}, {name: never}]
`,
  { file: 'f', references: { env: {}, secrets: new Map() }, kinds: [] },
);
const root = value!.route;

test.each([
  [{ alertname: 'A' }, ['{}:{alertname="A"}']],
  [{ alertname: 'A', team: 'b' }, ['{}/{team=~"a|b"}:{alertname="A"}']],
  [
    { alertname: 'A', team: 'a', x: '1' },
    ['{}/{team="a"}:{alertname="A", team="a", x="1"}', '{}/{team=~"a|b"}:{alertname="A"}'],
  ],
  [
    { team: 'a', severity: 'critical' },
    ['{}/{team="a"}/{severity="critical"}:{severity="critical", team="a"}', '{}/{team=~"a|b"}:{}'],
  ],
  [
    { alertname: 'A', team: 'a', severity: 'info', service: 's' },
    ['{}/{team="a"}/{severity="info"}:{service="s"}', '{}/{team=~"a|b"}:{alertname="A"}'],
  ],
])('%j is in the groups %j', (labels, keys) => {
  const routes = matchRoutes(root, labels);
  expect(routes.map((route) => groupKeyOf(route, groupLabelsOf(route, labels)))).toEqual(keys);
});

test('a route has from its parents what it does not say itself', () => {
  const [a, ab] = root.routes;
  expect(a!.routes[0]).toMatchObject({ receiver: 'a', groupWaitMs: 1_000, repeatIntervalMs: 10_800_000 });
  expect(a!.routes[0]!.groupBy).toBeUndefined();
  expect(ab).toMatchObject({ groupBy: ['alertname'], groupIntervalMs: 60_000, groupWaitMs: 30_000 });
});

test('the way to a route leads through its parents, and nowhere when it is of another tree', () => {
  const [a] = root.routes;
  expect(pathToRoute(root, a!.routes[1]!)).toEqual([root, a, a!.routes[1]]);
  expect(pathToRoute(a!, root)).toEqual([]);
});
