import { createRandom } from '@sluice/core/testing/random';
import { beforeAll, describe, expect, test } from 'vitest';
import { createAuditLog } from '../audit-log.ts';
import { openCheckpoint } from '../checkpoint.ts';
import type { AuditLevel } from '../event.ts';
import { createKeyring } from '../keyring.ts';
import { hashLeaf, isIncluded } from '../merkle-tree.ts';
import { sealLog } from '../seal.ts';
import type { OpenedEvent } from '../sealed-event.ts';
import { ACME, type AuditFixture, createAuditFixture } from '../testing/audit-fixture.ts';
import { CursorError, type Order } from './cursor.ts';
import type { EventFilter } from './event-filter.ts';
import { summariseSecurity } from './security-summary.ts';
import { createTrailReader, type NumberedEvent, type TrailReader } from './trail-reader.ts';

let fixture: AuditFixture;
let reader: TrailReader;
const all: OpenedEvent[] = [];

beforeAll(async () => {
  fixture = createAuditFixture();
  const keyring = createKeyring({ ...fixture });
  const log = createAuditLog({ ...fixture, keyring });
  reader = createTrailReader({ table: fixture.table, keyring });
  const random = createRandom(2);
  for (let batch = 0; batch < 25; batch++) {
    const events = Array.from({ length: 1 + random.below(20) }, () =>
      fixture.event({
        event_type: random.pick(['USER_LOGIN', 'USER_ACTION', 'SECURITY_VIOLATION']),
        user_id: `user${random.below(6)}`,
        action: random.pick(['login', 'data_export', 'unauthorized_access']),
        resource: random.pick(['customer_data', 'billing', 'console']),
        result: random.pick(['success', 'failure', 'blocked']),
        level: random.pick(['INFO', 'WARNING', 'CRITICAL']),
        source_ip: '192.0.2.7',
        time: new Date(fixture.clock.nowMs() - random.below(3_600_000)).toISOString(),
      }),
    );
    await log.append(ACME, events);
    all.push(...events.map((event) => ({ ...event })));
    await fixture.clock.advance(600_000);
    if (batch === 20) await sealLog(ACME, { ...fixture, log, publish: async () => {} });
  }
});

async function readAllPages(filter: EventFilter, order: Order, limit: number): Promise<NumberedEvent[]> {
  const events: NumberedEvent[] = [];
  let cursor: string | undefined;
  do {
    const page = await reader.query(ACME, filter, {
      limit,
      order,
      ...(cursor === undefined ? {} : { cursor }),
    });
    expect(page.events.length).toBeLessThanOrEqual(limit);
    events.push(...page.events);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return events;
}

describe('queries', () => {
  test.each(Array.from({ length: 60 }, (_, i) => i))(
    'answer what a scan of all events answers, in any page size (seed %d)',
    async (seed) => {
      const random = createRandom(seed);
      const start = Date.parse('2026-01-01T00:00:00Z');
      const from = start + random.below(16_000_000) - 3_600_000;
      const filter: EventFilter = {
        ...(random.chance(0.4)
          ? { actors: random.chance(0.5) ? ['user1'] : ['user2', 'user4', 'nobody'] }
          : {}),
        ...(random.chance(0.4) ? { types: ['SECURITY_VIOLATION'] } : {}),
        ...(random.chance(0.3) ? { targets: ['billing', 'console'] } : {}),
        ...(random.chance(0.3) ? { levels: ['WARNING', 'CRITICAL'] satisfies AuditLevel[] } : {}),
        ...(random.chance(0.2) ? { results: ['blocked'] } : {}),
        ...(random.chance(0.5) ? { fromMs: from, toMs: from + random.below(9_000_000) } : {}),
        ...(random.chance(0.2) ? { text: 'EXPORT' } : {}),
      };
      const wanted = all
        .map((event, seq) => ({ seq, event }))
        .filter(
          ({ event }) =>
            (filter.actors?.includes(event.actor?.id ?? '') ?? true) &&
            (filter.types?.includes(event.type) ?? true) &&
            (filter.targets === undefined || filter.targets.includes(event.targets[0]?.id ?? '')) &&
            (filter.levels?.includes(event.level) ?? true) &&
            (filter.results?.includes(event.result) ?? true) &&
            (filter.fromMs === undefined || Date.parse(event.time) >= filter.fromMs) &&
            (filter.toMs === undefined || Date.parse(event.time) < filter.toMs) &&
            (filter.text === undefined || event.action.includes('export')),
        )
        .map(({ seq }) => seq);
      const limit = 1 + random.below(40);
      expect((await readAllPages(filter, 'oldest', limit)).map(({ seq }) => seq)).toEqual(wanted);
      expect((await readAllPages(filter, 'newest', limit)).map(({ seq }) => seq)).toEqual(
        wanted.toReversed(),
      );
    },
  );

  test('give back each event as it was sent', async () => {
    for (const { seq, event } of await readAllPages({}, 'oldest', 100)) {
      const { actorRef, recorded, ...sent } = event;
      expect(sent).toEqual(all[seq]);
      expect(actorRef).toMatch(/^[0-9a-f]{32}$/);
      expect(Date.parse(recorded!)).toBeGreaterThanOrEqual(Date.parse(event.received));
    }
  });

  test('refuse a cursor that was changed, or that belongs to another question', async () => {
    const { cursor } = await reader.query(ACME, { actors: ['user1'] }, { limit: 2, order: 'newest' });
    const forged = Buffer.from(Buffer.from(cursor!, 'base64url').toString().replace(/^\d+/, '1')).toString(
      'base64url',
    );
    await expect(
      reader.query(ACME, { actors: ['user1'] }, { limit: 2, order: 'newest', cursor: forged }),
    ).rejects.toThrow(CursorError);
    await expect(
      reader.query(ACME, { actors: ['user2'] }, { limit: 2, order: 'newest', cursor: cursor! }),
    ).rejects.toThrow(CursorError);
    await expect(
      reader.query(ACME, { actors: ['user1'] }, { limit: 2, order: 'oldest', cursor: cursor! }),
    ).rejects.toThrow(CursorError);
  });
});

describe('one event', () => {
  test('is found by its id and proved by a checkpoint that covers it', async () => {
    for (const [seq, { id }] of all.entries()) {
      expect((await reader.get(ACME, id))?.seq).toBe(seq);
      const answer = await reader.prove(ACME, id);
      if (answer.status !== 'ok') continue;
      const { entry, checkpoint, size, inclusion } = answer.proof;
      const { root } = openCheckpoint(checkpoint, [fixture.signer]);
      const proof = inclusion.map((hash) => Buffer.from(hash, 'base64'));
      expect(isIncluded({ leafHash: hashLeaf(Buffer.from(entry)), index: seq, size, root, proof })).toBe(
        true,
      );
    }
    expect((await reader.prove(ACME, all[0]!.id)).status).toBe('ok');
    expect((await reader.prove(ACME, all.at(-1)!.id)).status).toBe('unsealed');
    expect((await reader.prove(ACME, `ev_${'0'.repeat(40)}`)).status).toBe('unknown');
  });
});

test('the security summary counts what the events say', async () => {
  const fromMs = Date.parse('2026-01-01T00:00:00Z');
  const toMs = fromMs + 6 * 3_600_000;
  const summary = await summariseSecurity(reader, ACME, { fromMs, toMs, stepMs: 3_600_000 });
  const inside = all.filter(({ time }) => Date.parse(time) >= fromMs && Date.parse(time) < toMs);
  const failed = inside.filter(
    ({ result, action, type }) => result !== 'success' && (action === 'login' || type === 'USER_LOGIN'),
  );
  expect(summary).toMatchObject({ events: inside.length, failedLogins: failed.length, complete: true });
  expect(summary.timeline.reduce((sum, { events }) => sum + events, 0)).toBe(inside.length);
  expect(summary.byLevel.CRITICAL).toBe(inside.filter(({ level }) => level === 'CRITICAL').length);
  expect(summary.topActors[0]!.events).toBe(
    Math.max(
      ...Array.from({ length: 6 }, (_, i) => inside.filter(({ actor }) => actor?.id === `user${i}`).length),
    ),
  );
});
