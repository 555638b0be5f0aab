/** Two ways for the pipeline's own spans: onto the queue of traces, or straight to a sink of traces. */
import { encodeEnvelope, messageIdOf } from '@sluice/core/envelope';
import { deflateGzip } from '@sluice/core/gzip';
import { parseTenantId, type TenantId } from '@sluice/core/ids';
import { ATTRIBUTE, SELF_TENANT } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { OutgoingMessage, Queue } from '@sluice/core/ports/queue';
import type { Sink } from '@sluice/core/ports/sink';
import type { BeforePush } from '../deliver-handler.ts';
import type { SelfTracer, SelfTracerOptions } from './self-tracer.ts';

export type SendSpans = SelfTracerOptions['send'];

const TENANT = parseTenantId(SELF_TENANT);
/** Of a message: an attribute more must never be what makes it too large or too rich for SQS. */
const MAX_BODY_CHARS = 1_000_000;
const MAX_ATTRIBUTES = 8;

/** @throws Error (by the answer) when the queue does not take it */
export function sendSpansToQueue(queue: Pick<Queue, 'send'>, clock: Pick<Clock, 'nowMs'>): SendSpans {
  return async (request, items) => {
    const id = messageIdOf(TENANT, 'traces', request);
    const gzip = await deflateGzip(request);
    const message = encodeEnvelope({
      id,
      signal: 'traces',
      tenant: TENANT,
      items,
      receivedAtMs: clock.nowMs(),
      gzip,
    });
    const [outcome] = await queue.send([message]);
    if (outcome?.status !== 'ok') throw new Error(outcome?.reason ?? 'the queue did not answer');
  };
}

/** @throws Error (by the answer) when the sink does not take it */
export function sendSpansToSink(
  sink: Pick<Sink, 'push'>,
  clock: Pick<Clock, 'nowMs'>,
  tenant: TenantId = TENANT,
): SendSpans {
  return async (request, items) => {
    const part = {
      messageId: messageIdOf(tenant, 'traces', request),
      items,
      receivedAtMs: clock.nowMs(),
      gzip: await deflateGzip(request),
      raw: async () => request,
    };
    const result = await sink.push(tenant, [part], { signal: new AbortController().signal });
    if (result.status !== 'ok') throw new Error(result.reason);
  };
}

/** The queue, but that messages tell which span sent them. */
export function withTraceparent<Q extends Pick<Queue, 'send'>>(
  queue: Q,
  tracer: Pick<SelfTracer, 'traceparent'>,
): Q {
  const mark = (message: OutgoingMessage, traceparent: string): OutgoingMessage => {
    const isFull =
      message.body.length > MAX_BODY_CHARS || Object.keys(message.attributes).length > MAX_ATTRIBUTES;
    return isFull
      ? message
      : { ...message, attributes: { ...message.attributes, [ATTRIBUTE.traceparent]: traceparent } };
  };
  return {
    ...queue,
    send(messages) {
      const traceparent = tracer.traceparent();
      return queue.send(
        traceparent === undefined ? messages : messages.map((message) => mark(message, traceparent)),
      );
    },
  };
}

/** Of the pipeline's own spans no metrics are made: they are a share of what happened, and metrics tell all of it. */
export function exceptOwnSpans(beforePush: BeforePush): BeforePush {
  return (jobs) => beforePush(jobs.filter(({ envelope }) => envelope.tenant !== TENANT));
}
