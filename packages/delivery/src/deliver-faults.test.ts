import { gunzipSync } from 'node:zlib';
import { decodeEnvelope, type Envelope } from '@sluice/core/envelope';
import type { PushResult } from '@sluice/core/ports/sink';
import { createRandom, type Random } from '@sluice/core/testing/random';
import { createFaultInjector } from '@sluice/platform/testing/fault-injector';
import { describe, expect, test } from 'vitest';
import { listDeadLetters, redriveDeadLetters } from './dead-letters.ts';
import { createDeliveryWorld, makeEnvelope, sendEnvelopes } from './testing/delivery-world.ts';
import { createScriptedSink, OK, type ScriptedPush, spanIdsOf } from './testing/scripted-sink.ts';

const HOUR_MS = 3_600_000;
const SEEDS = Number(process.env.SLUICE_FAULT_SEEDS ?? 4);

function makeEnvelopes(count: number, from = 0): readonly Envelope[] {
  return Array.from({ length: count }, (_, index) =>
    makeEnvelope({
      seed: from + index + 1,
      items: 1 + (index % 5),
      tenant: index % 4 === 0 ? 'other' : 'default',
    }),
  );
}

const spansOf = (envelopes: readonly Envelope[]): readonly string[] =>
  envelopes.flatMap(({ gzip }) => spanIdsOf(gunzipSync(gzip)));

/** What a destination on a bad day answers, whatever it is asked. */
function moody(random: Random): PushResult {
  return random.pick<() => PushResult>([
    () => OK,
    () => OK,
    () => OK,
    () => ({ status: 'retryable', reason: '429', retryAfterMs: random.below(20_000) }),
    () => ({ status: 'retryable', reason: '503' }),
    () => ({ status: 'permanent', reason: '400 by mistake' }),
    () => ({ status: 'retryable', reason: '401', misconfigured: true }),
    () => ({ status: 'retryable', reason: 'no answer in 10 s' }),
    () => {
      throw new Error('read ECONNRESET');
    },
    () => ({ status: 'retryable', reason: 'the answer is no OTLP' }),
  ])();
}

describe('a destination that answers at random', () => {
  test.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
    'gets every acceptable span, and the dead-letter queue only what is refused (seed %i)',
    async (seed) => {
      const random = createRandom(seed);
      const envelopes = makeEnvelopes(60);
      const refused = new Set(envelopes.filter(() => random.chance(0.1)).flatMap((one) => spansOf([one])));
      const answer = ({ spanIds, rawBytes }: ScriptedPush): PushResult => {
        const mood = moody(random);
        if (mood.status !== 'ok') return mood;
        if (rawBytes > 9_000) return { status: 'too-large', reason: '413' };
        return spanIds.some((id) => refused.has(id)) ? { status: 'permanent', reason: '400 refused' } : OK;
      };
      const tempo = createScriptedSink({ name: 'tempo', answer });
      const embedded = createScriptedSink({ name: 'embedded' });
      const world = createDeliveryWorld({ sinks: [tempo, embedded] });
      await sendEnvelopes(world.queue, envelopes);
      await world.run(world.makeHandler(), { maxMs: 24 * HOUR_MS });

      const all = spansOf(envelopes);
      expect([...tempo.spans.keys()].sort()).toEqual(all.filter((id) => !refused.has(id)).sort());
      expect([...embedded.spans.keys()].sort()).toEqual([...all].sort());
      expect(new Set(embedded.spans.values())).toEqual(new Set([1]));
      const dead = await listDeadLetters(world.deadLetter);
      expect(new Set(dead.flatMap(({ message }) => spansOf([decodeEnvelope(message)])))).toEqual(refused);
      for (const { reason, sink } of dead) expect(`${sink}: ${reason}`).toMatch(/^tempo: 400/);
    },
  );
});

test('an outage of ten hours loses nothing and gives nothing up', async () => {
  let down = true;
  const tempo = createScriptedSink({
    name: 'tempo',
    answer: () => (down ? { status: 'retryable', reason: 'connect ECONNREFUSED' } : OK),
  });
  const world = createDeliveryWorld({ sinks: [tempo] });
  const handler = world.makeHandler();
  const envelopes = makeEnvelopes(60);
  for (let hour = 0; hour < 10; hour++) {
    await sendEnvelopes(world.queue, envelopes.slice(hour * 6, hour * 6 + 6));
    await world.run(handler, { maxMs: HOUR_MS });
  }
  const pushesWhileDown = tempo.pushes.length;
  expect(tempo.spans.size).toBe(0);
  down = false;
  const backMs = world.clock.nowMs();
  await world.run(handler, { maxMs: HOUR_MS });
  expect(world.clock.nowMs() - backMs).toBeLessThanOrEqual(15 * 60_000 + 5_000);
  expect([...tempo.spans.keys()].sort()).toEqual([...spansOf(envelopes)].sort());
  expect((await world.deadLetter.stats()).visible).toBe(0);
  expect(pushesWhileDown).toBeLessThan(60 * 50);
});

test('what was refused is delivered by a redrive once the reason is gone', async () => {
  let strict = true;
  const envelopes = makeEnvelopes(12);
  const refused = new Set(spansOf(envelopes.slice(0, 3)));
  const tempo = createScriptedSink({
    name: 'tempo',
    answer: ({ spanIds }) =>
      strict && spanIds.some((id) => refused.has(id)) ? { status: 'permanent', reason: '400' } : OK,
  });
  const embedded = createScriptedSink({ name: 'embedded' });
  const world = createDeliveryWorld({ sinks: [tempo, embedded] });
  const handler = world.makeHandler();
  await sendEnvelopes(world.queue, envelopes);
  await world.run(handler, { maxMs: HOUR_MS });
  expect(tempo.spans.size).toBe(spansOf(envelopes).length - refused.size);

  expect(await redriveDeadLetters(world.deadLetter, { target: world.queue })).toMatchObject({ done: 3 });
  await world.run(handler, { maxMs: HOUR_MS });
  expect(await listDeadLetters(world.deadLetter)).toHaveLength(3);

  strict = false;
  const pushesBefore = embedded.pushes.length;
  await redriveDeadLetters(world.deadLetter, { target: world.queue });
  await world.run(handler, { maxMs: HOUR_MS });
  expect(tempo.spans.size).toBe(spansOf(envelopes).length);
  expect(embedded.pushes).toHaveLength(pushesBefore);
  expect((await world.deadLetter.stats()).visible).toBe(0);
});

describe('a crash between any two steps', () => {
  /** One of each fate: done, refused, too large with a hopeless item, waiting, and junk. */
  const createScene = () => {
    const fine = makeEnvelope({ seed: 1 });
    const refused = makeEnvelope({ seed: 2 });
    const bulky = makeEnvelope({ seed: 3, items: 12 });
    const late = makeEnvelope({ seed: 4 });
    const [refusedIds, lateIds] = [new Set(spansOf([refused])), new Set(spansOf([late]))];
    const hopeless = spansOf([bulky])[5]!;
    let tries = 0;
    const tempo = createScriptedSink({
      name: 'tempo',
      answer: ({ spanIds }) => {
        if (spanIds.includes(hopeless)) return { status: 'too-large', reason: '413' };
        if (spanIds.some((id) => refusedIds.has(id))) return { status: 'permanent', reason: '400' };
        return spanIds.some((id) => lateIds.has(id)) && tries++ < 4
          ? { status: 'retryable', reason: '500' }
          : OK;
      },
    });
    const embedded = createScriptedSink({ name: 'embedded' });
    const envelopes = [fine, refused, bulky, late];
    return { tempo, embedded, envelopes, given: new Set([...refusedIds, hopeless]) };
  };

  /** Runs until the crash, restarts and runs to the end. Answers false when the crash never came. */
  const runWithCrash = async (call: number, when: 'before' | 'after'): Promise<boolean> => {
    const { tempo, embedded, envelopes, given } = createScene();
    const world = createDeliveryWorld({ sinks: [tempo, embedded] });
    await sendEnvelopes(world.queue, envelopes);
    await world.queue.send([{ body: 'junk', attributes: {} }]);
    const faults = createFaultInjector({ seed: 1, rates: {}, clock: world.clock });
    faults.crashAt(call, when);
    const dying = {
      sinks: [tempo, embedded].map((sink) => ({ ...sink, push: faults.wrap(sink.name, sink.push) })),
      queue: faults.wrapQueue(world.queue),
      deadLetter: faults.wrapQueue(world.deadLetter),
    };
    const handler = world.makeHandler(dying);
    for (let round = 0; round < 8 && faults.counts().crash === 0; round++) {
      await world.step(handler, { queue: dying.queue }).catch(() => {});
      world.clock.set(world.clock.nowMs() + 20_000);
    }
    const hasCrashed = faults.counts().crash > 0;
    await world.run(world.makeHandler(), { maxMs: 24 * HOUR_MS });

    const all = spansOf(envelopes);
    expect([...tempo.spans.keys()].sort()).toEqual(all.filter((id) => !given.has(id)).sort());
    expect([...embedded.spans.keys()].sort()).toEqual([...all].sort());
    expect(new Set(embedded.spans.values())).toEqual(new Set([1]));
    expect(new Set(tempo.spans.values())).toEqual(new Set([1]));
    const dead = await listDeadLetters(world.deadLetter);
    const deadSpans = dead.flatMap(({ message, facts }) =>
      facts === undefined ? [] : spansOf([decodeEnvelope(message)]),
    );
    expect(new Set(deadSpans)).toEqual(given);
    expect(dead.some(({ message }) => message.body === 'junk')).toBe(true);
    return hasCrashed;
  };

  test.each(['before', 'after'] as const)(
    '%s its effect loses nothing, and what comes twice is recognised',
    async (when) => {
      let call = 1;
      while (await runWithCrash(call, when)) call += 1;
      expect(call).toBeGreaterThan(15);
    },
  );
});
