import { isDeepStrictEqual } from 'node:util';
import { deserialize } from 'node:v8';
import type { Item, Table } from '@sluice/core/ports/table';
import { createHurriedClock } from '@sluice/core/testing/hurried-clock';
import { createRandom } from '@sluice/core/testing/random';
import { describe, expect, test } from 'vitest';
import { createAuditLog } from '../audit-log.ts';
import { eraseSubject } from '../keep/erase-subject.ts';
import { placeHold, releaseHold } from '../keep/holds.ts';
import { createKeyring } from '../keyring.ts';
import { sealLog } from '../seal.ts';
import { ACME, createAuditFixture } from '../testing/audit-fixture.ts';
import { verifyRunningLog } from './verify-running-log.ts';

const MANIPULATIONS = Number(process.env.SLUICE_AUDIT_MANIPULATIONS ?? 40);

async function makeTrail() {
  const fixture = createAuditFixture();
  const keyring = createKeyring({ ...fixture });
  const log = createAuditLog({ ...fixture, keyring });
  const notes: string[] = [];
  let number = 0;
  const append = async (count: number): Promise<void> => {
    const events = Array.from({ length: count }, () =>
      fixture.event({ type: 'T', user_id: `user-${number++}`, resource: 'r', id: `e${number}` }),
    );
    await log.append(ACME, events);
  };
  const seal = () => sealLog(ACME, { ...fixture, log, publish: async (_, note) => void notes.push(note) });
  const verify = (table: Table = fixture.table) =>
    verifyRunningLog(ACME, {
      table,
      log,
      keyring: createKeyring({ ...fixture }),
      keys: [fixture.signer],
      clock: createHurriedClock(),
      outsideNotes: async () => [...notes],
    });
  return { fixture, keyring, log, append, seal, verify };
}

test.each([1, 2, 3, 4, 5, 6])(
  'finds nothing while events come, are sealed, held and erased (seed %d)',
  async (seed) => {
    const { fixture, keyring, log, append, seal, verify } = await makeTrail();
    const random = createRandom(seed);
    for (let i = 0; i < 5; i++) {
      await append(60);
      await seal();
    }
    const operator = () => ({ ...fixture, log, keyring, actorId: 'o', nowMs: fixture.clock.nowMs() });
    const hold = (id: string) => placeHold(ACME, { id, reason: 'r', scope: { types: ['X'] } }, operator());
    await hold('h0');
    let changes = 0;
    const change = async (): Promise<unknown> => {
      changes += 1;
      switch (random.below(5)) {
        case 0:
          return seal();
        case 1:
          return eraseSubject(ACME, `user-${random.below(300)}`, operator());
        case 2:
          return hold(`h${changes}`);
        case 3:
          return releaseHold(ACME, 'h0', operator());
        default:
          return append(1 + random.below(60));
      }
    };
    /** Somebody works on the log after every other read of the verifier. */
    const busy: Table = {
      ...fixture.table,
      async query(options) {
        const page = await fixture.table.query(options);
        if (random.chance(0.4)) await change();
        return page;
      },
    };
    const verification = await verify(busy);
    expect(verification.findings).toEqual([]);
    expect(verification.size).toBeGreaterThanOrEqual(300);
    expect(changes).toBeGreaterThan(2);
  },
);

test('what was tampered with is found all the same, on a busy log, too', async () => {
  const { fixture, append, seal, verify } = await makeTrail();
  for (let i = 0; i < 3; i++) {
    await append(120);
    await seal();
  }
  const busy: Table = {
    ...fixture.table,
    async query(options) {
      await append(3);
      return fixture.table.query(options);
    },
  };
  const at = { pk: 'audit#acme', sk: 'seg#0000000000000120' };
  const segment = (await fixture.table.get(at))!;
  const attacks: readonly [string, () => Promise<unknown>, string][] = [
    ['a segment that is gone', () => fixture.table.delete(at), '120'],
    [
      'an event that was changed',
      () => fixture.table.put({ ...segment, bodies: flip(segment.bodies as Uint8Array) }),
      '120',
    ],
    ['a checkpoint that is gone', () => fixture.table.delete({ ...at, sk: 'chk#0000000000000240' }), ''],
    [
      'a tile past the end',
      () => fixture.table.put({ ...at, sk: 'tile#0#0000000000009999', hashes: flip(new Uint8Array(8192)) }),
      'tile#0#0000000000009999',
    ],
  ];
  const whole = async (): Promise<readonly Item[]> => (await fixture.table.query({ pk: 'audit#acme' })).items;
  for (const [, attack, where] of attacks) {
    const before = await whole();
    await attack();
    const { ok, findings } = await verify(busy);
    expect(ok).toBe(false);
    if (where !== '') expect(findings.map((finding) => finding.where)).toContain(where);
    for (const item of before) if (/^(seg|chk)/.test(item.sk)) await fixture.table.put(item);
    await fixture.table.delete({ ...at, sk: 'tile#0#0000000000009999' });
  }
  expect((await verify(busy)).findings).toEqual([]);
});

test('a watermark that stays behind is found: its append is not just slow', async () => {
  const { fixture, append, verify } = await makeTrail();
  await append(10);
  await fixture.table.put({ pk: 'audit#acme', sk: 'mark#indexed', size: 4 });
  expect((await verify()).findings).toMatchObject([{ kind: 'mutated', where: 'mark#indexed' }]);
});

test('a log that is empty is sound', async () => {
  const { verify } = await makeTrail();
  expect(await verify()).toMatchObject({ ok: true, size: 0 });
});

function flip(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[50]! ^= 1;
  return copy;
}

describe('what an operator does to the rows of the data file is a finding, never a fault', () => {
  interface Row {
    readonly id: number;
    readonly pk: string;
    readonly sk: string;
    readonly data: Uint8Array;
  }

  function decode(data: Uint8Array): unknown {
    try {
      return deserialize(data);
    } catch {
      return undefined;
    }
  }

  async function makeRows() {
    const trail = await makeTrail();
    for (let i = 0; i < 4; i++) await trail.append(20).then(trail.seal);
    const { db } = trail.fixture.database;
    const rows = db
      .prepare("SELECT * FROM table_item WHERE pk LIKE 'audit#%'")
      .all() as unknown as readonly Row[];
    const write = db.prepare('UPDATE table_item SET data = ? WHERE id = ?');
    return { ...trail, db, rows, write: ({ id }: Row, data: Uint8Array) => void write.run(data, id) };
  }

  test('any bit of any row, and any two rows that change places', async () => {
    const { rows, write, verify } = await makeRows();
    const random = createRandom(3);
    const byKind = Map.groupBy(rows, ({ pk, sk }) => `${pk} ${sk.slice(0, sk.indexOf('#'))}`);
    for (let i = 0; i < MANIPULATIONS; i++) {
      const row = random.pick(rows);
      const peer = random.pick(byKind.get(`${row.pk} ${row.sk.slice(0, row.sk.indexOf('#'))}`)!);
      if (peer === row) {
        const changed = Uint8Array.from(row.data);
        changed[random.below(changed.length)]! ^= 1 << random.below(8);
        // Some bits of the encoding mean nothing, such as those of its older versions: the item is the same.
        if (isDeepStrictEqual(decode(changed), decode(row.data))) continue;
        write(row, changed);
      } else {
        write(row, peer.data);
        write(peer, row.data);
      }
      expect(await verify(), `${row.sk} and ${peer.sk}`).toMatchObject({ ok: false });
      write(row, row.data);
      write(peer, peer.data);
    }
    expect(await verify()).toMatchObject({ ok: true, findings: [] });
  });

  test.each([
    [
      'a segment twice',
      "INSERT INTO table_item (name, pk, sk, data) SELECT name, pk, 'seg#0000000000009999', data FROM table_item WHERE sk LIKE 'seg#%' LIMIT 1",
    ],
    ['an expiry to come', "UPDATE table_item SET expires_at = 9e9 WHERE sk LIKE 'seg#%'"],
    [
      'the last segment',
      "UPDATE table_item SET data = x'00' WHERE sk = (SELECT max(sk) FROM table_item WHERE sk LIKE 'seg#%')",
    ],
    ['the index key', "UPDATE table_item SET data = x'00' WHERE sk = 'key#index.0'"],
    ['the mark', "UPDATE table_item SET data = x'00' WHERE sk = 'mark#indexed'"],
  ])('%s', async (_what, sql) => {
    const { db, verify } = await makeRows();
    db.exec(sql);
    const { ok, findings } = await verify();
    expect(ok).toBe(false);
    expect(findings.map(({ what }) => what)).toContain('is damaged and cannot be read');
  });

  test('events that are cut off before they were sealed', async () => {
    const { db, append, verify } = await makeRows();
    await append(5);
    db.exec("DELETE FROM table_item WHERE sk = (SELECT max(sk) FROM table_item WHERE sk LIKE 'seg#%')");
    expect((await verify()).findings[0]).toEqual({
      kind: 'missing',
      where: 'mark#indexed',
      what: '85 events were recorded, and only 80 are left: the log was cut or rolled back',
    });
  });
});
