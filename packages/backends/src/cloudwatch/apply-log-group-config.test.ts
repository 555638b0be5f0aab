import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  GetQueryResultsCommand,
  PutQueryDefinitionCommand,
  StartQueryCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterEach, expect, test } from 'vitest';
import { type FakeCloudWatchLogs, startFakeCloudWatchLogs } from '../testing/fake-cloudwatch-logs.ts';
import { applyLogGroupConfig, type LogGroupConfigOptions } from './apply-log-group-config.ts';
import { createLogGroups } from './log-groups.ts';
import { INDEX_FIELDS, SAVED_QUERIES } from './saved-queries.ts';

const open: FakeCloudWatchLogs[] = [];
afterEach(async () => {
  for (const fake of open.splice(0)) await fake.close();
});

async function setUp() {
  const fake = await startFakeCloudWatchLogs();
  open.push(fake);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new CloudWatchLogsClient({
    endpoint: fake.url,
    region: 'eu-central-1',
    credentials,
    maxAttempts: 1,
  });
  const apply = (options: Partial<LogGroupConfigOptions> = {}) =>
    applyLogGroupConfig({
      client,
      groups: createLogGroups({ prefix: '/t/' }),
      queryPrefix: 'sluice/',
      dryRun: false,
      ...options,
    });
  return { fake, client, apply };
}

test('everything is made once; a second run changes nothing, a dry run never does', async () => {
  const { fake, apply } = await setUp();
  const planned = await apply({ dryRun: true });
  expect(fake.groups()).toEqual([]);
  expect(await apply()).toEqual(planned);
  expect(planned.map(({ kind }) => kind).filter((kind) => kind === 'create-group')).toHaveLength(3);
  expect(
    fake
      .queryDefinitions()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(SAVED_QUERIES.map(({ name }) => `sluice/${name}`).sort());
  expect(fake.groups().map(({ indexPolicy }) => JSON.parse(indexPolicy!).Fields)).toEqual([
    INDEX_FIELDS,
    INDEX_FIELDS,
    INDEX_FIELDS,
  ]);
  expect(await apply()).toEqual([]);
});

test('what differs is changed in place, a class that cannot be changed is told', async () => {
  const { fake, client, apply } = await setUp();
  await apply();
  const [saved] = fake.queryDefinitions();
  await client.send(
    new PutQueryDefinitionCommand({
      queryDefinitionId: saved!.queryDefinitionId,
      name: saved!.name,
      queryString: 'fields @message',
    }),
  );
  const groups = createLogGroups({ prefix: '/t/', logClass: 'INFREQUENT_ACCESS', retentionDays: 7 });
  const changes = await apply({ groups, indexFields: ['level'] });
  expect(changes.map(({ kind, target }) => [kind, target])).toEqual([
    ['conflict', '/t/app'],
    ['retention', '/t/app'],
    ['index-policy', '/t/app'],
    ['index-policy', '/t/audit'],
    ['index-policy', '/t/security'],
    ['saved-query', saved!.name],
  ]);
  expect(changes[1]!.what).toBe('30 -> 7 days');
  expect(fake.queryDefinitions()).toHaveLength(SAVED_QUERIES.length);
  expect((await apply({ groups, indexFields: ['level'] })).map(({ kind }) => kind)).toEqual(['conflict']);
});

test('the class of infrequent access has no field indexes', async () => {
  const { fake, apply } = await setUp();
  const groups = createLogGroups({ prefix: '/t/', logClass: 'INFREQUENT_ACCESS' });
  const changes = await apply({ groups });
  expect(changes.some(({ kind, target }) => kind === 'index-policy' && target === '/t/app')).toBe(false);
  expect(fake.groups().find(({ name }) => name === '/t/app')?.logClass).toBe('INFREQUENT_ACCESS');
  expect(await apply({ groups })).toEqual([]);
});

test('groups are found behind others of their prefix, and page after page', async () => {
  const { client, apply } = await setUp();
  for (let i = 0; i < 60; i++) {
    await client.send(new CreateLogGroupCommand({ logGroupName: `/t/app-${String(i).padStart(2, '0')}` }));
  }
  await apply();
  expect(await apply()).toEqual([]);
});

test('the fake runs queries through their states', async () => {
  const { client, apply } = await setUp();
  await apply();
  const { queryId } = await client.send(
    new StartQueryCommand({
      logGroupName: '/t/app',
      startTime: 0,
      endTime: 1,
      queryString: 'fields @message',
    }),
  );
  const states: unknown[] = [];
  for (let i = 0; i < 3; i++)
    states.push((await client.send(new GetQueryResultsCommand({ queryId }))).status);
  expect(states).toEqual(['Scheduled', 'Running', 'Complete']);
});
