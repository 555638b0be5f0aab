import { createRandom } from '@sluice/core/testing/random';
import { describe, expect, test } from 'vitest';
import { createAuditLog } from '../audit-log.ts';
import { type NoteSigner, openCheckpoint, openSignedCheckpoint, signCheckpoint } from '../checkpoint.ts';
import { exportBundle } from '../export/export-bundle.ts';
import { verifyBundle } from '../export/verify-bundle.ts';
import { createKeyring } from '../keyring.ts';
import { sealLog } from '../seal.ts';
import { checkpointKey } from '../table-keys.ts';
import { ACME, createAuditFixture, createTestSigner } from '../testing/audit-fixture.ts';
import { verifyLog } from './verify-log.ts';

const NAME = 'sluice-audit';

function makeTrail() {
  const fixture = createAuditFixture();
  const { table } = fixture;
  const keyring = createKeyring({ ...fixture });
  const log = createAuditLog({ ...fixture, keyring });
  /** Newest first. */
  const keys: NoteSigner[] = [createTestSigner(NAME)];
  const notes: string[] = [];
  let number = 0;
  return {
    table,
    keys,
    notes,
    rotate: () => void keys.unshift(createTestSigner(NAME)),
    append: (count: number) =>
      log.append(
        ACME,
        Array.from({ length: count }, () => fixture.event({ type: 'T', id: `e${number++}` })),
      ),
    seal: () =>
      sealLog(ACME, {
        table,
        log,
        signer: keys[0]!,
        earlierKeys: keys.slice(1),
        lastKnownNote: async () => notes.at(-1),
        publish: async (_, note) => void notes.push(note),
      }),
    verify: (trusted: readonly NoteSigner[] = keys) =>
      verifyLog(ACME, { table, keyring, keys: trusted, outsideNotes: notes }),
    async bundle(): Promise<string[]> {
      const lines: string[] = [];
      const options = { table, keyring, filter: {}, keys, nowMs: 0 };
      for await (const line of exportBundle(ACME, options)) lines.push(line);
      return lines;
    },
  };
}

/** Three keys: each sealed twice. */
async function makeRotatedTrail() {
  const trail = makeTrail();
  for (let round = 0; round < 6; round++) {
    if (round === 2 || round === 4) trail.rotate();
    await trail.append(3);
    expect((await trail.seal()).status).toBe('sealed');
  }
  return trail;
}

describe('after rotations', () => {
  test('what every key sealed proves, and each checkpoint is of the key of its time', async () => {
    const { verify, notes, keys } = await makeRotatedTrail();
    expect(await verify()).toMatchObject({ ok: true, size: 18, sealedSize: 18, findings: [] });
    expect(notes.map((note) => openSignedCheckpoint(note, keys).signedBy)).toEqual([2, 2, 1, 1, 0, 0]);
  });

  test('a log that is quiet stays sealed by the key before, until something happens', async () => {
    const { append, seal, rotate, verify, notes, keys } = makeTrail();
    await append(2);
    await seal();
    rotate();
    expect(await seal()).toEqual({ status: 'unchanged', size: 2 });
    expect((await verify()).ok).toBe(true);
    await append(1);
    expect((await seal()).status).toBe('sealed');
    expect(openSignedCheckpoint(notes.at(-1)!, keys).signedBy).toBe(0);
    expect((await verify()).ok).toBe(true);
  });

  test('without an earlier key nothing is taken on trust: neither sealed on nor proved', async () => {
    const { keys, append, seal, verify } = await makeRotatedTrail();
    const newest = keys.slice(0, 1);
    expect((await verify(newest)).findings.map(({ what }) => what)).toContain(
      `no valid signature by ${NAME}`,
    );
    keys.splice(0, keys.length, createTestSigner(NAME));
    await append(1);
    expect(await seal()).toMatchObject({ status: 'refused', reason: expect.stringContaining('trusted') });
  });

  test('keys in the wrong order are no proof', async () => {
    const { keys, verify } = await makeRotatedTrail();
    expect((await verify([...keys].reverse())).ok).toBe(false);
  });
});

describe('a key that was replaced', () => {
  test.each([1, 2, 3, 4, 5])(
    'seals nothing that its successor has sealed, or what came later (seed %d)',
    async (seed) => {
      const random = createRandom(seed);
      const { keys, notes, table, verify } = await makeRotatedTrail();
      const sealed = notes.map((note) => openSignedCheckpoint(note, keys));
      const { checkpoint, signedBy } = random.pick(sealed.filter((each) => each.signedBy < 2));
      const old = keys[signedBy + 1 + random.below(2 - signedBy)]!;
      // Even of the true tree: what an old key says now is worth nothing.
      const note = await signCheckpoint(checkpoint, old);
      await table.put({ ...checkpointKey(ACME, checkpoint.size), note });
      const { ok, findings } = await verify();
      expect(ok).toBe(false);
      expect(findings.map(({ what }) => what).join()).toMatch(
        /is signed with sluice-audit\+[0-9a-f]{8}, which another key had replaced when \d+ events were sealed/,
      );
    },
  );

  test('is not sealed on, wherever its checkpoint is put', async () => {
    for (const place of ['table', 'outside'] as const) {
      const { keys, notes, table, append, seal } = await makeRotatedTrail();
      const last = openCheckpoint(notes.at(-1)!, keys);
      const note = await signCheckpoint(last, keys[2]!);
      if (place === 'table') await table.put({ ...checkpointKey(ACME, last.size), note });
      else notes.push(note);
      await append(1);
      expect(await seal()).toMatchObject({
        status: 'refused',
        reason:
          'the last checkpoint is signed with a key that another had replaced when 18 events were sealed',
      });
    }
  });
});

describe('an export', () => {
  test('names every key, and proves itself to who trusts them', async () => {
    const { bundle, keys } = await makeRotatedTrail();
    const lines = await bundle();
    expect((JSON.parse(lines[0]!) as { keys: unknown[] }).keys).toHaveLength(3);
    expect(await verifyBundle(lines, keys)).toMatchObject({ ok: true, size: 18, sealedSize: 18 });
    expect((await verifyBundle(lines, keys.slice(0, 2))).ok).toBe(false);
  });

  test('in which an old key vouches for the newest events is found out', async () => {
    const { bundle, keys, notes } = await makeRotatedTrail();
    const forged = await signCheckpoint(openCheckpoint(notes.at(-1)!, keys), keys[2]!);
    const lines = (await bundle()).map((line) =>
      line.includes(JSON.stringify(notes.at(-1)).slice(1, 60))
        ? `${JSON.stringify({ kind: 'checkpoint', note: forged })}\n`
        : line,
    );
    expect(lines.join('')).toContain(JSON.stringify(forged));
    const { ok, findings } = await verifyBundle(lines, keys);
    expect([ok, findings.map(({ what }) => what).join()]).toEqual([
      false,
      expect.stringContaining('which another key had replaced when 9 events were sealed'),
    ]);
  });
});
