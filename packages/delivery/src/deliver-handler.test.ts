import { gunzipSync } from 'node:zlib';
import { decodeEnvelope, decodeRetry, encodeEnvelope } from '@sluice/core/envelope';
import { createLogger } from '@sluice/core/logger';
import { ATTRIBUTE, METRIC } from '@sluice/core/names';
import type { Queue } from '@sluice/core/ports/queue';
import type { PushResult } from '@sluice/core/ports/sink';
import { describe, expect, test } from 'vitest';
import { listDeadLetters } from './dead-letters.ts';
import { createDeliveryWorld, makeEnvelope, sendEnvelopes } from './testing/delivery-world.ts';
import { createScriptedSink, DOWN, OK, type ScriptedPush, spanIdsOf } from './testing/scripted-sink.ts';

const MIB = 1024 * 1024;

async function totalOf(queue: Queue): Promise<number> {
  const { visible, inFlight, delayed } = await queue.stats();
  return visible + inFlight + delayed;
}

function makeEnvelopes(count: number, items = 3) {
  return Array.from({ length: count }, (_, index) => makeEnvelope({ seed: index + 1, items }));
}

const firstSpanOf = (envelope: ReturnType<typeof makeEnvelope>): string =>
  spanIdsOf(gunzipSync(envelope.gzip))[0]!;

describe('a batch', () => {
  test('is acknowledged when every sink has it', async () => {
    const sinks = [createScriptedSink({ name: 'tempo' }), createScriptedSink({ name: 'embedded' })];
    const world = createDeliveryWorld({ sinks });
    await sendEnvelopes(world.queue, makeEnvelopes(3));
    expect(await world.step(world.makeHandler())).toEqual({ failures: [] });
    expect(sinks.map(({ spans }) => spans.size)).toEqual([9, 9]);
    expect(await totalOf(world.queue)).toBe(0);
  });

  test('is joined to one push per tenant', async () => {
    const sink = createScriptedSink({ name: 'tempo' });
    const world = createDeliveryWorld({ sinks: [sink] });
    const ofTenant = (tenant: string, seed: number) => makeEnvelope({ seed, tenant });
    await sendEnvelopes(world.queue, [ofTenant('a', 1), ofTenant('b', 2), ofTenant('a', 3)]);
    await world.step(world.makeHandler());
    expect(sink.pushes.map(({ tenant, parts }) => [tenant, parts.length]).sort()).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
  });

  test('is packed up to the size that each sink takes', async () => {
    const raw = gunzipSync(makeEnvelope({ seed: 1 }).gzip).length;
    const small = createScriptedSink({ name: 'small', maxRawBytes: Math.ceil(raw * 2.5) });
    const large = createScriptedSink({ name: 'large' });
    const world = createDeliveryWorld({ sinks: [small, large] });
    await sendEnvelopes(
      world.queue,
      Array.from({ length: 4 }, () => makeEnvelope({ seed: 1 })),
    );
    await world.step(world.makeHandler());
    expect(small.pushes.map(({ parts }) => parts.length)).toEqual([2, 2]);
    expect(large.pushes.map(({ parts }) => parts.length)).toEqual([4]);
  });

  test('is inflated once for all sinks', async () => {
    const sinks = [createScriptedSink({ name: 'a' }), createScriptedSink({ name: 'b' })];
    const world = createDeliveryWorld({ sinks });
    await sendEnvelopes(world.queue, makeEnvelopes(1));
    await world.step(world.makeHandler());
    const [first, second] = sinks.map(({ pushes }) => pushes[0]!.parts[0]!.raw());
    expect(await first).toBe(await second);
  });

  test('stops at its soft deadline and hands the rest back at once', async () => {
    const raw = gunzipSync(makeEnvelope({ seed: 1 }).gzip).length;
    const sink = createScriptedSink({
      name: 'tempo',
      maxRawBytes: raw,
      answer: () => {
        world.clock.set(world.clock.nowMs() + 40_000);
        return OK;
      },
    });
    const world = createDeliveryWorld({ sinks: [sink] });
    await sendEnvelopes(
      world.queue,
      Array.from({ length: 4 }, () => makeEnvelope({ seed: 1 })),
    );
    const outcome = await world.step(world.makeHandler());
    expect(sink.pushes).toHaveLength(2);
    expect(outcome!.failures.map(({ retryAfterMs }) => retryAfterMs)).toEqual([0, 0]);
  });

  test('that is stopped midway is handed back whole, without a mark on the destination', async () => {
    const stop = new AbortController();
    const lines: string[] = [];
    const sink = createScriptedSink({
      name: 'tempo',
      answer: () => {
        stop.abort();
        throw new Error('aborted');
      },
    });
    const world = createDeliveryWorld({ sinks: [sink], logger: lineLogger(lines) });
    await sendEnvelopes(world.queue, makeEnvelopes(2));
    const outcome = await world.step(world.makeHandler(), { context: { signal: stop.signal } });
    expect(outcome!.failures.map(({ retryAfterMs }) => retryAfterMs)).toEqual([0, 0]);
    expect(lines).toEqual([]);
  });

  test('needs a sink to go to', () => {
    expect(() => createDeliveryWorld({ sinks: [] }).makeHandler()).toThrow('at least one destination');
  });
});

describe('a message that cannot be opened', () => {
  const good = makeEnvelope({ seed: 7 });
  const message = encodeEnvelope(good);
  const cases: readonly [string, Parameters<Queue['send']>[0][number], string][] = [
    ['of no envelope', { body: 'hello', attributes: {} }, 'message attribute "v" is missing'],
    [
      'of a newer version',
      { ...message, attributes: { ...message.attributes, [ATTRIBUTE.version]: '9' } },
      'envelope version "9" is not known',
    ],
    [
      'of another signal',
      encodeEnvelope({ ...good, signal: 'logs' }),
      'a message of logs on the queue of traces',
    ],
    ['of damaged gzip', { ...message, body: message.body.slice(0, 80) }, 'not whole gzip data'],
    [
      'of gzip that holds no request',
      encodeEnvelope({ ...good, gzip: Buffer.from('H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==', 'base64') }),
      '',
    ],
    [
      'that waits for a sink that is gone',
      encodeEnvelope(good, { sink: 'old', attempt: 3, firstSeenMs: 0 }),
      'waits for the destination "old", which is not set up (set up: tempo)',
    ],
  ];
  test.each(cases)('%s goes to the dead-letter queue with the reason, alone', async (_, bad, reason) => {
    const sink = createScriptedSink({ name: 'tempo' });
    const world = createDeliveryWorld({ sinks: [sink] });
    await world.queue.send([bad]);
    await sendEnvelopes(world.queue, makeEnvelopes(2));
    const handler = world.makeHandler();
    await world.run(handler, { maxMs: 3_600_000 });
    expect(sink.spans.size).toBe(6);
    const dead = await listDeadLetters(world.deadLetter);
    expect(dead).toHaveLength(1);
    expect(dead[0]!.reason).toContain(reason);
    expect(dead[0]!.source).toBe('traces');
    expect(dead[0]!.message.body).toBe(bad.body);
  });
});

describe('a destination that fails', () => {
  test('gets the same message after 5 s, 10 s … 15 min, of which half is chance', async () => {
    const sink = createScriptedSink({ name: 'tempo', answer: () => DOWN });
    const world = createDeliveryWorld({ sinks: [sink] });
    await sendEnvelopes(world.queue, makeEnvelopes(1));
    const handler = world.makeHandler();
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 12; attempt++) {
      const outcome = await world.step(handler);
      waits.push(outcome!.failures[0]!.retryAfterMs!);
      world.clock.set(world.clock.nowMs() + waits.at(-1)!);
    }
    waits.forEach((waitMs, index) => {
      const ceiling = Math.min(900_000, 5_000 * 2 ** index);
      expect(waitMs).toBeGreaterThanOrEqual(ceiling / 2);
      expect(waitMs).toBeLessThanOrEqual(ceiling);
    });
    expect(await world.deadLetter.stats()).toMatchObject({ visible: 0 });
  });

  test.each([
    ['its Retry-After', 120_000, 120_000],
    ['an hour at most', 86_400_000, 3_600_000],
    ['never less than the back-off', 1, 2_500],
  ])('is left alone for %s', async (_, retryAfterMs, leastMs) => {
    const sink = createScriptedSink({
      name: 'tempo',
      answer: () => ({ status: 'retryable', reason: '429', retryAfterMs }),
    });
    const world = createDeliveryWorld({ sinks: [sink] });
    await sendEnvelopes(world.queue, makeEnvelopes(1));
    const outcome = await world.step(world.makeHandler());
    expect(outcome!.failures[0]!.retryAfterMs).toBeGreaterThanOrEqual(leastMs);
    expect(outcome!.failures[0]!.retryAfterMs).toBeLessThanOrEqual(Math.max(leastMs, 5_000));
  });

  test('is not asked again in the same batch', async () => {
    const raw = gunzipSync(makeEnvelope({ seed: 1 }).gzip).length;
    const sink = createScriptedSink({
      name: 'tempo',
      maxRawBytes: raw,
      answer: () => ({ status: 'retryable', reason: '429', retryAfterMs: 1000 }),
    });
    const world = createDeliveryWorld({ sinks: [sink] });
    await sendEnvelopes(
      world.queue,
      Array.from({ length: 5 }, () => makeEnvelope({ seed: 1 })),
    );
    expect((await world.step(world.makeHandler()))!.failures).toHaveLength(5);
    expect(sink.pushes).toHaveLength(1);
  });

  test('or is set up wrongly is named once, and once more when it is mended', async () => {
    const lines: string[] = [];
    let answer: PushResult = { status: 'retryable', reason: '401 Unauthorized', misconfigured: true };
    const sink = createScriptedSink({ name: 'tempo', answer: () => answer });
    const world = createDeliveryWorld({ sinks: [sink], logger: lineLogger(lines) });
    await sendEnvelopes(world.queue, makeEnvelopes(1));
    const handler = world.makeHandler();
    const gauge = `${METRIC.misconfigured}{signal="traces",sink="tempo"}`;
    const next = async (): Promise<void> => {
      await world.step(handler);
      world.clock.set(world.clock.nowMs() + 900_000);
    };
    await next();
    await next();
    expect(await world.selfMetrics.render()).toContain(`${gauge} 1\n`);
    expect(lines).toEqual([expect.stringContaining('401 Unauthorized')]);
    answer = DOWN;
    await next();
    expect(await world.selfMetrics.render()).toContain(`${gauge} 0\n`);
    answer = OK;
    await next();
    expect(lines.slice(1)).toEqual([
      expect.stringContaining('503 Service Unavailable'),
      expect.stringContaining('takes data again'),
    ]);
    expect(sink.spans.size).toBe(3);
  });
});

describe('a joined push', () => {
  test('that is refused is sent message by message, and only the guilty one is given up', async () => {
    const envelopes = makeEnvelopes(5);
    const guilty = firstSpanOf(envelopes[3]!);
    const sink = createScriptedSink({
      name: 'tempo',
      answer: ({ spanIds }) => (spanIds.includes(guilty) ? { status: 'permanent', reason: '400 no' } : OK),
    });
    const world = createDeliveryWorld({ sinks: [sink] });
    await sendEnvelopes(world.queue, envelopes);
    const handler = world.makeHandler();
    expect(await world.step(handler)).toEqual({ failures: [] });
    expect(sink.spans.size).toBe(12);
    await world.run(handler, { maxMs: 60_000 });
    const dead = await listDeadLetters(world.deadLetter);
    expect(dead).toMatchObject([{ id: envelopes[3]!.id, reason: '400 no', sink: 'tempo' }]);
    expect(await world.selfMetrics.render()).toContain(
      `${METRIC.deadLetters}{signal="traces",sink="tempo",cause="refused"} 1\n`,
    );
  });

  test('that is refused by mistake is believed only when the refusal comes again', async () => {
    const answers: PushResult[] = Array(5).fill({ status: 'permanent', reason: '400' });
    const sink = createScriptedSink({ name: 'tempo', answer: () => answers.pop() ?? OK });
    const world = createDeliveryWorld({ sinks: [sink] });
    await sendEnvelopes(world.queue, makeEnvelopes(1));
    await world.run(world.makeHandler(), { maxMs: 60_000 });
    expect(sink.spans.size).toBe(3);
    expect(await totalOf(world.deadLetter)).toBe(0);
  });

  test('that is refused in other words now and then is given up with all of them', async () => {
    let pushes = 0;
    const sink = createScriptedSink({
      name: 'tempo',
      answer: () => ({ status: 'permanent', reason: ++pushes % 3 === 0 ? '400 a proxy' : '400 too old' }),
    });
    const world = createDeliveryWorld({ sinks: [sink] });
    await sendEnvelopes(world.queue, makeEnvelopes(1));
    await world.run(world.makeHandler(), { maxMs: 60_000 });
    expect(pushes).toBe(6);
    expect(await listDeadLetters(world.deadLetter)).toMatchObject([
      { reason: '400 too old; and: 400 a proxy' },
    ]);
  });

  test.each([
    ['an answer', (): PushResult => ({ status: 'retryable', reason: '500 choked' })],
    [
      'a throw',
      (): PushResult => {
        throw new TypeError('choked');
      },
    ],
  ])('that one message breaks by %s gets all others through in the same batch', async (_, choke) => {
    const envelopes = makeEnvelopes(10);
    const guilty = firstSpanOf(envelopes[6]!);
    const sink = createScriptedSink({
      name: 'tempo',
      answer: ({ spanIds }) => (spanIds.includes(guilty) ? choke() : OK),
    });
    const world = createDeliveryWorld({ sinks: [sink] });
    await sendEnvelopes(world.queue, envelopes);
    const outcome = await world.step(world.makeHandler());
    expect(outcome!.failures).toHaveLength(1);
    expect(sink.spans.size).toBe(27);
    expect(await totalOf(world.deadLetter)).toBe(0);
  });

  test('that fails whole is tried at most twice more', async () => {
    const sink = createScriptedSink({ name: 'tempo', answer: () => DOWN });
    const world = createDeliveryWorld({ sinks: [sink] });
    await sendEnvelopes(world.queue, makeEnvelopes(10));
    const handler = world.makeHandler();
    await world.step(handler);
    expect(sink.pushes).toHaveLength(3);
    world.clock.set(world.clock.nowMs() + 5_000);
    await world.step(handler);
    expect(sink.pushes).toHaveLength(4);
  });
});

describe('a push that is too large', () => {
  const limited = (maxBytes: number) =>
    createScriptedSink({
      name: 'tempo',
      answer: ({ rawBytes }: ScriptedPush) =>
        rawBytes > maxBytes ? { status: 'too-large', reason: '413' } : OK,
    });

  test('is halved until it fits', async () => {
    const raw = gunzipSync(makeEnvelope({ seed: 1 }).gzip).length;
    const sink = limited(Math.ceil(raw * 2.5));
    const world = createDeliveryWorld({ sinks: [sink] });
    await sendEnvelopes(world.queue, makeEnvelopes(8));
    expect(await world.step(world.makeHandler())).toEqual({ failures: [] });
    expect(sink.spans.size).toBe(24);
  });

  test('and a single message is cut on item borders', async () => {
    const sink = limited(3_000);
    const world = createDeliveryWorld({ sinks: [sink] });
    await sendEnvelopes(world.queue, [makeEnvelope({ seed: 1, items: 40 })]);
    expect(await world.step(world.makeHandler())).toEqual({ failures: [] });
    expect(sink.spans.size).toBe(40);
    expect([...sink.spans.values()]).toEqual(Array(40).fill(1));
    expect(await totalOf(world.deadLetter)).toBe(0);
  });

  test('is not made where the sink says what it takes', async () => {
    const sink = createScriptedSink({ name: 'tempo', maxRawBytes: 3_000 });
    const world = createDeliveryWorld({ sinks: [sink] });
    await sendEnvelopes(world.queue, [makeEnvelope({ seed: 1, items: 40 })]);
    await world.step(world.makeHandler());
    expect(sink.spans.size).toBe(40);
    expect(Math.max(...sink.pushes.map(({ rawBytes }) => rawBytes))).toBeLessThanOrEqual(3_000);
  });

  test('of one item is given up with the reason, and the rest of its message arrives', async () => {
    const envelope = makeEnvelope({ seed: 1, items: 12 });
    const guilty = firstSpanOf(envelope);
    const sink = createScriptedSink({
      name: 'tempo',
      answer: ({ spanIds }) => (spanIds.includes(guilty) ? { status: 'too-large', reason: '413' } : OK),
    });
    const world = createDeliveryWorld({ sinks: [sink] });
    await sendEnvelopes(world.queue, [envelope]);
    expect(await world.step(world.makeHandler())).toEqual({ failures: [] });
    expect(sink.spans.size).toBe(11);
    const [dead] = await listDeadLetters(world.deadLetter);
    expect(dead!.reason).toBe('a single item is too large: 413');
    expect(spanIdsOf(gunzipSync(decodeEnvelope(dead!.message).gzip))).toEqual([guilty]);
    expect(dead!.facts!.items).toBe(1);
  });

  test('is cut alike when it comes again, so that its pieces are recognised', async () => {
    const sink = limited(3_000);
    const world = createDeliveryWorld({ sinks: [sink] });
    const envelope = makeEnvelope({ seed: 1, items: 40 });
    await sendEnvelopes(world.queue, [envelope, envelope]);
    await world.run(world.makeHandler(), { maxMs: 60_000 });
    expect([...sink.spans.values()]).toEqual(Array(40).fill(1));
  });

  test('leaves only the pieces that are missing to go round again', async () => {
    let down = true;
    const envelope = makeEnvelope({ seed: 1, items: 12 });
    const late = firstSpanOf(envelope);
    const sink = createScriptedSink({
      name: 'tempo',
      answer: ({ rawBytes, spanIds }) => {
        if (rawBytes > 3_000) return { status: 'too-large', reason: '413' };
        return down && spanIds.includes(late) ? DOWN : OK;
      },
    });
    const world = createDeliveryWorld({ sinks: [sink] });
    await sendEnvelopes(world.queue, [envelope]);
    const handler = world.makeHandler();
    expect(await world.step(handler)).toEqual({ failures: [] });
    expect(sink.spans.size).toBeLessThan(12);
    down = false;
    await world.run(handler, { maxMs: 3_600_000 });
    expect([...sink.spans.values()]).toEqual(Array(12).fill(1));
  });
});

describe('two destinations', () => {
  test('one of which fails: the message goes round again for that one alone', async () => {
    let answer = DOWN;
    const tempo = createScriptedSink({ name: 'tempo', answer: () => answer });
    const embedded = createScriptedSink({ name: 'embedded' });
    const world = createDeliveryWorld({ sinks: [tempo, embedded] });
    await sendEnvelopes(world.queue, makeEnvelopes(1));
    const handler = world.makeHandler();
    const startMs = world.clock.nowMs();
    expect(await world.step(handler)).toEqual({ failures: [] });
    expect(await world.queue.stats()).toMatchObject({ delayed: 1, visible: 0, inFlight: 0 });

    world.clock.set(startMs + 5_000);
    const [again] = await world.queue.receive({ maxMessages: 1, visibilityTimeoutMs: 0, waitMs: 0 });
    expect(decodeRetry(again!.attributes)).toEqual({ sink: 'tempo', attempt: 1, firstSeenMs: startMs });
    expect(decodeEnvelope(again!)).toEqual(makeEnvelopes(1)[0]);

    answer = OK;
    await world.run(handler, { maxMs: 3_600_000 });
    expect(tempo.spans.size).toBe(3);
    expect(embedded.pushes).toHaveLength(1);
  });

  test('the back-off goes on where it was before the message went round', async () => {
    const tempo = createScriptedSink({ name: 'tempo', answer: () => DOWN });
    const world = createDeliveryWorld({ sinks: [tempo, createScriptedSink({ name: 'embedded' })] });
    const retry = { sink: 'tempo', attempt: 6, firstSeenMs: 5 };
    await world.queue.send([encodeEnvelope(makeEnvelope({ seed: 1 }), retry)]);
    const outcome = await world.step(world.makeHandler());
    expect(outcome!.failures[0]!.retryAfterMs).toBeGreaterThanOrEqual((5_000 * 2 ** 6) / 2);
  });

  test('both of which fail: the message stays as it is', async () => {
    const sinks = ['a', 'b'].map((name) => createScriptedSink({ name, answer: () => DOWN }));
    const world = createDeliveryWorld({ sinks });
    await sendEnvelopes(world.queue, makeEnvelopes(1));
    expect((await world.step(world.makeHandler()))!.failures).toHaveLength(1);
    expect(await totalOf(world.queue)).toBe(1);
  });

  test('one of which refuses: the dead letter names it, and the other has the message', async () => {
    const tempo = createScriptedSink({
      name: 'tempo',
      answer: () => ({ status: 'permanent', reason: 'no' }),
    });
    const embedded = createScriptedSink({ name: 'embedded' });
    const world = createDeliveryWorld({ sinks: [tempo, embedded] });
    await sendEnvelopes(world.queue, makeEnvelopes(1));
    await world.run(world.makeHandler(), { maxMs: 60_000 });
    expect(embedded.spans.size).toBe(3);
    expect(embedded.pushes).toHaveLength(1);
    expect(await listDeadLetters(world.deadLetter)).toMatchObject([{ sink: 'tempo', reason: 'no' }]);
  });

  test('neither of which is held up by the other', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = createScriptedSink({ name: 'slow', answer: () => gate.then(() => OK) });
    const fast = createScriptedSink({
      name: 'fast',
      answer: () => {
        release();
        return OK;
      },
    });
    const world = createDeliveryWorld({ sinks: [slow, fast] });
    await sendEnvelopes(world.queue, makeEnvelopes(1));
    expect(await world.step(world.makeHandler())).toEqual({ failures: [] });
  });
});

describe('a message that makes its sink throw every time', () => {
  test('is given up with the reason after five tries while others get through', async () => {
    const poison = makeEnvelope({ seed: 99 });
    const guilty = firstSpanOf(poison);
    const sink = createScriptedSink({
      name: 'tempo',
      answer: ({ spanIds }) => {
        if (spanIds.includes(guilty)) throw new TypeError('cannot read it');
        return OK;
      },
    });
    const world = createDeliveryWorld({ sinks: [sink] });
    await sendEnvelopes(world.queue, [poison]);
    const handler = world.makeHandler();
    for (let round = 1; round <= 8; round++) {
      await sendEnvelopes(world.queue, [makeEnvelope({ seed: round })]);
      await world.step(handler);
      world.clock.set(world.clock.nowMs() + 900_000);
    }
    expect(sink.spans.size).toBe(24);
    const dead = await listDeadLetters(world.deadLetter);
    expect(dead).toMatchObject([{ id: poison.id, sink: 'tempo' }]);
    expect(dead[0]!.reason).toContain('cannot read it');
  });

  test('is kept while the sink throws on everything', async () => {
    const sink = createScriptedSink({
      name: 'embedded',
      answer: () => {
        throw new Error('disk full');
      },
    });
    const world = createDeliveryWorld({ sinks: [sink] });
    await sendEnvelopes(world.queue, makeEnvelopes(3));
    await world.run(world.makeHandler(), { maxMs: 6 * 3_600_000 });
    expect(await totalOf(world.deadLetter)).toBe(0);
    expect(await totalOf(world.queue)).toBe(3);
  });
});

describe('a queue that does not take what is moved to it', () => {
  const failing = (queue: Queue, how: 'throw' | 'permanent'): Queue => ({
    ...queue,
    send: async (messages) => {
      if (how === 'throw') throw new Error('queue is down');
      return messages.map(() => ({ status: 'permanent', reason: 'too many attributes' }));
    },
  });

  test.each(['throw', 'permanent'] as const)('keeps the message where it is (%s)', async (how) => {
    const tempo = createScriptedSink({ name: 'tempo', answer: () => DOWN });
    const world = createDeliveryWorld({ sinks: [tempo, createScriptedSink({ name: 'embedded' })] });
    await world.queue.send([{ body: 'junk', attributes: {} }]);
    await sendEnvelopes(world.queue, makeEnvelopes(1));
    const handler = world.makeHandler({
      queue: failing(world.queue, how),
      deadLetter: failing(world.deadLetter, how),
    });
    expect((await world.step(handler))!.failures).toHaveLength(2);
    expect(await totalOf(world.queue)).toBe(2);
    expect(await world.selfMetrics.render()).not.toContain('cause=');
  });
});

test('a message near the limit of the queue can still go round again and be given up', async () => {
  const gzip = new Uint8Array(740 * 1024);
  const message = encodeEnvelope({ ...makeEnvelope({ seed: 1 }), gzip });
  expect(message.body.length).toBeLessThan(MIB - 8_000);
});

function lineLogger(lines: string[]) {
  return createLogger({ level: 'info', write: (line) => void lines.push(line), nowMs: () => 0 });
}
