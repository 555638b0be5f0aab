/**
 * The functions' own spans, with the words of OpenTelemetry's semantic conventions (FaaS, HTTP, messaging, cloud):
 * how one begins for each kind of event, and where they go.
 */
import { ATTRIBUTE, CLOUD_ENV, ENV, HEADER, SELF_TENANT } from '@sluice/core/names';
import { type Environment, readRatio, readText } from '@sluice/core/settings';
import { SPAN_KIND, type SpanAttributes } from '@sluice/delivery/self-traces/encode-self-spans';
import { routeOf } from '@sluice/delivery/self-traces/http-route';
import { createSelfTracer, type Invocation, type SelfTracer } from '@sluice/delivery/self-traces/self-tracer';
import { type SendSpans, sendSpansToQueue } from '@sluice/delivery/self-traces/send-spans';
import type { LambdaContext, SqsEvent } from '@sluice/platform/aws/event-source';
import type { CloudProcess } from './process.ts';
import { openPlainQueue } from './queues.ts';
import { requireText } from './require-text.ts';

type Parts = Pick<CloudProcess, 'env' | 'clock' | 'selfMetrics'>;

/** What a function that makes no span of its own sending hands over: by default all go onto the queue of traces. */
export function openSelfTracer(parts: Parts, send?: SendSpans): SelfTracer {
  const { env, clock } = parts;
  const ratio = readRatio(env, ENV.selfTracesRatio, 0);
  const toQueue = send === undefined ? openPlainQueue({ env }, CLOUD_ENV.tracesQueue) : undefined;
  return createSelfTracer({
    ...parts,
    ratio,
    resource: resourceOf(env),
    send: send ?? sendSpansToQueue(toQueue!, clock),
  });
}

function resourceOf(env: Environment): SpanAttributes {
  const name = readText(env, 'AWS_LAMBDA_FUNCTION_NAME');
  const memoryMb = Number(readText(env, 'AWS_LAMBDA_FUNCTION_MEMORY_SIZE'));
  return {
    'service.name': `sluice-${requireText(env, CLOUD_ENV.functionName)}`,
    'service.namespace': 'sluice',
    'deployment.environment.name': requireText(env, CLOUD_ENV.stage),
    'cloud.provider': 'aws',
    'cloud.platform': 'aws_lambda',
    'cloud.region': readText(env, 'AWS_REGION'),
    'faas.name': name,
    'faas.version': readText(env, 'AWS_LAMBDA_FUNCTION_VERSION'),
    'faas.instance': readText(env, 'AWS_LAMBDA_LOG_STREAM_NAME'),
    'faas.max_memory': Number.isFinite(memoryMb) ? memoryMb * 1024 * 1024 : undefined,
  };
}

/** The first event of an environment is the one that waited for its start. */
let isCold = true;

function faas(
  trigger: 'http' | 'pubsub' | 'timer',
  context: Partial<LambdaContext> | undefined,
): SpanAttributes {
  const coldstart = isCold;
  isCold = false;
  return {
    'faas.trigger': trigger,
    'faas.invocation_id': context?.awsRequestId,
    'cloud.resource_id': context?.invokedFunctionArn,
    'faas.coldstart': coldstart,
  };
}

/** What is read of a request's event (Lambda developer guide § Function URL request payload, version 2.0). */
interface HttpEvent {
  readonly rawPath?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly requestContext?: { readonly http?: { readonly method?: string } };
}

export function httpInvocation(received: unknown, context: Partial<LambdaContext> | undefined): Invocation {
  const event = received as HttpEvent;
  const method = event.requestContext?.http?.method ?? '_OTHER';
  const route = routeOf(event.rawPath ?? '');
  return {
    name: route === undefined ? method : `${method} ${route}`,
    kind: SPAN_KIND.server,
    attributes: {
      ...faas('http', context),
      'http.request.method': method,
      'http.route': route,
      'url.scheme': 'https',
    },
    parents: [event.headers?.[HEADER.traceparent]],
  };
}

/** `undefined` for a batch of nothing but the pipeline's own spans: their delivery makes no more of them. */
export function batchInvocation(
  { Records }: SqsEvent,
  { queue, context }: { readonly queue: string; readonly context: LambdaContext },
): Invocation | undefined {
  const attribute = (i: number, name: string) => Records[i]!.messageAttributes[name]?.stringValue;
  const isOwn = Records.every((_, i) => attribute(i, ATTRIBUTE.tenant) === SELF_TENANT);
  if (isOwn) return undefined;
  return {
    name: `process ${queue}`,
    kind: SPAN_KIND.consumer,
    attributes: {
      ...faas('pubsub', context),
      'messaging.system': 'aws_sqs',
      'messaging.operation.type': 'process',
      'messaging.operation.name': 'process',
      'messaging.destination.name': queue,
      'messaging.batch.message_count': Records.length,
    },
    parents: Records.map((_, i) => attribute(i, ATTRIBUTE.traceparent)),
  };
}

export function scheduleInvocation(
  job: string,
  event: unknown,
  context: Partial<LambdaContext> | undefined,
): Invocation {
  const { scheduledAtMs } = (event ?? {}) as { readonly scheduledAtMs?: unknown };
  return {
    name: job,
    kind: SPAN_KIND.server,
    attributes: {
      ...faas('timer', context),
      'faas.time': typeof scheduledAtMs === 'string' ? scheduledAtMs : undefined,
    },
    parents: [],
  };
}
