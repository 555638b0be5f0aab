/** Debian's amtool asks Sluice and Alertmanager the same, and is told the same. */
import { execFile } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { serve } from '@hono/node-server';
import { loadAlertingSetup } from '@sluice/alerting/config/alerting-setup';
import { openAlertingState } from '@sluice/alerting/notify/alerting-state';
import { parseTenantId } from '@sluice/core/ids';
import { systemClock } from '@sluice/core/ports/clock';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { createAlertmanagerApis } from '@sluice/query/alertmanager/alertmanager-apis';
import type { QueryEnv } from '@sluice/query/query-env';
import { Hono } from 'hono';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sortKeys } from './alertmanager/sort-keys.ts';
import { type RunningAlertmanager, startAlertmanager } from './alertmanager/start-alertmanager.ts';

const run = promisify(execFile);
const CONFIG = `
route:
  receiver: default
  group_by: [alertname]
  routes:
  - matchers: [severity="critical"]
    receiver: pager
    continue: true
  - matchers: [team=~"db|cache"]
    receiver: db
receivers: [{name: default}, {name: pager}, {name: db}]
inhibit_rules:
- source_matchers: [severity="critical"]
  target_matchers: [severity="warning"]
  equal: [service]
`;

let theirs: RunningAlertmanager;
let ours: string;
let server: ReturnType<typeof serve>;

beforeAll(async () => {
  theirs = await startAlertmanager(CONFIG);
  const table = createEmbeddedTable({
    database: createMemoryDatabase(),
    name: 'alerting',
    clock: systemClock,
  });
  const state = openAlertingState(table, 'default');
  const { setup } = loadAlertingSetup(
    CONFIG,
    { read: () => undefined, glob: () => [] },
    { references: { env: {}, secrets: new Map() }, fetch, random: Math.random },
  );
  const app = new Hono<QueryEnv>();
  app.use((c, next) => {
    c.set('tenant', parseTenantId('default'));
    return next();
  });
  const apis = createAlertmanagerApis({
    stateOf: () => state,
    setup: () => setup,
    problems: () => [],
    clock: systemClock,
    startedAtMs: Date.now(),
    selfMetrics: createSelfMetrics(),
  });
  for (const { path, routes } of apis) app.route(path, routes);
  ours = await new Promise((resolve) => {
    server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }: AddressInfo) =>
      resolve(`http://127.0.0.1:${port}/alertmanager`),
    );
  });
});

afterAll(async () => {
  await theirs[Symbol.asyncDispose]();
  await new Promise((resolve) => server.close(resolve));
});

/** Times, ids and padding differ; so does the version that amtool compares with its own. */
function plain(text: string): string {
  return text
    .replaceAll(/\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?( UTC|Z)/g, 'TIME')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replaceAll(/^Warning: .*\n/gm, '')
    .replaceAll(/ +$/gm, '')
    .replaceAll(/ {2,}/g, '  ');
}

async function amtool(url: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run('amtool', [`--alertmanager.url=${url}`, ...args]).catch(
    (error: { stdout?: string; stderr?: string; code?: number | string }) => {
      if (error.code === 'ENOENT')
        throw new Error("there is no amtool: install Debian's prometheus-alertmanager");
      return { stdout: `exit ${error.code}\n${error.stdout ?? ''}`, stderr: error.stderr ?? '' };
    },
  );
  return plain(stdout + stderr);
}

/** Answers of JSON, without what is beyond amtool's version. */
function plainJson(text: string): unknown {
  return JSON.parse(text, (key, value) => (key === 'mutedBy' ? undefined : value));
}

test('amtool gets the same answers', { timeout: 120_000 }, async () => {
  const commands: readonly (readonly string[])[] = [
    ['alert', 'add', 'Down', 'severity=critical', 'service=api', '--annotation=summary=it is "down"'],
    ['alert', 'add', 'Slow', 'severity=warning', 'service=api', '--generator-url=http://x.test/g'],
    ['alert', 'add', 'Full', 'severity=warning', 'service=disk', 'team=db'],
    ['alert', 'add', 'Old', 'team=cache', '--start=2026-01-01T00:00:00Z'],
    ['alert', 'add', 'Over', '--start=2026-01-01T00:00:00Z', '--end=2026-01-02T00:00:00Z'],
    ['alert', 'query'],
    ['alert', 'query', '--inhibited'],
    ['alert', 'query', '--output=extended'],
    ['alert', 'query', '--output=json'],
    ['alert', 'query', 'severity=~"warn.*"', '--inhibited'],
    ['alert', 'query', 'team=""'],
    ['alert', 'query', '--receiver=db'],
    ['alert', 'query', '--receiver=d.*'],
    ['silence', 'add', 'alertname=Full', 'team=~d.+', '--comment=because', '--author=ada', '--duration=2h'],
    [
      'silence',
      'add',
      'alertname!=Full',
      'team!~"d|e"',
      'x="y z"',
      '--comment=other',
      '--author=bob',
      '--duration=1h',
    ],
    ['silence', 'add', 'alertname=~.*', '--comment=all', '--author=bob'],
    ['silence', 'add', 'a=b'],
    ['silence', 'query'],
    ['silence', 'query', '--output=json'],
    ['silence', 'query', 'alertname=Full'],
    ['silence', 'query', '--within=90m'],
    ['alert', 'query', '--silenced'],
    ['alert', 'query', '--silenced', '--inhibited', '--output=json'],
    ['silence', 'query', 'team!~"d|e"'],
    ['silence', 'query', 'x'],
    ['config', 'routes', 'show'],
    ['config', 'routes', 'test', 'severity=critical', 'team=db'],
    ['config', 'routes', 'test', 'team=x'],
  ];
  const differences: string[] = [];
  for (const args of commands) {
    const [left, right] = [await amtool(ours, args), await amtool(theirs.url, args)];
    const isJson = args.includes('--output=json');
    const isSame = isJson
      ? JSON.stringify(sortKeys(plainJson(left))) === JSON.stringify(sortKeys(plainJson(right)))
      : left === right;
    if (!isSame) differences.push(`amtool ${args.join(' ')}\nSluice:\n${left}\nAlertmanager:\n${right}`);
  }
  expect(differences.join('\n')).toBe('');
});

test('silences end and are imported again', async () => {
  for (const url of [ours, theirs.url]) {
    const ids = (await run('amtool', [`--alertmanager.url=${url}`, 'silence', 'query', '-q'])).stdout
      .trim()
      .split('\n');
    expect(ids).toHaveLength(2);
    await run('amtool', [
      `--alertmanager.url=${url}`,
      'silence',
      'update',
      '--duration=4h',
      '--comment=longer',
      ids[0]!,
    ]);
    await run('amtool', [`--alertmanager.url=${url}`, 'silence', 'expire', ...ids]);
    expect(await amtool(url, ['silence', 'query', '-q'])).toBe('');
  }
  // amtool ends them at the same time, so that either may be the first in the list.
  const expired = async (url: string): Promise<readonly string[]> =>
    (await amtool(url, ['silence', 'query', '--expired'])).split('\n').sort();
  expect(await expired(ours)).toEqual(await expired(theirs.url));
});
