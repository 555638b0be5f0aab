import { decodePayload } from '@sluice/core/envelope';
import { silentLogger } from '@sluice/core/logger';
import type { OutgoingMessage, Queue } from '@sluice/core/ports/queue';
import { spanMetricsIdOf } from '@sluice/metrics/span-metrics/count-spans';
import { decodeSpanCounts } from '@sluice/metrics/span-metrics/span-counts-codec';
import { expect, test } from 'vitest';
import { createDeliveryWorld, makeEnvelope, sendEnvelopes } from '../testing/delivery-world.ts';
import { createScriptedSink, DOWN, OK } from '../testing/scripted-sink.ts';
import { createSpanMetricsSender } from './send-span-metrics.ts';

type Send = Queue['send'];

function createSetup(
  answer: () => 'ok' | 'retryable' | 'permanent' | 'throws' = () => 'ok',
  sinkAnswer = () => OK,
) {
  const sent: OutgoingMessage[] = [];
  const order: string[] = [];
  const send: Send = async (messages) => {
    const status = answer();
    order.push(`metrics ${status}`);
    if (status === 'throws') throw new Error('queue is away');
    if (status !== 'ok') return messages.map(() => ({ status, reason: 'no' }));
    sent.push(...messages);
    return messages.map((_, i) => ({ status: 'ok', messageId: String(i) }));
  };
  const sink = createScriptedSink({
    name: 'tempo',
    answer: () => {
      order.push('push');
      return sinkAnswer();
    },
  });
  const world = createDeliveryWorld({ sinks: [sink] });
  const beforePush = createSpanMetricsSender({
    metricsQueue: { name: 'metrics', send },
    clock: world.clock,
    logger: silentLogger,
  });
  return { sent, order, sink, world, handler: world.makeHandler({ beforePush }) };
}

test('the counts of a trace message are queued before its spans are pushed', async () => {
  const { sent, order, world, handler } = createSetup();
  const envelope = makeEnvelope({ seed: 1, items: 20 });
  await sendEnvelopes(world.queue, [envelope]);
  await world.run(handler, { maxMs: 60_000 });
  expect(order).toEqual(['metrics ok', 'push']);
  const { facts, payload } = decodePayload(sent[0]!);
  expect(facts).toMatchObject({ id: spanMetricsIdOf(envelope.id), signal: 'metrics', tenant: 'default' });
  expect(payload.codec).toBe('span-counts');
  const groups = decodeSpanCounts(payload.bytes).flatMap((service) => service.groups);
  expect(facts.items).toBe(groups.length * 2);
  expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(20);
});

test.each(['retryable', 'throws'] as const)(
  'while the metrics queue is away (%s) the traces wait',
  async (fault) => {
    let down = true;
    const { sent, sink, world, handler } = createSetup(() => (down ? fault : 'ok'));
    await sendEnvelopes(world.queue, [makeEnvelope({ seed: 1 })]);
    await world.step(handler);
    expect(sink.pushes).toEqual([]);
    down = false;
    await world.run(handler, { maxMs: 600_000 });
    expect([sent.length, sink.spans.size]).toEqual([1, 3]);
  },
);

test('counts that no queue takes are left out, and the traces go on', async () => {
  const { sink, world, handler } = createSetup(() => 'permanent');
  await sendEnvelopes(world.queue, [makeEnvelope({ seed: 1 })]);
  await world.run(handler, { maxMs: 60_000 });
  expect(sink.spans.size).toBe(3);
});

test('a redelivery sends the same id while repeats are known, and nothing after that', async () => {
  let down = true;
  const { sent, sink, world, handler } = createSetup(
    () => 'ok',
    () => (down ? DOWN : OK),
  );
  await sendEnvelopes(world.queue, [makeEnvelope({ seed: 1 })]);
  const startedMs = world.clock.nowMs();
  await world.run(handler, { maxMs: 3 * 3_600_000 });
  const early = sent.length;
  expect(early).toBeGreaterThan(1);
  expect(new Set(sent.map(({ attributes }) => attributes.id)).size).toBe(1);
  expect(sink.pushes.length).toBeGreaterThan(early);
  down = false;
  await world.run(handler, { maxMs: 3_600_000 });
  expect(sent).toHaveLength(early);
  expect(sink.spans.size).toBe(3);
  expect(world.clock.nowMs() - startedMs).toBeGreaterThan(3_600_000);
});

test('what is no trace is judged by the sinks, not here', async () => {
  const { sent, world, handler } = createSetup();
  const broken = { ...makeEnvelope({ seed: 1 }), gzip: Buffer.from('no gzip') };
  await sendEnvelopes(world.queue, [broken]);
  await world.run(handler, { maxMs: 60_000 });
  expect([sent, (await world.deadLetter.stats()).visible]).toEqual([[], 1]);
});
