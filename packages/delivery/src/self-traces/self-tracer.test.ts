import { decodeEnvelope } from '@sluice/core/envelope';
import { inflateGzip } from '@sluice/core/gzip';
import type { OutgoingMessage, SendOutcome } from '@sluice/core/ports/queue';
import type { PushResult, TelemetryPart } from '@sluice/core/ports/sink';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { decodeTraces } from '@sluice/otlp/decode-traces';
import type { AnyValue, KeyValue } from '@sluice/otlp/model';
import { validateRequest } from '@sluice/otlp/validate';
import { describe, expect, test } from 'vitest';
import { SPAN_KIND } from './encode-self-spans.ts';
import { createSelfTracer, type Invocation, type SelfTracerOptions } from './self-tracer.ts';
import { exceptOwnSpans, sendSpansToQueue, sendSpansToSink, withTraceparent } from './send-spans.ts';

const START_MS = 1_700_000_000_123;
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;
/** Not kept at 0.5: the random part is small. */
const LEFT_OUT = `00-0af7651916cd43dd84${'0'.repeat(13)}1-b7ad6b7169203331-01`;

function makeTracer(options: Partial<SelfTracerOptions> = {}) {
  const clock = createFakeClock(START_MS);
  const selfMetrics = createSelfMetrics();
  const sent: Uint8Array[] = [];
  const tracer = createSelfTracer({
    ratio: 1,
    resource: { 'service.name': 'sluice-ingest', 'faas.max_memory': 536_870_912 },
    clock,
    selfMetrics,
    send: async (request) => void sent.push(request),
    ...options,
  });
  const spans = () =>
    sent.flatMap((request) => decodeTraces(request).flatMap(({ scopes }) => scopes[0]!.spans));
  return { clock, selfMetrics, tracer, sent, spans };
}

const invocation = (parents: Invocation['parents'] = []): Invocation => ({
  name: 'POST /v1/traces',
  kind: SPAN_KIND.server,
  attributes: { 'faas.trigger': 'http', 'faas.coldstart': true, 'http.route': undefined },
  parents,
});
const plain = (attributes: readonly KeyValue[]) =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [key, (value as Extract<AnyValue, { value: unknown }>).value]),
  );

describe('an invocation', () => {
  test('is a span that any receiver of OTLP takes, with parent, times, attributes and resource', async () => {
    const { tracer, clock, sent, spans } = makeTracer();
    const answer = await tracer.run(invocation([PARENT]), async (span) => {
      await clock.advance(20);
      span.set({ 'http.response.status_code': 200, 'sluice.share': 0.25, 'faas.coldstart': false });
      return tracer.traceparent();
    });
    await tracer.flush();
    const [span] = spans();
    expect(span).toMatchObject({
      traceId: TRACE,
      parentSpanId: 'b7ad6b7169203331',
      name: 'POST /v1/traces',
      kind: 2,
      startTimeUnixNano: 1_700_000_000_123_000_000n,
      endTimeUnixNano: 1_700_000_000_143_000_000n,
      status: { code: 0 },
      links: [],
    });
    expect(plain(span!.attributes)).toEqual({
      'faas.trigger': 'http',
      'faas.coldstart': false,
      'http.response.status_code': 200n,
      'sluice.share': 0.25,
    });
    expect(answer).toBe(`00-${TRACE}-${span!.spanId}-01`);
    expect(plain(decodeTraces(sent[0]!)[0]!.resource.attributes)).toEqual({
      'service.name': 'sluice-ingest',
      'faas.max_memory': 536_870_912n,
    });
    expect(validateRequest('traces', sent[0]!, { nowMs: clock.nowMs() })).toMatchObject({
      status: 'ok',
      items: 1,
      rejected: 0,
      warnings: [],
    });
  });

  test('that throws is a span with an error, and throws the same', async () => {
    const { tracer, spans } = makeTracer();
    const error = new RangeError('no more');
    await expect(tracer.run(invocation(), () => Promise.reject(error))).rejects.toBe(error);
    await tracer.run(invocation(), async (span) => span.fail('answered 503'));
    await tracer.flush();
    expect(spans().map(({ status }) => status)).toEqual([
      { code: 2, message: 'no more' },
      { code: 2, message: 'answered 503' },
    ]);
    expect(plain(spans()[0]!.attributes)['error.type']).toBe('RangeError');
  });

  test('of several messages hangs below the first that is kept, and is linked to the others', async () => {
    const { tracer, spans } = makeTracer({ ratio: 0.5 });
    const other = `00-${'f'.repeat(32)}-00f067aa0ba902b7-01`;
    const kept = `00-${'e'.repeat(32)}-b7ad6b7169203331-01`;
    await tracer.run(invocation([undefined, LEFT_OUT, kept, other]), async () => {});
    await tracer.flush();
    expect(spans()).toHaveLength(1);
    expect([spans()[0]!.traceId, spans()[0]!.links.map(({ traceId }) => traceId.slice(0, 8))]).toEqual([
      'e'.repeat(32),
      ['0af76519', 'ffffffff'],
    ]);
  });

  test('whose trace is not kept is no span, and what it sends tells of none', async () => {
    const { tracer, sent } = makeTracer({ ratio: 0.5 });
    expect(await tracer.run(invocation([LEFT_OUT]), async () => tracer.traceparent())).toBeUndefined();
    await tracer.flush();
    expect(sent).toEqual([]);
  });

  test('at a share of 0 costs nothing, and counts nothing', async () => {
    const { tracer, sent, selfMetrics } = makeTracer({ ratio: 0 });
    expect(await tracer.run(invocation([PARENT]), async () => 'done')).toBe('done');
    await tracer.flush();
    expect(sent).toEqual([]);
    expect(await selfMetrics.render()).not.toContain('sluice_self_spans');
  });

  test('beside another keeps its own context', async () => {
    const { tracer } = makeTracer();
    const both = await Promise.all(
      [PARENT, `00-${'a'.repeat(32)}-b7ad6b7169203331-01`].map((parent) =>
        tracer.run(invocation([parent]), async () => {
          await Promise.resolve();
          return tracer.traceparent()!.slice(3, 35);
        }),
      ),
    );
    expect(both).toEqual([TRACE, 'a'.repeat(32)]);
  });
});

describe('sending', () => {
  test.each([
    ['fails', () => Promise.reject(new Error('the queue is gone'))],
    [
      'throws',
      () => {
        throw new Error('at once');
      },
    ],
    ['never ends', () => new Promise<void>(() => {})],
  ])('that %s is counted, and neither thrown nor waited for', async (_name, send) => {
    const { tracer, selfMetrics } = makeTracer({ send, deadlineMs: 5 });
    await tracer.run(invocation(), async () => {});
    await tracer.flush();
    await tracer.flush();
    expect(await selfMetrics.render()).toContain('sluice_self_spans_lost_total{reason="not-sent"} 1');
  });

  test('that is never done does not fill the memory', async () => {
    const { tracer, selfMetrics, spans } = makeTracer();
    for (let i = 0; i < 150; i++) await tracer.run(invocation(), async () => {});
    await tracer.flush();
    expect(spans()).toHaveLength(100);
    expect(await selfMetrics.render()).toContain('sluice_self_spans_lost_total{reason="too-many"} 50');
  });

  test('onto the queue of traces makes a message like any other, of the tenant of the pipeline', async () => {
    const clock = createFakeClock(START_MS);
    const messages: OutgoingMessage[] = [];
    let outcome: SendOutcome = { status: 'ok', messageId: 'm' };
    const queue = {
      send: async (batch: readonly OutgoingMessage[]) => {
        messages.push(...batch);
        return [outcome];
      },
    };
    const { tracer } = makeTracer({ send: sendSpansToQueue(queue, clock) });
    await tracer.run(invocation(), async () => {});
    await tracer.flush();
    const envelope = decodeEnvelope(messages[0]!);
    expect(envelope).toMatchObject({ tenant: 'sluice', signal: 'traces', items: 1 });
    const raw = await inflateGzip(envelope.gzip);
    expect(decodeTraces(raw)[0]!.scopes[0]!.spans).toHaveLength(1);
    expect(messages[0]!.attributes.traceparent).toBeUndefined();
    outcome = { status: 'retryable', reason: 'throttled' };
    await expect(sendSpansToQueue(queue, clock)(raw, 1)).rejects.toThrow('throttled');
  });

  test('straight to a sink pushes them, and a refusal is a failure', async () => {
    const clock = createFakeClock(START_MS);
    const parts: TelemetryPart[] = [];
    let result: PushResult = { status: 'ok' };
    const push = async (_tenant: string, pushed: readonly TelemetryPart[]) => {
      parts.push(...pushed);
      return result;
    };
    const send = sendSpansToSink({ push }, clock);
    await send(Uint8Array.of(10, 0), 1);
    expect([parts[0]!.items, [...(await inflateGzip(parts[0]!.gzip))], [...(await parts[0]!.raw())]]).toEqual(
      [1, [10, 0], [10, 0]],
    );
    result = { status: 'permanent', reason: 'bad' };
    await expect(send(Uint8Array.of(10, 0), 1)).rejects.toThrow('bad');
  });
});

describe('what is sent on', () => {
  const message = (attributes: number, chars = 1): OutgoingMessage => ({
    body: 'x'.repeat(chars),
    attributes: Object.fromEntries(Array.from({ length: attributes }, (_, i) => [`a${i}`, 'v'])),
  });

  test('tells its span, unless that would be too much for SQS', async () => {
    const { tracer } = makeTracer();
    const seen: OutgoingMessage[] = [];
    const queue = withTraceparent(
      {
        name: 'traces',
        send: async (messages: readonly OutgoingMessage[]) => {
          seen.push(...messages);
          return [];
        },
      },
      tracer,
    );
    await queue.send([message(1)]);
    await tracer.run(invocation([PARENT]), () =>
      queue.send([message(1), message(8), message(9), message(1, 1_000_001)]),
    );
    const told = seen.map(({ attributes }) => attributes.traceparent?.slice(3, 35));
    expect(told).toEqual([undefined, TRACE, TRACE, undefined, undefined]);
    expect(queue.name).toBe('traces');
  });

  test('no metrics are made of our own spans', async () => {
    const counted: string[] = [];
    const before = exceptOwnSpans(async (jobs) => {
      counted.push(...jobs.map(({ envelope }) => envelope.tenant));
      return new Set();
    });
    const jobs = ['acme', 'sluice', 'beta'].map((tenant) => ({ envelope: { tenant } }));
    await before(jobs as unknown as Parameters<typeof before>[0]);
    expect(counted).toEqual(['acme', 'beta']);
  });
});
