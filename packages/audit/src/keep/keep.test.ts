import { createFaultInjector } from '@sluice/platform/testing/fault-injector';
import { describe, expect, test } from 'vitest';
import { createAuditLog } from '../audit-log.ts';
import { exportBundle } from '../export/export-bundle.ts';
import { CSV_HEADER, toCsvLine, toOcsf } from '../export/table-formats.ts';
import { verifyBundle } from '../export/verify-bundle.ts';
import { createKeyring } from '../keyring.ts';
import { createTrailReader, type TrailReader } from '../read/trail-reader.ts';
import { sealLog } from '../seal.ts';
import { ACME, type AuditFixture, createAuditFixture } from '../testing/audit-fixture.ts';
import { type Verification, verifyLog } from '../verify/verify-log.ts';
import { eraseSubject } from './erase-subject.ts';
import { expireEvents } from './expire-events.ts';
import { type HoldDeps, listHolds, type Operator, placeHold, releaseHold } from './holds.ts';

const DAY_MS = 86_400_000;

interface Trail {
  readonly fixture: AuditFixture;
  readonly deps: HoldDeps;
  readonly reader: TrailReader;
  operator(): Operator;
  verify(): Promise<Verification>;
  ids: string[];
}

async function makeTrail(): Promise<Trail> {
  const fixture = createAuditFixture();
  const keyring = createKeyring({ ...fixture });
  const log = createAuditLog({ ...fixture, keyring });
  const events = Array.from({ length: 30 }, (_, i) =>
    fixture.event({
      type: 'DATA_EXPORT',
      user_id: `user${i % 3}`,
      resource: 'ledger',
      description: `seen by person ${i}`,
      id: `e${i}`,
    }),
  );
  await log.append(ACME, events.slice(0, 20));
  await fixture.clock.advance(10 * DAY_MS);
  await log.append(ACME, events.slice(20));
  await sealLog(ACME, { ...fixture, log, publish: async () => {} });
  return {
    fixture,
    deps: { table: fixture.table, log, keyring },
    reader: createTrailReader({ table: fixture.table, keyring }),
    operator: () => ({ actorId: 'officer', nowMs: fixture.clock.nowMs() }),
    verify: () => verifyLog(ACME, { table: fixture.table, keyring, keys: [fixture.signer] }),
    ids: events.map(({ id }) => id),
  };
}

async function bundleOf({ fixture, deps }: Trail, filter = {}): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of exportBundle(ACME, {
    ...deps,
    filter,
    keys: [fixture.signer],
    nowMs: fixture.clock.nowMs(),
  }))
    lines.push(line);
  return lines;
}

describe('retention', () => {
  test('removes old bodies, keeps the tree whole, and still knows a repeat', async () => {
    const trail = await makeTrail();
    const { deps, fixture } = trail;
    await fixture.clock.advance(5 * DAY_MS);
    expect(await expireEvents(ACME, { ...deps, ...trail.operator(), retentionMs: 7 * DAY_MS })).toEqual({
      expired: 20,
      held: 0,
    });
    expect(await trail.verify()).toMatchObject({ ok: true, expired: 20, findings: [] });
    expect(await trail.reader.get(ACME, trail.ids[3]!)).toBeUndefined();
    expect((await trail.reader.prove(ACME, trail.ids[3]!)).status).toBe('expired');
    const { events } = await trail.reader.query(ACME, { actors: ['user1'] }, { limit: 100, order: 'oldest' });
    expect(events.length).toBe(3);
    const again = fixture.event({
      type: 'DATA_EXPORT',
      user_id: 'user0',
      resource: 'ledger',
      description: 'seen by person 0',
      id: 'e0',
    });
    expect(await deps.log.append(ACME, [again])).toEqual([{ status: 'repeated', id: trail.ids[0], seq: 0 }]);
  });

  test('spares what a hold names, until the hold is released', async () => {
    const trail = await makeTrail();
    const { deps } = trail;
    await placeHold(
      ACME,
      { id: 'case-7', reason: 'litigation', scope: { actors: ['user1'] } },
      { ...deps, ...trail.operator() },
    );
    expect(JSON.stringify(await listHolds(deps.table, ACME))).not.toContain('user1');
    await trail.fixture.clock.advance(500 * DAY_MS);
    const expire = () => expireEvents(ACME, { ...deps, ...trail.operator(), retentionMs: 400 * DAY_MS });
    expect(await expire()).toEqual({ expired: 20, held: 10 });
    expect(await trail.verify()).toMatchObject({ ok: true, findings: [] });
    expect((await trail.reader.get(ACME, trail.ids[1]!))?.event.actor?.id).toBe('user1');
    expect(await releaseHold(ACME, 'case-7', { ...deps, ...trail.operator() })).toBe(true);
    expect(await releaseHold(ACME, 'case-7', { ...deps, ...trail.operator() })).toBe(false);
    expect(await expire()).toEqual({ expired: 10, held: 0 });
    expect(await trail.verify()).toMatchObject({ ok: true, expired: 30, findings: [] });
  });

  test('may die between any two steps and be run again', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let call = 1; ; call++) {
        const trail = await makeTrail();
        await trail.fixture.clock.advance(500 * DAY_MS);
        const faults = createFaultInjector({ seed: 1, rates: {}, clock: trail.fixture.clock });
        const table = faults.wrapTable(trail.fixture.table);
        const keyring = createKeyring({ ...trail.fixture, table });
        const log = createAuditLog({ ...trail.fixture, table, keyring });
        faults.crashAt(call, when);
        const options = { ...trail.operator(), retentionMs: 400 * DAY_MS };
        const died = await expireEvents(ACME, { table, keyring, log, ...options }).then(
          () => false,
          () => true,
        );
        await expireEvents(ACME, { ...trail.deps, ...options });
        expect(await trail.verify()).toMatchObject({ ok: true, expired: 30, findings: [] });
        if (!died) break;
      }
    }
  });

  test('a body that is gone without a record of it is found', async () => {
    const trail = await makeTrail();
    const { table } = trail.deps;
    const seg = (await table.get({ pk: 'audit#acme', sk: 'seg#0000000000000000' }))!;
    const lengths = Uint8Array.from(seg.lengths as Uint8Array);
    const first = new DataView(lengths.buffer).getUint32(0, true);
    new DataView(lengths.buffer).setUint32(0, 0, true);
    await table.put({ ...seg, lengths, bodies: (seg.bodies as Uint8Array).slice(first) });
    expect((await trail.verify()).findings).toContainEqual({
      kind: 'missing',
      where: '0',
      what: 'the event is gone without a trace of its expiry',
    });
  });
});

describe('erasure', () => {
  test('makes a person unreadable everywhere, while the log still verifies', async () => {
    const trail = await makeTrail();
    const { deps, fixture } = trail;
    expect(await eraseSubject(ACME, 'user1', { ...deps, ...trail.operator() })).toEqual({
      status: 'erased',
      keys: 1,
    });
    const event = (await trail.reader.get(ACME, trail.ids[1]!))!.event;
    expect(event).toMatchObject({ erased: true, type: 'DATA_EXPORT' });
    expect(event.actor).toBeUndefined();
    expect((await bundleOf(trail)).join('')).not.toMatch(/user1|seen by person 1"/);
    expect((await trail.reader.get(ACME, trail.ids[2]!))!.event.actor?.id).toBe('user2');
    expect(await trail.verify()).toMatchObject({ ok: true, findings: [] });
    await deps.log.append(ACME, [fixture.event({ type: 'USER_LOGIN', user_id: 'user1' })]);
    const { events } = await trail.reader.query(
      ACME,
      { actors: ['user1'], types: ['USER_LOGIN'] },
      { limit: 9, order: 'newest' },
    );
    expect(events.map(({ event: { actor } }) => actor?.id)).toEqual(['user1']);
    expect(await trail.verify()).toMatchObject({ ok: true, findings: [] });
  });

  test('is refused under a hold, and says when nobody is known by that name', async () => {
    const trail = await makeTrail();
    const options = { ...trail.deps, ...trail.operator() };
    await placeHold(ACME, { id: 'h', reason: 'audit', scope: { actors: ['user2'] } }, options);
    expect(await eraseSubject(ACME, 'user2', options)).toEqual({ status: 'held', holdId: 'h' });
    expect(await eraseSubject(ACME, 'nobody', options)).toEqual({ status: 'unknown' });
  });
});

describe('exports', () => {
  test('prove themselves with the public key alone, whole or filtered', async () => {
    const trail = await makeTrail();
    const keys = [trail.fixture.signer];
    expect(await verifyBundle(await bundleOf(trail), keys)).toEqual({
      ok: true,
      tenant: 'acme',
      size: 30,
      sealedSize: 30,
      events: 30,
      findings: [],
    });
    expect(await verifyBundle(await bundleOf(trail, { actors: ['user1'] }), keys)).toMatchObject({
      ok: true,
      size: 30,
      events: 10,
    });
  });

  test('show every line that was changed, dropped, moved or doubled', async () => {
    const trail = await makeTrail();
    const keys = [trail.fixture.signer];
    const lines = await bundleOf(trail);
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i]!;
      const attacks = [
        lines.toSpliced(i, 1),
        lines.toSpliced(i, 0, line),
        lines.toSpliced(i, 1, line.replace(/"(success|unknown|DATA_EXPORT|acme|sealed|note|sha256)/, '"x$1')),
        lines.slice(0, i),
      ];
      for (const attack of attacks) {
        if (attack.join('') === lines.join('')) continue;
        expect((await verifyBundle(attack, keys)).ok).toBe(false);
      }
    }
  });

  test('as CSV cannot smuggle a formula into a spreadsheet, and as OCSF keep actor and outcome', async () => {
    const trail = await makeTrail();
    await trail.deps.log.append(ACME, [
      trail.fixture.event({
        type: 'USER_LOGIN',
        user_id: '=cmd()',
        result: 'failure',
        description: 'a, "b"\nc',
      }),
    ]);
    const { events } = await trail.reader.query(ACME, { actors: ['=cmd()'] }, { limit: 1, order: 'newest' });
    const line = toCsvLine(events[0]!);
    expect(line).toContain(`,'=cmd(),`);
    expect(line).toContain('"a, ""b""\nc"');
    expect(CSV_HEADER.split(',').length).toBe(14);
    expect(toOcsf(events[0]!)).toMatchObject({
      class_uid: 3002,
      type_uid: 300201,
      status_id: 2,
      actor: { user: { uid: '=cmd()' } },
    });
  });
});
