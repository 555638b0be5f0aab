import type { Table } from '@sluice/core/ports/table';
import { createRandom } from '@sluice/core/testing/random';
import { createFaultInjector } from '@sluice/platform/testing/fault-injector';
import { describe, expect, test } from 'vitest';
import { type AuditLog, createAuditLog } from './audit-log.ts';
import { createKeyring, type Keyring } from './keyring.ts';
import { hashLeaf, isIncluded, proveInclusion, rootOf } from './merkle-tree.ts';
import { sealLog } from './seal.ts';
import { ACME, type AuditFixture, createAuditFixture } from './testing/audit-fixture.ts';
import { createNodeReader, loadLeaves } from './tiles.ts';
import { verifyLog } from './verify/verify-log.ts';

function openLog(
  { table, wrapper, clock }: AuditFixture,
  through: Table = table,
): { log: AuditLog; keyring: Keyring } {
  const keyring = createKeyring({ table: through, wrapper, clock });
  return { log: createAuditLog({ table: through, keyring, clock }), keyring };
}

const login = (user: number, id?: string) => ({
  type: 'USER_LOGIN',
  user_id: `user-${user}`,
  action: 'login',
  resource: 'console',
  result: 'success',
  source_ip: '203.0.113.9',
  ...(id === undefined ? {} : { id }),
});

describe('the audit log', () => {
  test('numbers events in the order they were appended, over any batches', async () => {
    const fixture = createAuditFixture();
    const { log } = openLog(fixture);
    const first = await log.append(ACME, [fixture.event(login(1)), fixture.event(login(2))]);
    const second = await log.append(
      ACME,
      Array.from({ length: 300 }, (_, i) => fixture.event(login(i))),
    );
    expect([...first, ...second].map(({ seq }) => seq)).toEqual(Array.from({ length: 302 }, (_, i) => i));
    expect((await log.head(ACME)).frontier.size).toBe(302);
  });

  test('takes an event with an id once, however late it comes again, and says when the content differs', async () => {
    const fixture = createAuditFixture();
    const { log } = openLog(fixture);
    await log.append(ACME, [fixture.event(login(1, 'evt-1'))]);
    await fixture.clock.advance(40 * 86_400_000);
    const { log: restarted } = openLog(fixture);
    const results = await restarted.append(ACME, [
      fixture.event(login(2, 'evt-2')),
      fixture.event(login(1, 'evt-1')),
      fixture.event(login(9, 'evt-1')),
      fixture.event(login(2, 'evt-2')),
    ]);
    expect(results.map(({ status, seq }) => [status, seq])).toEqual([
      ['appended', 1],
      ['repeated', 0],
      ['conflict', 0],
      ['repeated', 1],
    ]);
  });

  test('proves every event of a tree that spans tiles and segments', async () => {
    const fixture = createAuditFixture();
    const { log } = openLog(fixture);
    const random = createRandom(3);
    for (let size = 0; size < 700; ) {
      const count = 1 + random.below(60);
      await log.append(
        ACME,
        Array.from({ length: count }, (_, i) => fixture.event(login(i))),
      );
      size += count;
    }
    const { frontier } = await log.head(ACME);
    const read = createNodeReader({ table: fixture.table, tenant: ACME });
    const leaves = await loadLeaves({ table: fixture.table, tenant: ACME }, 0, frontier.size);
    expect(leaves.length).toBe(frontier.size);
    for (let index = 0; index < frontier.size; index += 7) {
      const proof = await proveInclusion(index, frontier.size, read);
      expect(
        isIncluded({ leafHash: leaves[index]!, index, size: frontier.size, root: rootOf(frontier), proof }),
      ).toBe(true);
      expect(
        isIncluded({
          leafHash: hashLeaf(leaves[index]!),
          index,
          size: frontier.size,
          root: rootOf(frontier),
          proof,
        }),
      ).toBe(false);
    }
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'holds each event with an id exactly once under faults, two appenders and repeats (seed %d)',
    async (seed) => {
      const fixture = createAuditFixture();
      const random = createRandom(seed);
      const faults = createFaultInjector({
        seed,
        rates: { failBefore: 0.04, failAfter: 0.04, throttle: 0.02 },
        clock: fixture.clock,
      });
      const appenders = [
        openLog(fixture, faults.wrapTable(fixture.table)).log,
        openLog(fixture, faults.wrapTable(fixture.table)).log,
      ];
      const pending = Array.from({ length: 60 }, (_, i) => ({ id: `evt-${i}`, done: 0 }));
      const open = () => pending.filter(({ done }) => done < 2);
      for (let round = 0; round < 2000 && open().length > 0; round++) {
        const attempt = async (log: AuditLog): Promise<void> => {
          const batch = Array.from({ length: 1 + random.below(5) }, () => random.pick(open()));
          try {
            await log.append(
              ACME,
              batch.map(({ id }) => fixture.event(login(1, id))),
            );
            for (const event of batch) event.done += 1;
          } catch {
            if (random.chance(0.3)) appenders[0] = openLog(fixture, faults.wrapTable(fixture.table)).log;
          }
        };
        await Promise.all(appenders.map(attempt));
      }
      expect(open()).toEqual([]);
      expect(faults.counts().failAfter).toBeGreaterThan(0);
      const { log, keyring } = openLog(fixture);
      await log.append(ACME, [fixture.event(login(2))]);
      expect((await log.head(ACME)).frontier.size).toBe(61);
      expect(await verifyLog(ACME, { table: fixture.table, keyring, keys: [fixture.signer] })).toMatchObject({
        ok: true,
        size: 61,
        findings: [],
      });
    },
  );

  test('loses nothing and doubles nothing when the appender dies between any two steps', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let call = 1; ; call++) {
        const fixture = createAuditFixture();
        const faults = createFaultInjector({ seed: 1, rates: {}, clock: fixture.clock });
        const events = [login(1, 'a'), login(2, 'b'), login(3)].map((input) => fixture.event(input));
        faults.crashAt(call, when);
        const died = await openLog(fixture, faults.wrapTable(fixture.table))
          .log.append(ACME, events.slice(0, 2))
          .then(
            () => false,
            () => true,
          );
        const { log, keyring } = openLog(fixture);
        await log.append(ACME, events);
        expect((await log.head(ACME)).frontier.size).toBe(3);
        expect(
          await verifyLog(ACME, { table: fixture.table, keyring, keys: [fixture.signer] }),
        ).toMatchObject({ ok: true, size: 3 });
        if (!died) break;
      }
    }
  });
});

describe('sealing', () => {
  test('signs a head that continues the last one, and publishes the note outside the table', async () => {
    const fixture = createAuditFixture();
    const { log, keyring } = openLog(fixture);
    const published: string[] = [];
    const options = {
      table: fixture.table,
      log,
      signer: fixture.signer,
      publish: async (_: unknown, note: string) => void published.push(note),
    };
    expect(await sealLog(ACME, options)).toEqual({ status: 'unchanged', size: 0 });
    for (let round = 1; round <= 3; round++) {
      await log.append(
        ACME,
        Array.from({ length: 100 }, (_, i) => fixture.event(login(i))),
      );
      expect(await sealLog(ACME, options)).toMatchObject({
        status: 'sealed',
        checkpoint: { size: round * 100 },
      });
      expect(await sealLog(ACME, options)).toEqual({ status: 'unchanged', size: round * 100 });
    }
    expect(new Set(published).size).toBe(3);
    const verification = await verifyLog(ACME, {
      table: fixture.table,
      keyring,
      keys: [fixture.signer],
      outsideNotes: published,
    });
    expect(verification).toMatchObject({ ok: true, size: 300, sealedSize: 300, findings: [] });
  });

  test('refuses a log that was cut, and one that was written anew', async () => {
    const fixture = createAuditFixture();
    const { log } = openLog(fixture);
    let outside: string | undefined;
    const options = {
      table: fixture.table,
      log,
      signer: fixture.signer,
      lastKnownNote: async () => outside,
      publish: async (_: unknown, note: string) => {
        outside = note;
      },
    };
    await log.append(ACME, [fixture.event(login(1)), fixture.event(login(2))]);
    await log.append(ACME, [fixture.event(login(3))]);
    await sealLog(ACME, options);
    await fixture.table.delete({ pk: 'audit#acme', sk: 'seg#0000000000000002' });
    await fixture.table.delete({ pk: 'audit#acme', sk: 'chk#0000000000000003' });
    expect(await sealLog(ACME, options)).toEqual({
      status: 'refused',
      reason: 'the log has 2 events, but 3 were sealed: it was cut or rolled back',
    });
    const { log: forger } = openLog(fixture);
    await forger.append(ACME, [fixture.event(login(4)), fixture.event(login(5))]);
    expect(await sealLog(ACME, options)).toEqual({
      status: 'refused',
      reason: 'the log of 4 events does not continue the 3 that were sealed: it was rewritten',
    });
  });
});
