import { createAuditLog } from '@sluice/audit/audit-log';
import { decodeAuditMessage } from '@sluice/audit/audit-message';
import { parseVerifierKey } from '@sluice/audit/checkpoint';
import { verifyBundle } from '@sluice/audit/export/verify-bundle';
import { createKeyring } from '@sluice/audit/keyring';
import { sealLog } from '@sluice/audit/seal';
import { ACME, createAuditFixture } from '@sluice/audit/testing/audit-fixture';
import { silentLogger } from '@sluice/core/logger';
import type { Queue } from '@sluice/core/ports/queue';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { describe, expect, test } from 'vitest';
import { createQueryApp } from '../query-app.ts';
import { auditScopeOf, createAuditRoutes } from './audit-routes.ts';

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of many forms are looked at
  readonly body: any;
}

/** The routes behind the query app, over a trail of 30 events; every record of a reading is written to the trail at once. */
async function makeWorld({ events = 30, reader = 'a' } = {}) {
  const fixture = createAuditFixture();
  const keyring = createKeyring({ ...fixture });
  const log = createAuditLog({ ...fixture, keyring });
  const inputs = Array.from({ length: events }, (_, i) => ({
    type: i % 3 === 0 ? 'USER_LOGIN' : 'DATA_EXPORT',
    action: i % 3 === 0 ? 'login' : 'export',
    user_id: `user-${i % 5}`,
    resource: `file-${i % 4}`,
    result: i % 2 === 0 ? 'success' : 'failure',
    level: i % 10 === 0 ? 'CRITICAL' : 'INFO',
    ...(i % 10 === 0 ? { severity: 'high' } : {}),
    description: `note number ${i}`,
  }));
  const results = await log.append(
    ACME,
    inputs.map((input) => fixture.event(input)),
  );
  const notes: string[] = [];
  await sealLog(ACME, { ...fixture, log, publish: async (_, note) => void notes.push(note) });
  const queue = createEmbeddedQueue({
    database: createMemoryDatabase(),
    name: 'audit.fifo',
    clock: fixture.clock,
  });
  let sends: Queue['send'] = queue.send;
  const recorded: { type: string; actor: string | undefined; attributes: Record<string, unknown> }[] = [];
  const routes = createAuditRoutes({
    ...fixture,
    keyring,
    log,
    keys: [fixture.signer],
    copies: { notes: async () => notes },
    queue: {
      ...queue,
      async send(messages) {
        const outcomes = await sends(messages);
        for (const { body, attributes } of messages)
          for (const event of decodeAuditMessage({ body, attributes }).events)
            recorded.push({
              type: event.type,
              actor: event.actor?.id,
              attributes: { ...event.attributes, result: event.result },
            });
        return outcomes;
      },
    },
    pause: async () => {},
  });
  const scopes: string[] = [];
  const app = createQueryApp({
    apis: [{ path: '/v1/audit', routes, scopeOf: auditScopeOf }],
    authorize: async (request, scope) => {
      scopes.push(scope);
      const keyId = request.headers.get('x-reader') ?? reader;
      return { status: 'ok', tenant: ACME, keyId };
    },
    readiness: async () => [],
    selfMetrics: createSelfMetrics(),
    logger: silentLogger,
    ingestUrl: '',
  });
  const call = async (method: string, path: string, body?: unknown, as = reader): Promise<Answer> => {
    const init = {
      method,
      headers: { 'x-reader': as },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    const response = await app.request(`/v1/audit${path}`, init);
    return { status: response.status, body: await response.json() };
  };
  const get = (path: string, as = reader): Promise<Answer> => call('GET', path, undefined, as);
  const failSends = (): void => {
    sends = () => Promise.reject(new Error('queue is down'));
  };
  return { app, call, get, recorded, scopes, failSends, fixture, ids: results.map(({ id }) => id), log };
}

const seqs = ({ body }: Answer): readonly number[] => body.events.map(({ seq }: { seq: number }) => seq);

describe('questions', () => {
  test.each([
    ['actor=user-1', (i: number) => i % 5 === 1],
    ['user=user-1&user_id=user-2', (i: number) => i % 5 === 1 || i % 5 === 2],
    ['event_type=USER_LOGIN&result=failure', (i: number) => i % 3 === 0 && i % 2 === 1],
    ['level=critical', (i: number) => i % 10 === 0],
    ['target=file-3&action=export', (i: number) => i % 4 === 3 && i % 3 !== 0],
    ['text=NUMBER%201', (i: number) => i === 1 || (i >= 10 && i < 20)],
    ['severity=high&type=DATA_EXPORT', (i: number) => i % 10 === 0 && i % 3 !== 0],
    ['category=nothing', () => false],
  ])('%s answers exactly what was asked for', async (question, isWanted) => {
    const { get } = await makeWorld();
    const expected = Array.from({ length: 30 }, (_, i) => i).filter(isWanted);
    expect(seqs(await get(`/events?${question}&order=oldest&consistent=true`))).toEqual(expected);
    expect(seqs(await get(`/events?${question}`))).toEqual(expected.toReversed());
  });

  test('a range of time is taken in every notation', async () => {
    const { get, fixture, log } = await makeWorld();
    const startMs = fixture.clock.nowMs();
    await fixture.clock.advance(3_600_000);
    await log.append(ACME, [fixture.event({ type: 'LATER' })]);
    const cut = startMs + 1_800_000;
    const iso = new Date(cut).toISOString();
    for (const from of [
      iso,
      iso.replace('Z', ''),
      String(cut),
      String(cut / 1000),
      encodeURIComponent(iso.replace('.000Z', '+00:00')),
    ])
      expect(seqs(await get(`/events?from=${from}`))).toEqual([30]);
    expect(seqs(await get(`/events?to=${iso}&limit=1000`)).length).toBe(30);
    expect(seqs(await get(`/events?from=${iso.slice(0, 10)}&limit=1000`)).length).toBe(31);
  });

  test('pages join to the whole; a cursor serves its question and its reader alone, and counts as one reading', async () => {
    const { get, recorded } = await makeWorld();
    const all: number[] = [];
    let cursor = '';
    do {
      const page = await get(`/events?actor=user-1&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      all.push(...seqs(page));
      cursor = page.body.cursor ?? '';
    } while (cursor !== '');
    expect(all).toEqual([26, 21, 16, 11, 6, 1]);
    expect(recorded.length).toBe(1);
    const first = (await get('/events?actor=user-1&limit=2')).body.cursor;
    for (const [path, as] of [
      [`/events?actor=user-2&limit=2&cursor=${first}`, 'a'],
      [`/events?actor=user-1&order=oldest&cursor=${first}`, 'a'],
      [`/events?actor=user-1&limit=2&cursor=${first}`, 'b'],
      ['/events?cursor=rubbish', 'a'],
    ] as const)
      expect(await get(path, as)).toEqual({
        status: 400,
        body: { error: 'the cursor does not belong to this question; start without one' },
      });
  });

  test('a follower goes on from the end, and sees what has come since', async () => {
    const { get, fixture, log, recorded } = await makeWorld();
    const end = await get('/events?follow=true&type=LATER');
    expect(end.body.events).toEqual([]);
    await log.append(ACME, [fixture.event({ type: 'LATER' })]);
    const next = await get(`/events?follow=true&type=LATER&consistent=true&cursor=${end.body.cursor}`);
    expect(seqs(next)).toEqual([30]);
    expect((await get(`/events?follow=true&type=LATER&cursor=${next.body.cursor}`)).body.events).toEqual([]);
    expect(recorded.length).toBe(1);
  });

  test.each([
    ['usr=1', '"usr" is no parameter here'],
    ['level=loud', 'level "loud" is not one of INFO, WARNING, ERROR, CRITICAL'],
    ['from=yesterday', '"from" is no time'],
    ['from=2&to=1', '"from" must lie before "to"'],
    ['order=random', '"order" must be newest or oldest'],
    ['limit=1&limit=2', '"limit" is there twice'],
    ['from=1&from=2', '"from" is there twice'],
    ['limit=0', '"limit" must be a whole number from 1 to 1000'],
    ['consistent=maybe', '"consistent" must be true or false'],
    ['follow=true&order=newest', '"follow" goes with order=oldest'],
    [Array.from({ length: 101 }, (_, i) => `actor=${i}`).join('&'), 'more than 100 values'],
  ])('%.40s is refused, and nothing more than was meant is answered', async (question, message) => {
    const { get, recorded } = await makeWorld({ events: 1 });
    expect(await get(`/events?${question}`)).toEqual({
      status: 400,
      body: { error: expect.stringContaining(message) },
    });
    expect(recorded).toEqual([]);
  });
});

describe('readings', () => {
  test('are recorded with who and what, and without naming the persons who were asked about', async () => {
    const { get, call, recorded, ids } = await makeWorld({ reader: '0a1b2c' });
    await get('/events?actor=user-1&text=secret&type=USER_LOGIN');
    await get(`/events/${ids[0]}`);
    await get(`/events/${ids[0]}/proof`);
    await get('/summary');
    await call('POST', '/verify');
    expect(recorded.map(({ type, actor, attributes }) => [type, actor, attributes.what])).toEqual([
      ['audit.read', 'key 0a1b2c', 'events'],
      ['audit.read', 'key 0a1b2c', 'event'],
      ['audit.read', 'key 0a1b2c', 'proof'],
      ['audit.read', 'key 0a1b2c', 'summary'],
      ['audit.verified', 'key 0a1b2c', undefined],
    ]);
    expect(JSON.stringify(recorded)).not.toMatch(/user-1|secret/);
    expect(JSON.stringify(recorded)).toContain('USER_LOGIN');
  });

  test('that cannot be recorded are not answered', async () => {
    const { get, app, failSends, ids } = await makeWorld();
    failSends();
    for (const path of ['/events', `/events/${ids[0]}`, `/events/${ids[0]}/proof`, '/summary', '/export'])
      expect(await get(path)).toMatchObject({
        status: 503,
        body: { error: expect.stringContaining('queue is down') },
      });
    expect((await app.request('/v1/audit/events')).headers.get('retry-after')).toBe('2');
    expect((await get('/checkpoints')).status).toBe(200);
  });
});

describe('single events, checkpoints and verification', () => {
  test('an event is found and proved; one that is not sealed or not there is told apart', async () => {
    const { get, ids, log, fixture, app } = await makeWorld();
    expect((await get(`/events/${ids[7]}`)).body).toMatchObject({ seq: 7, actor: { id: 'user-2' } });
    const key = (await (await app.request('/v1/audit/key')).text()).trim();
    expect(parseVerifierKey(key).keyName).toBe('sluice-test');
    expect((await get(`/events/${ids[7]}/proof`)).body).toMatchObject({ seq: 7, size: 30, key });
    const [late] = await log.append(ACME, [fixture.event({ type: 'x' })]);
    expect((await get(`/events/${late!.id}/proof`)).status).toBe(409);
    expect([(await get('/events/ev_0')).status, (await get('/events/ev_0/proof')).status]).toEqual([
      404, 404,
    ]);
    expect((await get('/checkpoints?limit=1')).body.checkpoints[0]).toContain('sluice/audit/acme\n30\n');
  });

  test('a verification says what is wrong and where', async () => {
    const { call, fixture, recorded } = await makeWorld();
    expect((await call('POST', '/verify')).body).toMatchObject({
      ok: true,
      size: 30,
      sealedSize: 30,
      findings: [],
    });
    await fixture.table.delete({ pk: 'audit#acme', sk: 'chk#0000000000000030' });
    const { body } = await call('POST', '/verify');
    expect(body.findings[0]).toMatchObject({
      kind: 'missing',
      what: expect.stringContaining('30 events is not in the table'),
    });
    expect(recorded.at(-1)?.attributes).toMatchObject({ result: 'failure', findings: 1 });
  });

  test('the summary counts failed logins, severities and actors over time', async () => {
    const { get, fixture } = await makeWorld();
    const to = fixture.clock.nowMs() + 1;
    const { body } = await get(`/summary?from=${to - 7_200_000}&to=${to}&step=3600`);
    expect(body).toMatchObject({ events: 30, failedLogins: 5, bySeverity: { high: 3 }, complete: true });
    expect(body.topActors.length).toBe(5);
    expect(body.timeline.map(({ events }: { events: number }) => events)).toEqual([0, 30]);
    expect((await get('/summary?step=0')).status).toBe(400);
    expect((await get('/summary?from=5&to=5')).status).toBe(400);
  });
});

describe('exports', () => {
  test('of every format hold what was asked for, and end with a digest in the trail', async () => {
    const { app, recorded, fixture } = await makeWorld();
    const fetchExport = async (query: string) => {
      const response = await app.request(`/v1/audit/export?${query}`);
      const manifest = JSON.parse(
        Buffer.from(response.headers.get('sluice-audit-manifest')!, 'base64url').toString(),
      );
      return { text: await response.text(), manifest, type: response.headers.get('content-type') };
    };
    const bundle = await fetchExport('type=USER_LOGIN');
    const lines = bundle.text.trimEnd().split('\n');
    expect(await verifyBundle(lines, [fixture.signer])).toMatchObject({ ok: true, size: 30, events: 10 });
    const csv = await fetchExport('format=csv&actor=user-1');
    expect([csv.type, csv.text.split('\r\n').length]).toEqual(['text/csv; charset=utf-8', 8]);
    expect(csv.manifest).toMatchObject({
      format: 'csv',
      tenant: 'acme',
      size: 30,
      filter: { actors: ['user-1'] },
    });
    const ocsf = await fetchExport('format=ocsf');
    expect(
      ocsf.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).metadata.sequence),
    ).toEqual(Array.from({ length: 30 }, (_, i) => i));
    const digests = await Promise.all(
      [bundle, csv, ocsf].map(async ({ text }) =>
        Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(text))).toString('hex'),
      ),
    );
    expect(recorded.map(({ type }) => type)).toEqual(
      Array(3).fill(['audit.exported', 'audit.export_finished']).flat(),
    );
    expect(
      recorded
        .filter(({ type }) => type === 'audit.export_finished')
        .map(({ attributes }) => attributes.sha256),
    ).toEqual(digests);
    expect((await app.request('/v1/audit/export?format=xml')).status).toBe(400);
  });

  test('that a reader breaks off have no record of their end', async () => {
    const { app, recorded } = await makeWorld({ events: 300 });
    const body = (await app.request('/v1/audit/export')).body!.getReader();
    await body.read();
    await body.cancel();
    expect(recorded.map(({ type }) => type)).toEqual(['audit.exported']);
  });
});

test('without a key, pages of other origins neither read nor erase', async () => {
  const fixture = createAuditFixture();
  const keyring = createKeyring({ ...fixture });
  const log = createAuditLog({ ...fixture, keyring });
  await log.append(ACME, [fixture.event({ type: 'x', user_id: 'u' })]);
  const routes = createAuditRoutes({
    ...fixture,
    keyring,
    log,
    keys: [fixture.signer],
    copies: { notes: async () => [] },
    queue: createEmbeddedQueue({
      database: createMemoryDatabase(),
      name: 'audit.fifo',
      clock: fixture.clock,
    }),
    pause: async () => {},
  });
  const app = createQueryApp({
    apis: [{ path: '/v1/audit', routes, scopeOf: auditScopeOf }],
    authorize: async () => ({ status: 'ok', tenant: ACME }),
    readiness: async () => [],
    selfMetrics: createSelfMetrics(),
    logger: silentLogger,
    ingestUrl: '',
  });
  const erase = { method: 'POST', body: '{"subject":"u"}' };
  const foreign = { ...erase, headers: { origin: 'https://example.org' } };
  expect((await app.request('http://127.0.0.1/v1/audit/erase', foreign)).status).toBe(403);
  expect((await app.request('http://example.org/v1/audit/events')).status).toBe(403);
  expect((await app.request('http://127.0.0.1/v1/audit/events')).status).toBe(200);
  expect((await app.request('http://127.0.0.1/v1/audit/erase', erase)).status).toBe(200);
});

describe('holds and erasure', () => {
  test('a hold is placed, listed, keeps its subject, and is released', async () => {
    const { call, get } = await makeWorld();
    const placed = await call('PUT', '/holds/case-7', {
      reason: 'r',
      actors: ['user-1'],
      from: '2020-01-01',
      to: 4e12,
    });
    expect(placed.body).toMatchObject({ id: 'case-7', scope: { fromMs: 1_577_836_800_000, toMs: 4e12 } });
    expect(JSON.stringify((await get('/holds')).body)).not.toContain('user-1');
    expect(await call('POST', '/erase', { subject: 'user-1' })).toMatchObject({ status: 409 });
    expect((await call('DELETE', '/holds/case-7')).body).toEqual({ released: 'case-7' });
    expect((await call('DELETE', '/holds/case-7')).status).toBe(404);
    expect((await call('POST', '/erase', { subject: 'user-1' })).body).toEqual({ status: 'erased', keys: 1 });
    expect((await call('POST', '/erase', { subject: 'nobody' })).status).toBe(404);
    expect((await call('POST', '/verify')).body).toMatchObject({ ok: true });
    expect(seqs(await get('/events?actor=user-1'))).toEqual([]);
  });

  test.each([
    ['PUT', '/holds/a b', { reason: 'r' }, 'is not 1-64 characters'],
    ['PUT', '/holds/a', {}, '"reason" must be a text'],
    ['PUT', '/holds/a', { reason: 'r', until: 1 }, '"until" is not known'],
    ['PUT', '/holds/a', { reason: 'r', actors: [] }, '"actors" must be a list'],
    ['PUT', '/holds/a', { reason: 'r', from: 'x' }, '"from" is no time'],
    ['PUT', '/holds/a', [], 'not a JSON object'],
    ['POST', '/erase', { subject: '' }, 'send {"subject"'],
    ['POST', '/erase', undefined, 'not a JSON object'],
  ])('%s %s %j is refused', async (method, path, body, message) => {
    const { call } = await makeWorld({ events: 1 });
    expect(await call(method, path, body)).toEqual({
      status: 400,
      body: { error: expect.stringContaining(message) },
    });
  });

  test('need the scope admin; everything else needs audit:read', async () => {
    const { call, get, scopes } = await makeWorld({ events: 1 });
    await get('/events');
    await get('/holds');
    await call('POST', '/verify');
    await call('PUT', '/holds/a', {});
    await call('DELETE', '/holds/a');
    await call('POST', '/erase', {});
    expect(scopes).toEqual(['audit:read', 'audit:read', 'audit:read', 'admin', 'admin', 'admin']);
  });
});
