import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@sluice/core/logger';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { afterEach, expect, test } from 'vitest';
import { loadDeadMan, loadDeployedAlerting } from './alerting-parts.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function deploy(files: Readonly<Record<string, string>>) {
  const dir = mkdtempSync(join(tmpdir(), 'deployed-'));
  folders.push(dir);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return { env: { SLUICE_CONFIG_DIR: dir }, clock: createFakeClock(), logger: silentLogger };
}

/** A secret in every place where what it looks like is checked. */
const ALERTMANAGER = `route: {receiver: everybody}
receivers:
- name: everybody
  webhook_configs:
  - url: '\${secret:PAGE_URL}'
    http_config:
      authorization: {credentials: '\${secret:TOKEN}'}
      tls_config: {ca: '\${secret:CA}', cert: '\${secret:CERT}', key: '\${secret:KEY}'}
  - url: https://hooks.example.com/page
    http_config:
      oauth2: {client_id: sluice, client_secret: '\${secret:CLIENT}', token_url: '\${secret:TOKEN_URL}'}
  slack_configs: [{api_url: '\${secret:SLACK_URL}', channel: '#alerts'}]
  pagerduty_configs: [{routing_key: '\${secret:PAGERDUTY}'}]
  opsgenie_configs: [{api_key: '\${secret:OPSGENIE}'}]
  telegram_configs: [{bot_token: '\${secret:TELEGRAM}', chat_id: 7}]
  email_configs:
  - {to: a@example.com, from: b@example.com, smarthost: 'mail.example.com:587', auth_username: b, auth_password: '\${secret:MAIL}'}
`;

test('who sends nothing routes by the whole configuration and asks nobody for its secrets', async () => {
  // Neither a prefix nor a region: a look-up would throw.
  const deployed = await loadDeployedAlerting(deploy({ 'alertmanager.yml': ALERTMANAGER }), {
    secrets: 'hidden',
  });
  expect(deployed.problems().filter((text) => !text.includes('warning'))).toEqual([]);
  const receiver = deployed.setup()?.config.receivers.get('everybody');
  expect(receiver?.integrations.map(({ kind }) => kind.name).sort()).toEqual(
    ['email', 'opsgenie', 'pagerduty', 'slack', 'telegram', 'webhook', 'webhook'].sort(),
  );
});

test('who sends needs them', async () => {
  const parts = deploy({ 'alertmanager.yml': ALERTMANAGER });
  await expect(loadDeployedAlerting(parts, { secrets: 'read' })).rejects.toThrow(
    /SLUICE_SECRETS_PREFIX is not set/,
  );
});

test('the address of the dead man is read where it is pinged, and only its section', async () => {
  const plain = deploy({ 'sluice.yml': "dead_man: {url: 'https://alive.example.com/x', interval: 2m}\n" });
  expect(await loadDeadMan({ ...plain, env: { ...plain.env, SLUICE_SECRETS_PREFIX: '/a/' } })).toEqual({
    url: 'https://alive.example.com/x',
    intervalMs: 120_000,
  });
  expect(await loadDeadMan(deploy({ 'alertmanager.yml': ALERTMANAGER }))).toBeUndefined();
  const wrong = deploy({ 'sluice.yml': 'dead_man: {url: nowhere}\n' });
  expect(
    await loadDeadMan({ ...wrong, env: { ...wrong.env, SLUICE_SECRETS_PREFIX: '/a/' } }),
  ).toBeUndefined();
});
