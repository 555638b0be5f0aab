/**
 * The real sinks against fake backends over real HTTP, in simulated time: random answers, an outage of
 * ten hours, and data that no backend will ever take.
 */
import { gunzipSync } from 'node:zlib';
import { createTempoSink } from '@sluice/backends/tempo/tempo-sink';
import { createFakeTempo } from '@sluice/backends/testing/fake-tempo';
import type { Envelope } from '@sluice/core/envelope';
import { listDeadLetters, redriveDeadLetters } from '@sluice/delivery/dead-letters';
import { createDeliveryWorld, makeEnvelope, sendEnvelopes } from '@sluice/delivery/testing/delivery-world';
import { spanIdsOf } from '@sluice/delivery/testing/scripted-sink';
import { describe, expect, test } from 'vitest';

const HOUR_MS = 3_600_000;
const TIMEOUT_MS = 40;
const SEEDS = [1, 2, 3];

const makeEnvelopes = (count: number): readonly Envelope[] =>
  Array.from({ length: count }, (_, index) => makeEnvelope({ seed: index + 1, spans: 1 + (index % 8) }));

const spansOf = (envelopes: readonly Envelope[]): readonly string[] =>
  envelopes.flatMap(({ gzip }) => spanIdsOf(gunzipSync(gzip))).sort();

async function createScene(options: Parameters<typeof createFakeTempo>[0] = {}) {
  const tempo = await createFakeTempo(options);
  const clock = { nowMs: () => world.clock.nowMs() };
  const sink = createTempoSink({ url: tempo.url, fetch, clock, timeoutMs: TIMEOUT_MS });
  const world = createDeliveryWorld({ sinks: [sink] });
  return {
    tempo,
    world,
    taken: () =>
      tempo
        .spans()
        .map(({ spanId }) => spanId)
        .sort(),
  };
}

describe('Tempo', () => {
  test.each(SEEDS)('answering at random gets every span, and nothing is given up (seed %i)', async (seed) => {
    const { tempo, world, taken } = await createScene({ seed });
    tempo.faults.setRandom(0.5);
    const envelopes = makeEnvelopes(60);
    await sendEnvelopes(world.queue, envelopes);
    await world.run(world.makeHandler(), { maxMs: 24 * HOUR_MS });
    expect(taken()).toEqual(spansOf(envelopes));
    expect(await listDeadLetters(world.deadLetter)).toEqual([]);
    expect(tempo.faults.counts().size).toBeGreaterThan(5);
    await tempo.close();
  });

  test('down for ten hours gets everything within a quarter of an hour of its return', async () => {
    const { tempo, world, taken } = await createScene();
    const handler = world.makeHandler();
    const envelopes = makeEnvelopes(40);
    tempo.faults.setDown(true);
    for (let hour = 0; hour < 10; hour++) {
      await sendEnvelopes(world.queue, envelopes.slice(hour * 4, hour * 4 + 4));
      await world.run(handler, { maxMs: HOUR_MS });
    }
    expect(taken()).toEqual([]);
    tempo.faults.setDown(false);
    await world.run(handler, { maxMs: HOUR_MS / 4 + 10_000 });
    expect(taken()).toEqual(spansOf(envelopes));
    expect(await listDeadLetters(world.deadLetter)).toEqual([]);
    await tempo.close();
  });

  test('gets what it refused once the reason is gone and the dead letters are redriven', async () => {
    const envelopes = makeEnvelopes(20);
    const refused = new Set(spansOf(envelopes.slice(4, 6)));
    let strict = true;
    const { tempo, world, taken } = await createScene({
      rejectSpan: ({ spanId }) => strict && refused.has(spanId),
    });
    const handler = world.makeHandler();
    for (const envelope of envelopes) {
      // One message a push: a partial success must not take neighbours along.
      await sendEnvelopes(world.queue, [envelope]);
      await world.step(handler);
    }
    await world.run(handler, { maxMs: HOUR_MS });
    expect(taken()).toEqual(spansOf(envelopes).filter((id) => !refused.has(id)));
    const dead = await listDeadLetters(world.deadLetter);
    expect(dead.map(({ envelope }) => envelope!.id).sort()).toEqual(
      envelopes
        .slice(4, 6)
        .map(({ id }) => id as string)
        .sort(),
    );
    for (const { reason, sink } of dead)
      expect([sink, reason]).toEqual(['tempo', expect.stringMatching(/rejected/)]);

    strict = false;
    await redriveDeadLetters(world.deadLetter, { target: world.queue });
    await world.run(handler, { maxMs: HOUR_MS });
    expect(taken()).toEqual(spansOf(envelopes));
    expect(await listDeadLetters(world.deadLetter)).toEqual([]);
    await tempo.close();
  });

  test('that takes little at a time gets large messages in pieces', async () => {
    const { tempo, world, taken } = await createScene({ burstBytes: 20_000 });
    const envelopes = [makeEnvelope({ seed: 1, spans: 300 }), ...makeEnvelopes(10)];
    await sendEnvelopes(world.queue, envelopes);
    await world.run(world.makeHandler(), { maxMs: HOUR_MS });
    expect(new Set(taken())).toEqual(new Set(spansOf(envelopes)));
    expect(await listDeadLetters(world.deadLetter)).toEqual([]);
    await tempo.close();
  });
});
