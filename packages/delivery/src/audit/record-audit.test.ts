import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { type AuditLog, createAuditLog } from '@sluice/audit/audit-log';
import { encodeAuditMessages } from '@sluice/audit/audit-message';
import { createKeyring, type KeyWrapper } from '@sluice/audit/keyring';
import { parseAuditEvent } from '@sluice/audit/parse-event';
import { createTrailReader } from '@sluice/audit/read/trail-reader';
import { decodeEnvelope } from '@sluice/core/envelope';
import { PermanentError } from '@sluice/core/errors';
import type { MessageId } from '@sluice/core/ids';
import { parseTenantId } from '@sluice/core/ids';
import { silentLogger } from '@sluice/core/logger';
import type { Queue, ReceivedMessage } from '@sluice/core/ports/queue';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { decodeLogs } from '@sluice/otlp/decode-logs';
import { convertJsonRequest } from '@sluice/otlp/json-request';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { expect, test } from 'vitest';
import { createAuditCopier } from './audit-copies.ts';
import { createAuditSink } from './audit-sink.ts';
import { createRecordAuditHandler } from './record-audit-handler.ts';

const tenant = parseTenantId('acme');

function createTestWrapper(): KeyWrapper {
  const master = randomBytes(32);
  const iv = randomBytes(12);
  return {
    wrap: async (bytes, context) => {
      const cipher = createCipheriv('aes-256-gcm', master, iv).setAAD(Buffer.from(context));
      return Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
    },
    unwrap: async (wrapped, context) => {
      const decipher = createDecipheriv('aes-256-gcm', master, iv)
        .setAAD(Buffer.from(context))
        .setAuthTag(wrapped.subarray(-16));
      return Buffer.concat([decipher.update(wrapped.subarray(0, -16)), decipher.final()]);
    },
  };
}

function makeWorld() {
  const clock = createFakeClock();
  const database = createMemoryDatabase();
  const queue = (name: string): Queue => createEmbeddedQueue({ database, name, clock });
  const table = createEmbeddedTable({ database, name: 'audit', clock });
  const keyring = createKeyring({ table, wrapper: createTestWrapper(), clock });
  const log = createAuditLog({ table, keyring, clock });
  const [audit, dead, logs] = [queue('audit.fifo'), queue('audit-dead.fifo'), queue('logs')];
  const handlerOver = (over: AuditLog) =>
    createRecordAuditHandler({
      log: over,
      queue: audit,
      deadLetter: dead,
      copy: createAuditCopier({ queue: logs, keyring }),
      clock,
      random: () => 0.5,
      selfMetrics: createSelfMetrics(),
      logger: silentLogger,
    });
  const handler = handlerOver(log);
  const reader = createTrailReader({ table, keyring });
  const types = async (): Promise<readonly string[]> =>
    (await reader.query(tenant, {}, { limit: 100, order: 'oldest' })).events.map(({ event }) => event.type);
  const receive = (from: Queue): Promise<readonly ReceivedMessage[]> =>
    from.receive({ maxMessages: 10, visibilityTimeoutMs: 1000, waitMs: 0 });
  const run = async (messages: readonly ReceivedMessage[]) =>
    handler(messages, { softDeadlineMs: clock.nowMs() + 60_000, signal: new AbortController().signal });
  const send = (inputs: readonly object[]) => {
    const events = inputs.map((input) => {
      const parsed = parseAuditEvent(input as never, { tenant, nowMs: clock.nowMs() });
      if (parsed.status !== 'ok') throw new Error(parsed.reason);
      return parsed.event;
    });
    return audit.send(encodeAuditMessages({ tenant, events }));
  };
  return { clock, table, audit, dead, logs, log, receive, run, send, reader, types, handlerOver };
}

test('events are recorded once over redeliveries, in order, and copied to the logs without naming anybody', async () => {
  const world = makeWorld();
  await world.send([
    { id: '1', type: 'USER_LOGIN', user_id: 'ada', result: 'success' },
    { id: '2', type: 'SECURITY_VIOLATION', user_id: 'ada', source_ip: '192.0.2.1' },
  ]);
  const messages = await world.receive(world.audit);
  expect(await world.run(messages)).toEqual({ failures: [] });
  expect(await world.run(messages)).toEqual({ failures: [] });
  const { events } = await world.reader.query(tenant, { actors: ['ada'] }, { limit: 10, order: 'oldest' });
  expect(events.map(({ event }) => event.type)).toEqual(['USER_LOGIN', 'SECURITY_VIOLATION']);
  const copies = (await world.receive(world.logs)).map(decodeEnvelope);
  expect(new Set(copies.map(({ id }) => id)).size).toBe(1);
  const raw = gunzipSync(copies[0]!.gzip);
  expect(raw.includes('ada')).toBe(false);
  expect(raw.includes('192.0.2.1')).toBe(false);
  const records = decodeLogs(raw).flatMap(({ scopes }) => scopes.flatMap((scope) => scope.records));
  expect(records.map(({ severityText }) => severityText)).toEqual(['AUDIT', 'SECURITY']);
});

test('a used id with other content is refused, and the trail says so', async () => {
  const world = makeWorld();
  await world.send([{ id: '1', type: 'a' }]);
  await world.run(await world.receive(world.audit));
  await world.send([{ id: '1', type: 'b' }]);
  await world.clock.advance(2000);
  await world.run(await world.receive(world.audit));
  const { events } = await world.reader.query(tenant, {}, { limit: 10, order: 'oldest' });
  expect(events.map(({ event }) => event.type)).toEqual(['a', 'audit.conflict']);
});

test('a poison message goes to the dead letters, and the messages behind it are recorded', async () => {
  const world = makeWorld();
  await world.audit.send([
    { body: 'x', attributes: { tenant: 'acme' }, groupId: 'acme', deduplicationId: 'p' },
  ]);
  await world.send([{ type: 'after' }]);
  expect(await world.run(await world.receive(world.audit))).toEqual({ failures: [] });
  expect((await world.receive(world.dead)).map(({ attributes }) => attributes.dead)).toEqual([
    expect.stringContaining('not a message of audit events'),
  ]);
  expect((await world.reader.query(tenant, {}, { limit: 10, order: 'oldest' })).events.length).toBe(1);
});

test('events without an id of their own, too, are recorded once when their message is delivered again', async () => {
  const world = makeWorld();
  await world.send([{ type: 'a' }, { type: 'b' }]);
  const [message] = await world.receive(world.audit);
  expect(await world.run([message!])).toEqual({ failures: [] });
  expect(await world.run([{ ...message!, receiveCount: 2 }])).toEqual({ failures: [] });
  expect(await world.types()).toEqual(['a', 'b']);
});

test('messages of one tenant share a segment, and each has its own copy', async () => {
  const world = makeWorld();
  for (const type of ['a', 'b', 'c']) await world.send([{ type }]);
  const messages: ReceivedMessage[] = [];
  for (;;) {
    const more = await world.receive(world.audit);
    if (more.length === 0) break;
    messages.push(...more);
    if (messages.length === 3) break;
  }
  expect(await world.run(messages)).toEqual({ failures: [] });
  expect(await world.types()).toEqual(['a', 'b', 'c']);
  expect((await world.table.query({ pk: 'audit#acme', prefix: 'seg#' })).items.length).toBe(1);
  expect((await world.receive(world.logs)).length).toBe(3);
});

test('when the table is down everything waits, in order, and nothing later of the tenant is tried', async () => {
  const world = makeWorld();
  await world.send([{ type: 'a' }]);
  await world.send([{ type: 'b' }]);
  const messages = await world.receive(world.audit);
  const append = world.log.append;
  const handler = world.handlerOver({
    ...world.log,
    append: () => Promise.reject(new Error('table is down')),
  });
  const context = { softDeadlineMs: world.clock.nowMs() + 60_000, signal: new AbortController().signal };
  const { failures } = await handler(messages, context);
  expect(failures.map(({ messageId }) => messageId)).toEqual(messages.map(({ messageId }) => messageId));
  const late = await world.handlerOver({ ...world.log, append })(messages, { ...context, softDeadlineMs: 0 });
  expect(late.failures).toEqual(messages.map(({ messageId }) => ({ messageId, retryAfterMs: 0 })));
  const guilty = world.handlerOver({
    ...world.log,
    append: (tenant, events) =>
      events.some(({ type }) => type === 'a')
        ? Promise.reject(new PermanentError('no segment can hold it'))
        : append(tenant, events),
  });
  expect(await guilty(messages, context)).toEqual({ failures: [] });
  expect(await world.types()).toEqual(['b']);
  expect((await world.receive(world.dead)).map(({ attributes }) => attributes.dead)).toEqual([
    expect.stringContaining('no segment can hold it'),
  ]);
});

test('a message that is delivered twice without a word of it is recorded once', async () => {
  const world = makeWorld();
  await world.send([{ type: 'a' }, { type: 'b' }]);
  const messages = (await world.receive(world.audit)).map((message) => ({ ...message, receiveCount: 1 }));
  const context = { softDeadlineMs: world.clock.nowMs() + 60_000, signal: new AbortController().signal };
  for (let i = 0; i < 2; i++)
    expect(await world.handlerOver(world.log)(messages, context)).toEqual({ failures: [] });
  expect(await world.types()).toEqual(['a', 'b']);
});

test('log records of level AUDIT enter the trail once; ordinary ones and the copies do not', async () => {
  const world = makeWorld();
  const sink = createAuditSink({ queue: world.audit, logger: silentLogger });
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const records = [
    {
      severityText: 'AUDIT',
      body: { stringValue: 'Audit event: login' },
      attributes: [text('event_type', 'login'), text('user_id', 'ada')],
    },
    { severityText: 'INFO', body: { stringValue: 'AUDIT is only a word here' } },
    { severityText: 'SECURITY', body: { stringValue: 'copy' }, attributes: [text('audit.event.id', 'ev_1')] },
  ];
  const { bytes } = convertJsonRequest(
    'logs',
    Buffer.from(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: records }] }] })),
  );
  const part = {
    messageId: 'f'.repeat(64) as MessageId,
    items: 3,
    receivedAtMs: world.clock.nowMs(),
    gzip: new Uint8Array(),
    raw: async () => bytes,
  };
  for (let i = 0; i < 2; i++) {
    expect(await sink.push(tenant, [part], { signal: new AbortController().signal })).toEqual({
      status: 'ok',
      items: 1,
    });
    await world.run(await world.receive(world.audit));
    await world.clock.advance(10 * 60_000);
  }
  const { events } = await world.reader.query(tenant, {}, { limit: 10, order: 'oldest' });
  expect(events.map(({ event }) => [event.type, event.actor?.id])).toEqual([['login', 'ada']]);
});
