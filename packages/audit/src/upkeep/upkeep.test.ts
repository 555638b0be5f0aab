import type { TenantId } from '@sluice/core/ids';
import { createLogger } from '@sluice/core/logger';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { expect, test } from 'vitest';
import { createAuditLog } from '../audit-log.ts';
import { placeHold } from '../keep/holds.ts';
import { createKeyring } from '../keyring.ts';
import { createTrailReader } from '../read/trail-reader.ts';
import { ACME, createAuditFixture } from '../testing/audit-fixture.ts';
import type { CheckpointCopies } from './checkpoint-copies.ts';
import { createDailyUpkeep } from './daily-upkeep.ts';
import { createSealJob } from './seal-trails.ts';
import { createWitness } from './witness.ts';

const DAY_MS = 86_400_000;

function createMemoryCopies(): CheckpointCopies {
  const kept: { tenant: TenantId; note: string }[] = [];
  const notes = async (tenant: TenantId) =>
    kept.filter((copy) => copy.tenant === tenant).map(({ note }) => note);
  return {
    append: async (tenant, note) => void kept.push({ tenant, note }),
    notes,
    last: async (tenant) => (await notes(tenant)).at(-1),
    tenants: async () => [...new Set(kept.map(({ tenant }) => tenant))],
  };
}

function makeWorld(witness: (note: string) => Promise<void> = async () => {}) {
  const fixture = createAuditFixture();
  const { clock, table } = fixture;
  const keyring = createKeyring({ ...fixture });
  const log = createAuditLog({ ...fixture, keyring });
  const copies = createMemoryCopies();
  const selfMetrics = createSelfMetrics();
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', write: (line) => void lines.push(line), nowMs: clock.nowMs });
  const shared = { ...fixture, keyring, log, copies, selfMetrics, logger, keys: [fixture.signer] };
  const seal = createSealJob({ ...shared, witnesses: [(_, note) => witness(note)] });
  const upkeep = createDailyUpkeep({ ...shared, retentionMs: 400 * DAY_MS, pause: async () => {} });
  const append = (type: string) => log.append(ACME, [fixture.event({ type, user_id: 'ada' })]);
  const read = async (type: string) => {
    const reader = createTrailReader({ table, keyring });
    return (await reader.query(ACME, { types: [type] }, { limit: 100, order: 'oldest' })).events;
  };
  const metric = async (name: string): Promise<string | undefined> =>
    new RegExp(`^${name}\\S* (\\S+)$`, 'm').exec(await selfMetrics.render())?.[1];
  return { fixture, clock, table, log, keyring, copies, lines, seal, upkeep, append, read, metric, shared };
}

test('every tenant is sealed, and the age of the checkpoint stays low though nothing new comes', async () => {
  const { append, seal, copies, clock, metric } = makeWorld();
  await seal();
  await append('a');
  await seal();
  expect((await copies.notes(ACME)).length).toBe(1);
  for (let minute = 0; minute < 5; minute++) {
    await clock.advance(60_000);
    await seal();
  }
  expect((await copies.notes(ACME)).length).toBe(1);
  expect(Number(await metric('audit_checkpoint_age_seconds'))).toBe(0);
  await clock.advance(180_000);
  expect(Number(await metric('audit_checkpoint_age_seconds'))).toBe(180);
});

test('a log that was rolled back, even to nothing at all, is refused, told and counted, and its age grows', async () => {
  const { append, seal, table, lines, clock, metric } = makeWorld();
  await append('a');
  await seal();
  for (const pk of ['audit#acme', 'audit-tenants'])
    for (const item of (await table.query({ pk })).items) await table.delete(item);
  await clock.advance(60_000);
  await seal();
  expect(lines.join('')).toContain('the log has 0 events, but 1 were sealed: it was cut or rolled back');
  expect(await metric('audit_seal_refused')).toBe('1');
  expect(await metric('audit_checkpoint_age_seconds')).toBe('60');
});

test('a witness that is down gets the newest note when it is back', async () => {
  const seen: string[] = [];
  let isDown = true;
  const { append, seal, lines } = makeWorld(async (note) => {
    if (isDown) throw new Error('connection refused');
    seen.push(note.split('\n')[1]!);
  });
  for (const type of ['a', 'b']) {
    await append(type);
    await seal();
  }
  expect([seen, lines.length]).toEqual([[], 2]);
  isDown = false;
  await seal();
  await seal();
  expect(seen).toEqual(['2']);
});

test('a witness by webhook gets the note as text, and any answer but a success is a failure', async () => {
  const requests: [string, unknown][] = [];
  let status = 200;
  const fetch = (async (url: string, { body }: RequestInit) => {
    requests.push([url, body]);
    return new Response('x', { status });
  }) as typeof globalThis.fetch;
  const witness = createWitness({ url: 'https://witness.example', fetch });
  await witness(ACME, 'note');
  expect(requests).toEqual([['https://witness.example', 'note']]);
  status = 500;
  await expect(witness(ACME, 'note')).rejects.toThrow('the witness answered 500');
});

test('once a day old events go, what is held stays, and the log is verified and says so', async () => {
  const { append, seal, upkeep, clock, read, shared } = makeWorld();
  await append('old');
  await append('held');
  await placeHold(
    ACME,
    { id: 'h', reason: 'r', scope: { types: ['held'] } },
    { ...shared, actorId: 'o', nowMs: clock.nowMs() },
  );
  await seal();
  await clock.advance(401 * DAY_MS);
  for (let hour = 0; hour < 3; hour++) await upkeep();
  expect([(await read('old')).length, (await read('held')).length]).toEqual([0, 1]);
  const records = await read('audit.verified');
  expect(
    records.map(({ event }) => [event.result, event.attributes?.expired, event.attributes?.held]),
  ).toEqual([['success', 1, 1]]);
  await clock.advance(DAY_MS);
  await upkeep();
  expect((await read('audit.verified')).length).toBe(2);
});

test('tampering is told, counted and recorded; a fault is tried again the same day', async () => {
  const { append, upkeep, table, lines, metric, read, shared } = makeWorld();
  await append('a');
  const down = createDailyUpkeep({
    ...shared,
    table: { ...table, query: () => Promise.reject(new Error('table is down')) },
    copies: { ...shared.copies, tenants: async () => [ACME] },
    retentionMs: DAY_MS,
    pause: async () => {},
  });
  await expect(down()).rejects.toThrow('table is down');
  await table.put({
    pk: 'audit#acme',
    sk: 'hold#forged',
    hold: 'no JSON',
  });
  await upkeep();
  expect(lines.join('')).toContain('the audit log was tampered with');
  expect(Number(await metric('sluice_audit_findings'))).toBeGreaterThan(0);
  expect((await read('audit.verified')).map(({ event }) => event.result)).toEqual(['failure']);
});
