import { type Item, queryAll } from '@sluice/core/ports/table';
import { createRandom, type Random } from '@sluice/core/testing/random';
import { beforeAll, describe, expect, test } from 'vitest';
import { createAuditLog } from '../audit-log.ts';
import { createKeyring, type Keyring } from '../keyring.ts';
import { sealLog } from '../seal.ts';
import { decodeSegment, encodeSegment } from '../segment.ts';
import { INDEX_SHARDS, indexPartition, tenantPartition } from '../table-keys.ts';
import { ACME, type AuditFixture, createAuditFixture, createTestSigner } from '../testing/audit-fixture.ts';
import { type Verification, verifyLog } from './verify-log.ts';

const MANIPULATIONS = Number(process.env.SLUICE_AUDIT_MANIPULATIONS ?? 60);
const partitions = [tenantPartition(ACME), ...[...INDEX_SHARDS].map((shard) => indexPartition(ACME, shard))];

let fixture: AuditFixture;
let keyring: Keyring;
const notes: string[] = [];
/** The whole table after each checkpoint. */
const snapshots: (readonly Item[])[] = [];

async function readAll(): Promise<Item[]> {
  const items: Item[] = [];
  for (const pk of partitions) for await (const item of queryAll(fixture.table, { pk })) items.push(item);
  return items;
}

async function restore(items: readonly Item[]): Promise<void> {
  const wanted = new Map(items.map((item) => [`${item.pk} ${item.sk}`, item]));
  for (const item of await readAll())
    if (!wanted.has(`${item.pk} ${item.sk}`)) await fixture.table.delete(item);
  const present = new Set((await readAll()).map((item) => JSON.stringify(item)));
  await Promise.all(
    items.filter((item) => !present.has(JSON.stringify(item))).map((item) => fixture.table.put(item)),
  );
}

const verify = (): Promise<Verification> =>
  verifyLog(ACME, { table: fixture.table, keyring, keys: [fixture.signer], outsideNotes: notes });

beforeAll(async () => {
  fixture = createAuditFixture();
  keyring = createKeyring({ ...fixture });
  const log = createAuditLog({ ...fixture, keyring });
  const random = createRandom(11);
  for (let round = 0; round < 6; round++) {
    const events = Array.from({ length: 45 }, (_, i) =>
      fixture.event({
        type: random.pick(['USER_LOGIN', 'DATA_EXPORT', 'SECURITY_VIOLATION']),
        user_id: `user-${random.below(9)}`,
        resource: `file-${random.below(20)}`,
        description: 'seen at the gate',
        ...(i % 2 === 0 ? { id: `evt-${round}-${i}` } : {}),
      }),
    );
    await log.append(ACME, events);
    await fixture.clock.advance(60_000);
    await sealLog(ACME, { ...fixture, log, publish: async (_, note) => void notes.push(note) });
    snapshots.push(await readAll());
  }
});

function flipBit(value: Item[string], random: Random): Item[string] {
  if (value instanceof Uint8Array) {
    const copy = Uint8Array.from(value);
    if (copy.length === 0) return Uint8Array.of(1);
    copy[random.below(copy.length)]! ^= 1 << random.below(8);
    return copy;
  }
  if (typeof value === 'number') return value + (random.chance(0.5) ? 1 : -1) * 2 ** random.below(20);
  if (typeof value === 'boolean') return !value;
  const text = String(value);
  const at = random.below(text.length);
  return (
    text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << random.below(5))) + text.slice(at + 1)
  );
}

/** Direct access to the table: one change of the kinds that an operator could make. Answers what it did. */
async function manipulate(random: Random): Promise<string> {
  const items = snapshots.at(-1)!;
  const item = random.pick(items);
  const { table } = fixture;
  const names = Object.keys(item).filter((name) => name !== 'pk' && name !== 'sk');
  const name = random.pick(names);
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
      await table.put({ ...item, [name]: flipBit(item[name], random) });
      return `flips a bit of ${name} in ${item.sk}`;
    case 3:
      await table.delete(item);
      return `deletes ${item.sk}`;
    case 4: {
      const other = random.pick(
        items
          .filter(({ sk }) => sk !== item.sk && sk.slice(0, 4) === item.sk.slice(0, 4))
          .concat(items.filter(({ sk }) => sk !== item.sk)),
      );
      await table.put({ ...other, pk: item.pk, sk: item.sk });
      return `puts ${other.sk} in the place of ${item.sk}`;
    }
    case 5:
      await table.put({ ...item, sk: `${item.sk}x` });
      return `copies ${item.sk} to another key`;
    case 6:
      await table.put({ ...item, note_to_self: 'x' });
      return `adds an attribute to ${item.sk}`;
    case 7: {
      const other = random.pick(
        items.filter(({ sk }) => sk !== item.sk && sk.slice(0, 4) === item.sk.slice(0, 4)).concat(item),
      );
      await table.put({ ...other, pk: item.pk, sk: item.sk });
      await table.put({ ...item, pk: other.pk, sk: other.sk });
      return `exchanges ${item.sk} and ${other.sk}`;
    }
    case 8: {
      const segment = decodeSegment(random.pick(items.filter(({ sk }) => sk.startsWith('seg#'))));
      const [at, other] = [random.below(45), random.below(45)];
      const swap = <T>(list: readonly T[]): readonly T[] =>
        list.with(at, list[other]!).with(other, list[at]!);
      const reordered = { ...segment, bodies: swap(segment.bodies), leafHashes: swap(segment.leafHashes) };
      await table.put(encodeSegment(ACME, reordered));
      return `puts events ${at} and ${other} of the segment at ${segment.firstSeq} in another order`;
    }
    default: {
      const to = random.below(snapshots.length - 1);
      await restore(snapshots[to]!);
      return `rolls the whole table back to checkpoint ${to}`;
    }
  }
}

describe('verification', () => {
  test('finds nothing in a log that nobody touched, and knows what is sealed', async () => {
    expect(await verify()).toMatchObject({ ok: true, size: 270, sealedSize: 270, expired: 0, findings: [] });
  });

  test(`finds each of ${MANIPULATIONS} random manipulations of any stored item`, {
    timeout: 600_000,
  }, async () => {
    const random = createRandom(5);
    const unseen: string[] = [];
    for (let i = 0; i < MANIPULATIONS; i++) {
      const what = await manipulate(random);
      if ((await verify()).ok && JSON.stringify(await readAll()) !== JSON.stringify(snapshots.at(-1)))
        unseen.push(what);
      await restore(snapshots.at(-1)!);
    }
    expect(unseen).toEqual([]);
    expect((await verify()).ok).toBe(true);
  });

  test('does not trust checkpoints of another key or another tenant', async () => {
    const stranger = await verifyLog(ACME, {
      table: fixture.table,
      keyring,
      keys: [createTestSigner('sluice-test')],
      outsideNotes: notes,
    });
    expect(stranger.findings.filter(({ what }) => what.includes('no valid signature')).length).toBe(
      2 * notes.length,
    );
    expect(stranger.sealedSize).toBe(0);
  });
});
