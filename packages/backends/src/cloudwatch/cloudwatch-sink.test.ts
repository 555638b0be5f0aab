import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import type { TenantId } from '@sluice/core/ids';
import type { PushResult, TelemetryPart } from '@sluice/core/ports/sink';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type FakeCloudWatchLogs,
  type FakeServiceFault,
  startFakeCloudWatchLogs,
} from '../testing/fake-cloudwatch-logs.ts';
import { encodeLogs, type PlainRecord } from '../testing/log-requests.ts';
import { makePart } from '../testing/telemetry-part.ts';
import { createAcceptedEvents } from './accepted-events.ts';
import { type CloudWatchSinkOptions, createCloudWatchSink } from './cloudwatch-sink.ts';
import { createLogGroups } from './log-groups.ts';

const NOW_MS = Date.UTC(2026, 0, 31, 12);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const TENANT = 'acme' as TenantId;
const STREAM = 'acme/2026-01-31/one';
const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const resource of open.splice(0)) await resource.close();
});

function clientOf(endpoint: string): CloudWatchLogsClient {
  const client = new CloudWatchLogsClient({
    endpoint,
    region: 'eu-central-1',
    credentials: CREDENTIALS,
    maxAttempts: 1,
  });
  open.push({ close: async () => client.destroy() });
  return client;
}

async function setUp(options: Partial<CloudWatchSinkOptions> = {}) {
  const fake = await startFakeCloudWatchLogs({ nowMs: () => NOW_MS });
  open.push(fake);
  const sink = createCloudWatchSink({
    client: clientOf(fake.url),
    groups: createLogGroups({ prefix: '/t/' }),
    consumer: 'one',
    clock: createFakeClock(NOW_MS),
    timeoutMs: 2000,
    ...options,
  });
  const push = (...parts: readonly TelemetryPart[]): Promise<PushResult> =>
    sink.push(TENANT, parts, { signal: new AbortController().signal });
  return { fake, sink, push };
}

function part(records: readonly PlainRecord[], receivedAtMs = NOW_MS): TelemetryPart {
  const raw = encodeLogs([{ resource: { 'service.name': 'shop' }, records }]);
  return makePart(raw, { signal: 'logs', receivedAtMs, items: records.length });
}
const at = (ms: number): bigint => BigInt(ms) * 1_000_000n;
const bodies = (fake: FakeCloudWatchLogs, group = '/t/app'): readonly string[] =>
  fake.events(group).map(({ message }) => (JSON.parse(message) as { message: string }).message);

test('records are pure JSON in the group of their level and the stream of tenant, day and consumer', async () => {
  const { fake, push } = await setUp();
  const records = [
    {
      timeNs: at(NOW_MS) + 5n,
      severityNumber: 9,
      body: 'hello',
      attributes: { 'user.id': 'u1', sluice_tenant: 'forged' },
    },
    { timeNs: at(NOW_MS - 1), severityText: 'AUDIT', body: 'login' },
    { timeNs: at(NOW_MS - 2), severityText: 'SECURITY', body: 'denied' },
  ];
  expect(await push(part(records))).toEqual({ status: 'ok' });
  expect([bodies(fake), bodies(fake, '/t/audit'), bodies(fake, '/t/security')]).toEqual([
    ['hello'],
    ['login'],
    ['denied'],
  ]);
  const [event] = fake.events('/t/app');
  expect(event).toMatchObject({ stream: STREAM, timestamp: NOW_MS });
  expect(JSON.parse(event!.message)).toMatchObject({
    level: 'INFO',
    service: 'shop',
    user: { id: 'u1' },
    sluice_tenant: 'acme',
    attributes: { sluice_tenant: 'forged' },
  });
  expect(
    fake.groups().map(({ name, logClass, retentionInDays }) => [name, logClass, retentionInDays]),
  ).toEqual(
    expect.arrayContaining([
      ['/t/app', 'STANDARD', 30],
      ['/t/audit', 'STANDARD', 400],
    ]),
  );
  // Groups and streams are made once.
  await push(part([{ timeNs: at(NOW_MS), body: 'again' }]));
  expect(fake.calls()).toMatchObject({ CreateLogGroup: 3, CreateLogStream: 6, PutLogEvents: 7 });
});

test('batches are in the order of time and within bytes, number and span', async () => {
  const { fake, push } = await setUp();
  const big = Array.from({ length: 5 }, (_, i) => ({ timeNs: at(NOW_MS - i), body: 'x'.repeat(400_000) }));
  const many = Array.from({ length: 12_000 }, (_, i) => ({
    timeNs: at(NOW_MS - 6 * DAY_MS - (i % 1000)),
    body: 'y',
  }));
  const spread = [0, 5, 1, 3].map((days) => ({ timeNs: at(NOW_MS - days * DAY_MS), body: `d${days}` }));
  expect(await push(part(big), part(many), part(spread))).toEqual({ status: 'ok' });
  expect(fake.events('/t/app')).toHaveLength(5 + 12_000 + 4);
  const stamps = fake.events('/t/app').map(({ timestamp }) => timestamp);
  expect(stamps).toEqual([...stamps].sort((a, b) => a - b));
});

test('a record larger than an event is cut with a mark', async () => {
  const { fake, push } = await setUp();
  expect(await push(part([{ timeNs: at(NOW_MS), body: 'ü'.repeat(700_000) }]))).toEqual({ status: 'ok' });
  const [event] = fake.events('/t/app');
  const { message, truncated } = JSON.parse(event!.message) as { message: string; truncated: boolean };
  expect(truncated).toBe(true);
  expect(message).toMatch(/^ü+…\[\d+ bytes cut\]$/);
  expect(message.length).toBeGreaterThan(200_000);
});

test('times that CloudWatch does not take become those of the receipt; the record keeps its own', async () => {
  const { fake, push } = await setUp();
  const result = await push(
    part(
      [
        { timeNs: at(NOW_MS - 15 * DAY_MS), body: 'old' },
        { timeNs: 1n, body: 'epoch' },
      ],
      NOW_MS - HOUR_MS,
    ),
    part([{ timeNs: at(Date.UTC(2100, 0)), body: 'new' }], NOW_MS - 20 * DAY_MS),
  );
  expect(result).toEqual({
    status: 'ok',
    warning: '2 events too old and 1 too new for /t/app got the time of their receipt',
  });
  expect(
    fake
      .events('/t/app')
      .map(({ timestamp, message }) => [timestamp - NOW_MS, JSON.parse(message).timestamp]),
  ).toEqual([
    [-HOUR_MS, '2026-01-16T12:00:00.000Z'],
    [-HOUR_MS, '1970-01-01T00:00:00.000Z'],
    [0, '2100-01-01T00:00:00.000Z'],
  ]);
});

test('events that the answer rejects get the present time, once', async () => {
  // The group keeps for less long than the settings say.
  const { fake, push } = await setUp();
  await push(part([{ timeNs: at(NOW_MS), body: 'first' }]));
  fake.groups()[0]!.retentionInDays = 1;
  const records = [2, 0].map((days) => ({ timeNs: at(NOW_MS - days * DAY_MS), body: `d${days}` }));
  expect(await push(part(records))).toEqual({
    status: 'ok',
    warning: '/t/app rejected 1 events (1 beyond the retention): they got the present time',
  });
  expect(bodies(fake)).toEqual(['first', 'd2', 'd0']);
});

test('events that are rejected at any time are a refusal that names the clock', async () => {
  const client = new CloudWatchLogsClient({ region: 'eu-central-1', credentials: CREDENTIALS });
  mockClient(client)
    .on(PutLogEventsCommand)
    .resolves({ rejectedLogEventsInfo: { tooOldLogEventEndIndex: 1, tooNewLogEventStartIndex: 1 } });
  const { push } = await setUp({ client });
  const result = await push(part([{ timeNs: at(NOW_MS), body: 'x' }]));
  expect(result).toMatchObject({
    status: 'permanent',
    reason: expect.stringContaining('is the clock right?'),
  });
});

const ANSWERS: readonly [FakeServiceFault, object][] = [
  [{ name: 'ThrottlingException', message: 'Rate exceeded' }, { status: 'retryable' }],
  [{ name: 'ServiceUnavailableException', status: 500 }, { status: 'retryable' }],
  [{ name: 'InternalFailure', status: 500 }, { status: 'retryable' }],
  [{ name: 'SomethingNew', status: 400 }, { status: 'retryable' }],
  [{ name: 'AccessDeniedException' }, { status: 'retryable', misconfigured: true }],
  [{ name: 'UnrecognizedClientException' }, { status: 'retryable', misconfigured: true }],
  [{ name: 'ExpiredTokenException' }, { status: 'retryable', misconfigured: true }],
  [{ name: 'InvalidParameterException', message: 'bad' }, { status: 'permanent' }],
  [{ name: 'SerializationException' }, { status: 'permanent' }],
  [{ name: 'InvalidParameterException', message: 'Log event too large' }, { status: 'permanent' }],
  [{ name: 'DataAlreadyAcceptedException' }, { status: 'ok' }],
  [{ name: 'InvalidSequenceTokenException', fields: { expectedSequenceToken: 't2' } }, { status: 'ok' }],
];
test.each(ANSWERS)('%j means %j', async (fault, expected) => {
  const { fake, push } = await setUp();
  await push(part([{ timeNs: at(NOW_MS), body: 'first' }]));
  fake.failNext('PutLogEvents', fault);
  const result = await push(part([{ timeNs: at(NOW_MS), body: 'x' }]));
  expect(result).toMatchObject(expected);
  if ('reason' in result) expect(result.reason).toContain(fault.name);
});

test('a batch that is found too large is halved', async () => {
  const { fake, push } = await setUp();
  await push(part([{ timeNs: at(NOW_MS), body: 'first' }]));
  const fault = {
    name: 'InvalidParameterException',
    message: 'Upload too large: 2 bytes exceeds limit of 1',
  };
  fake.failNext('PutLogEvents', fault, fault);
  expect(await push(part([1, 2, 3, 4].map((i) => ({ timeNs: at(NOW_MS), body: `b${i}` }))))).toEqual({
    status: 'ok',
  });
  expect(bodies(fake)).toEqual(['first', 'b1', 'b2', 'b3', 'b4']);
});

describe('making groups and streams', () => {
  test('what another consumer made meanwhile is used', async () => {
    const { fake, push } = await setUp();
    fake.failNext('CreateLogStream', { name: 'ResourceAlreadyExistsException' });
    // The first put finds nothing, the stream "exists", the next put finds nothing again and makes it.
    expect(await push(part([{ timeNs: at(NOW_MS), body: 'x' }]))).toEqual({ status: 'ok' });
    expect(bodies(fake)).toEqual(['x']);
  });
  test.each([
    ['CreateLogGroup', { name: 'LimitExceededException' }, { status: 'retryable', misconfigured: true }],
    ['CreateLogGroup', { name: 'InvalidParameterException' }, { status: 'retryable', misconfigured: true }],
    ['CreateLogGroup', { name: 'OperationAbortedException' }, { status: 'retryable' }],
    ['CreateLogStream', { name: 'AccessDeniedException' }, { status: 'retryable', misconfigured: true }],
    ['PutRetentionPolicy', { name: 'ServiceUnavailableException', status: 500 }, { status: 'retryable' }],
  ] as const)('a failing %s (%j) is waited for', async (operation, fault, expected) => {
    const { fake, push } = await setUp();
    fake.failNext(operation, fault);
    const message = part([{ timeNs: at(NOW_MS), body: 'x' }]);
    expect(await push(message)).toMatchObject(expected);
    expect(await push(message)).toEqual({ status: 'ok' });
  });
  test('a stream that is never there is not asked for without end', async () => {
    const client = new CloudWatchLogsClient({ region: 'eu-central-1', credentials: CREDENTIALS });
    const missing = Object.assign(new Error('no stream'), { name: 'ResourceNotFoundException' });
    const mock = mockClient(client)
      .on(PutLogEventsCommand)
      .rejects(missing)
      .on(CreateLogStreamCommand)
      .resolves({});
    const { push } = await setUp({ client });
    expect(await push(part([{ timeNs: at(NOW_MS), body: 'x' }]))).toMatchObject({ status: 'retryable' });
    expect(mock.commandCalls(PutLogEventsCommand)).toHaveLength(5);
  });
});

describe('faults below the protocol', () => {
  test.each(['unavailable', 'bad-gateway', 'reset', 'timeout', 'garbage', 'rate-limited'] as const)(
    '%s: the push is tried again and nothing is lost',
    async (fault) => {
      const { fake, push } = await setUp({ timeoutMs: 200 });
      const message = part([{ timeNs: at(NOW_MS), body: 'x' }]);
      await push(part([{ timeNs: at(NOW_MS), body: 'first' }]));
      fake.faults.failNext(fault);
      expect(await push(message)).toMatchObject({ status: 'retryable' });
      expect(await push(message)).toEqual({ status: 'ok' });
      expect(bodies(fake)).toEqual(['first', 'x']);
    },
  );
  test('a stop between two calls is told', async () => {
    const { sink } = await setUp();
    const result = await sink.push(TENANT, [part([{ timeNs: at(NOW_MS), body: 'x' }])], {
      signal: AbortSignal.abort(),
    });
    expect(result).toEqual({ status: 'retryable', reason: 'cloudwatch: stopped between two batches' });
  });
});

describe('what a failed push got through is not sent again', () => {
  const days = part(
    [3, 2, 1, 0].map((day) => ({ timeNs: at(NOW_MS - day * (DAY_MS + 1)), body: `d${day}` })),
  );
  test('when another group fails', async () => {
    const { fake, push } = await setUp();
    await push(part([{ timeNs: at(NOW_MS), body: 'first' }]));
    const other = part([{ timeNs: at(NOW_MS), severityText: 'AUDIT', body: 'a' }]);
    fake.failNext('CreateLogGroup', { name: 'ThrottlingException' });
    expect(await push(other, days)).toMatchObject({ status: 'retryable' });
    // Not joined any more: the messages come back one by one.
    expect([await push(days), await push(other)]).toEqual([{ status: 'ok' }, { status: 'ok' }]);
    expect(bodies(fake)).toEqual(['first', 'd3', 'd2', 'd1', 'd0']);
    expect(bodies(fake, '/t/audit')).toEqual(['a']);
  });
  test('when a later batch fails', async () => {
    const client = new CloudWatchLogsClient({ region: 'eu-central-1', credentials: CREDENTIALS });
    const mock = mockClient(client)
      .on(PutLogEventsCommand)
      .resolvesOnce({})
      .rejectsOnce(Object.assign(new Error('slow down'), { name: 'ThrottlingException' }))
      .resolves({});
    const { push } = await setUp({ client });
    expect(await push(days)).toMatchObject({ status: 'retryable' });
    expect(await push(days)).toEqual({ status: 'ok' });
    const sent = mock
      .commandCalls(PutLogEventsCommand)
      .map(({ args }) => args[0].input.logEvents![0]!.message!);
    expect(sent.map((message) => JSON.parse(message).message)).toEqual(['d3', 'd2', 'd2', 'd1', 'd0']);
  });
});

test('the memory of what was taken is bounded, oldest messages first', () => {
  const accepted = createAcceptedEvents({ maxEvents: 3 });
  const events = (messageId: string, count: number) =>
    Array.from({ length: count }, (_, index) => ({ messageId, index }) as never);
  accepted.add(events('a', 2));
  accepted.add(events('b', 2));
  expect([accepted.without(events('a', 2)).length, accepted.without(events('b', 3)).length]).toEqual([2, 1]);
});

test('bytes that are no logs are refused for good', async () => {
  const { push } = await setUp();
  const bad = makePart(Uint8Array.of(0x0a, 0x05, 0x01), { signal: 'logs' });
  expect(await push(bad)).toMatchObject({
    status: 'permanent',
    reason: expect.stringContaining('logs cannot be read'),
  });
});
