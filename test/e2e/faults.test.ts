/**
 * The real sinks against fake backends over real HTTP, in simulated time: random answers, an outage of
 * ten hours, and data that the backend does not take.
 */
import { gunzipSync } from 'node:zlib';
import { decodeEnvelope, type Envelope } from '@sluice/core/envelope';
import { type DeadMessage, listDeadLetters, redriveDeadLetters } from '@sluice/delivery/dead-letters';
import {
  createDeliveryWorld,
  type DeliveryWorld,
  makeEnvelope,
  sendEnvelopes,
} from '@sluice/delivery/testing/delivery-world';
import { decodeLogs } from '@sluice/otlp/decode-logs';
import { describe, expect, test } from 'vitest';
import { FAKE_BACKENDS, type FakeBackendOptions } from './fake-backends.ts';
import { tracesIn } from './pipeline-client.ts';

const HOUR_MS = 3_600_000;
const SEEDS = [1, 2, 3];

describe.each(FAKE_BACKENDS)('$name', ({ signal, create, unacceptable }) => {
  const createScene = async (options: Omit<FakeBackendOptions, 'clock'> = {}) => {
    let world: DeliveryWorld | undefined;
    const clock = { nowMs: () => world!.clock.nowMs(), sleep: async () => {} };
    const backend = await create({ ...options, clock });
    world = createDeliveryWorld({ sinks: [backend.sink], signal });
    return { backend, world, handler: world.makeHandler() };
  };
  const makeEnvelopes = (count: number): readonly Envelope[] =>
    Array.from({ length: count }, (_, index) =>
      makeEnvelope({ signal, seed: index + 1, items: 1 + (index % 8) }),
    );
  /** Of spans their ids; of records, which have none of their own, their times. */
  const itemIdsOf = ({ gzip }: Envelope): readonly string[] =>
    signal === 'traces'
      ? [...tracesIn(gunzipSync(gzip)).values()].flat()
      : decodeLogs(gunzipSync(gzip)).flatMap(({ scopes }) =>
          scopes.flatMap(({ records }) => records.map(({ timeUnixNano }) => String(timeUnixNano))),
        );
  const deadIdsOf = ({ message }: DeadMessage): readonly string[] => itemIdsOf(decodeEnvelope(message));
  const itemsOf = (envelopes: readonly Envelope[]): number =>
    envelopes.reduce((sum, { items }) => sum + items, 0);

  test.each(SEEDS)(
    'that answers at random gets every item, and nothing is given up (seed %i)',
    async (seed) => {
      const { backend, world, handler } = await createScene({ seed });
      await using _ = backend;
      backend.faults.setRandom(0.5);
      const envelopes = makeEnvelopes(60);
      await sendEnvelopes(world.queue, envelopes);
      await world.run(handler, { maxMs: 24 * HOUR_MS });
      expect(backend.taken()).toBe(itemsOf(envelopes));
      expect(await listDeadLetters(world.deadLetter)).toEqual([]);
      expect(backend.faults.counts().size).toBeGreaterThan(5);
    },
  );

  test.each(SEEDS)(
    'that answers at random and refuses some items gets all others, and these by a redrive once it takes them (seed %i)',
    async (seed) => {
      const { backend, world, handler } = await createScene({ seed, maxBytesPerTrace: 36_000 });
      await using _ = backend;
      backend.faults.setRandom(0.4);
      const fine = makeEnvelopes(40);
      const bad = [501, 502].map((own) => makeEnvelope({ signal, seed: own, ...unacceptable.shape }));
      await sendEnvelopes(world.queue, [...fine.slice(0, 20), ...bad, ...fine.slice(20)]);
      await world.run(handler, { maxMs: 24 * HOUR_MS });

      // What Tempo took without its answer getting through may be refused when it comes again: in both sets.
      const dead = await listDeadLetters(world.deadLetter);
      const [taken, given] = [new Set(backend.takenIds()), new Set(dead.flatMap(deadIdsOf))];
      const [fineIds, badIds] = [fine, bad].map((own) => new Set(own.flatMap(itemIdsOf))) as [
        Set<string>,
        Set<string>,
      ];
      expect(new Set([...taken, ...given])).toEqual(new Set([...fineIds, ...badIds]));
      expect([...fineIds].filter((id) => !taken.has(id))).toEqual([]);
      expect([...given].filter((id) => !badIds.has(id))).toEqual([]);
      expect(given.size).toBeGreaterThan(0);
      for (const { reason, sink } of dead) {
        expect(reason).toMatch(unacceptable.reason);
        expect(sink).toBe(backend.sink.name);
      }

      backend.loosen();
      await redriveDeadLetters(world.deadLetter, { target: world.queue });
      await world.run(handler, { maxMs: 24 * HOUR_MS });
      expect(backend.taken()).toBe(itemsOf([...fine, ...bad]));
      expect(await listDeadLetters(world.deadLetter)).toEqual([]);
    },
  );

  test('that is down for ten hours gets everything within a quarter of an hour of its return', async () => {
    const { backend, world, handler } = await createScene();
    await using _ = backend;
    const envelopes = makeEnvelopes(40);
    backend.faults.setDown(true);
    for (let hour = 0; hour < 10; hour++) {
      await sendEnvelopes(world.queue, envelopes.slice(hour * 4, hour * 4 + 4));
      await world.run(handler, { maxMs: HOUR_MS });
    }
    expect(backend.taken()).toBe(0);
    backend.faults.setDown(false);
    await world.run(handler, { maxMs: HOUR_MS / 4 + 10_000 });
    expect(backend.taken()).toBe(itemsOf(envelopes));
    expect(await listDeadLetters(world.deadLetter)).toEqual([]);
  });

  test('that refuses everything for a while gets it by a redrive', async () => {
    const { backend, world, handler } = await createScene();
    await using _ = backend;
    const envelopes = makeEnvelopes(12);
    await sendEnvelopes(world.queue, envelopes);
    backend.faults.setRandom(1, ['bad-request']);
    await world.run(handler, { maxMs: HOUR_MS });
    const dead = await listDeadLetters(world.deadLetter);
    expect(dead.map(({ facts }) => facts!.id).sort()).toEqual(envelopes.map(({ id }) => id).sort());
    for (const { reason } of dead) expect(reason).toContain('400');
    expect(backend.taken()).toBe(0);

    backend.faults.setRandom(0);
    await redriveDeadLetters(world.deadLetter, { target: world.queue });
    await world.run(handler, { maxMs: HOUR_MS });
    expect(backend.taken()).toBe(itemsOf(envelopes));
    expect(await listDeadLetters(world.deadLetter)).toEqual([]);
  });

  test('that takes little at a time gets large messages in pieces', async () => {
    const { backend, world, handler } = await createScene({ maxPushBytes: 20_000 });
    await using _ = backend;
    const envelopes = [makeEnvelope({ signal, seed: 100, items: 300 }), ...makeEnvelopes(10)];
    await sendEnvelopes(world.queue, envelopes);
    await world.run(handler, { maxMs: HOUR_MS });
    expect(backend.taken()).toBe(itemsOf(envelopes));
    expect(await listDeadLetters(world.deadLetter)).toEqual([]);
  });
});
