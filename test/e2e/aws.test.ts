/**
 * The functions as they are deployed, bundled and in processes of their own, over emulators of AWS that turn hostile:
 * the same list as local mode, and every call within what the role of its function may.
 */
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CloudPipeline, startCloudPipeline } from './cloud-pipeline.ts';
import { E2E_SEED, runScenario, SCENARIOS } from './scenarios.ts';

let pipeline: CloudPipeline;
beforeAll(async () => {
  pipeline = await startCloudPipeline(E2E_SEED);
}, 120_000);
afterAll(() => pipeline[Symbol.asyncDispose]());

test.each(SCENARIOS)('$name', (scenario) => runScenario(scenario, pipeline));

test('a schedule whose function fails three times is among the dead letters of schedules, and the next one does its work', async () => {
  const { cloud } = pipeline;
  cloud.aws.failNext('tick', 'dynamodb:Query', 100);
  expect(await cloud.schedule('tick')).toBe('given up');
  cloud.aws.failNext('tick', 'dynamodb:Query', 0);
  expect(await cloud.schedule('tick')).toBe('done');
  const { Messages = [] } = await cloud.sqs.send(
    new ReceiveMessageCommand({ QueueUrl: cloud.queueUrl('schedules-dead'), WaitTimeSeconds: 1 }),
  );
  expect(Messages.map(({ Body }) => JSON.parse(Body!))).toMatchObject([
    { requestPayload: { job: 'tick' }, requestContext: { approximateInvokeCount: 3 } },
  ]);
});

test('several environments of one function worked at once, on batches of more than one receive', () => {
  const { functions, mappings } = pipeline.cloud;
  expect(Math.max(...[...functions.values()].map(({ peak }) => peak))).toBeGreaterThan(1);
  expect(Math.max(...[...mappings.values()].flatMap(({ batches }) => batches))).toBeGreaterThan(10);
});
