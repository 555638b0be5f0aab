import type { Item, Table } from '@sluice/core/ports/table';
import { createHurriedClock } from '@sluice/core/testing/hurried-clock';
import { createRandom } from '@sluice/core/testing/random';
import { expect, test } from 'vitest';
import { createAuditLog } from '../audit-log.ts';
import { eraseSubject } from '../keep/erase-subject.ts';
import { placeHold, releaseHold } from '../keep/holds.ts';
import { createKeyring } from '../keyring.ts';
import { sealLog } from '../seal.ts';
import { ACME, createAuditFixture } from '../testing/audit-fixture.ts';
import { verifyRunningLog } from './verify-running-log.ts';

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
