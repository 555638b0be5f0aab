import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { startAnsweringServer } from '@sluice/alerting/testing/answering-server';
import { readLocalSettings } from '@sluice/core/local-settings';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LocalPipeline, startLocal } from './start-local.ts';

const dir = mkdtempSync(join(tmpdir(), 'sluice-alerting-'));
let pipeline: LocalPipeline | undefined;
beforeEach(() => mkdirSync(join(dir, 'config'), { recursive: true }));
afterEach(async () => {
  await pipeline?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function until<T>(read: () => Promise<T> | T, isDone: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const value = await read();
    if (isDone(value) || tries >= 200) return value;
    await setTimeout(50);
  }
}

test('alerts that are posted reach the receivers of the configuration folder, which may change at any time', async () => {
  await using hook = await startAnsweringServer();
  const configure = (path: string): void =>
    writeFileSync(
      join(dir, 'config/alertmanager.yml'),
      `route: {receiver: r, group_by: [alertname], group_wait: 0s, group_interval: 1s}\nreceivers: [{name: r, webhook_configs: [{url: "${hook.url}/${path}"}]}]\n`,
    );
  configure('one');
  writeFileSync(join(dir, 'config/sluice.yml'), `dead_man: {url: "${hook.url}/alive", interval: 1s}\n`);
  const logs: string[] = [];
  pipeline = await startLocal(
    readLocalSettings({
      SLUICE_DATA_DIR: join(dir, 'data'),
      SLUICE_CONFIG_DIR: join(dir, 'config'),
      SLUICE_INGEST_PORT: '0',
      SLUICE_API_PORT: '0',
      SLUICE_EXTERNAL_URL: 'https://sluice.example.com',
    }),
    { writeLog: (line) => void logs.push(line) },
  );
  const post = (alertname: string, times = {}): Promise<Response> =>
    fetch(`${pipeline!.apiUrl}/alertmanager/api/v2/alerts`, {
      method: 'POST',
      body: JSON.stringify([{ labels: { alertname }, ...times }]),
    });
  const told = (path: string) => () => hook.requests.filter((request) => request.path === path);

  expect((await post('First')).status).toBe(200);
  const [first] = await until(told('/one'), (requests) => requests.length > 0);
  expect(first!.json).toMatchObject({
    status: 'firing',
    groupKey: '{}:{alertname="First"}',
    externalURL: 'https://sluice.example.com/alertmanager',
  });

  // A broken file changes nothing but what the log and the status say; a good one is taken over.
  writeFileSync(join(dir, 'config/alertmanager.yml'), 'route: {}\n');
  await until(
    () => fetch(`${pipeline!.apiUrl}/alertmanager/api/v2/status`).then((answer) => answer.text()),
    (text) => text.includes('problems'),
  );
  expect(logs.join()).toContain('root route must specify a default receiver');
  configure('two');
  await post('First', { endsAt: new Date().toISOString() });
  const over = await until(
    () => [...told('/one')(), ...told('/two')()],
    (requests) => requests.length > 1,
  );
  expect(over.at(-1)!.json).toMatchObject({ status: 'resolved' });
  await post('Second');
  expect(await until(told('/two'), (requests) => requests.length > 0)).not.toEqual([]);
  expect(await until(told('/alive'), (requests) => requests.length > 1)).not.toEqual([]);
});
