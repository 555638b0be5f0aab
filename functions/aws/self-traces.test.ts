import type { Queue } from '@sluice/core/ports/queue';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { decodeTraces } from '@sluice/otlp/decode-traces';
import type { AnyValue } from '@sluice/otlp/model';
import type { SqsRecord } from '@sluice/platform/aws/event-source';
import { expect, test } from 'vitest';
import { toQueueHandler } from './queue-door.ts';
import { toScheduleHandler } from './schedule-door.ts';
import { httpInvocation, openSelfTracer } from './self-traces.ts';

const CONTEXT = {
  getRemainingTimeInMillis: () => 1000,
  awsRequestId: 'request-1',
  invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:sluice-dev-tick',
};
const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

function makeProcess() {
  const sent: Uint8Array[] = [];
  const env = {
    SLUICE_SELF_TRACES_RATIO: '1',
    SLUICE_STAGE: 'dev',
    SLUICE_FUNCTION: 'tick',
    AWS_LAMBDA_FUNCTION_NAME: 'sluice-dev-tick',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
  };
  const parts = { env, clock: createFakeClock(), selfMetrics: createSelfMetrics() };
  const tracer = openSelfTracer(parts, async (request) => void sent.push(request));
  const exported = () =>
    sent.map((request) => {
      const [{ resource, scopes }] = decodeTraces(request) as [ReturnType<typeof decodeTraces>[number]];
      const plain = (list: typeof resource.attributes) =>
        Object.fromEntries(
          list.map(({ key, value }) => [key, (value as Extract<AnyValue, { value: unknown }>).value]),
        );
      const span = scopes[0]!.spans[0]!;
      return { ...span, attributes: plain(span.attributes), resource: plain(resource.attributes) };
    });
  return { process: { tracer, report: async () => {} }, exported };
}

const record = (messageAttributes: Readonly<Record<string, string>>): SqsRecord => ({
  messageId: 'm',
  receiptHandle: 'r',
  body: '',
  attributes: {},
  messageAttributes: Object.fromEntries(
    Object.entries(messageAttributes).map(([name, stringValue]) => [name, { stringValue }]),
  ),
});

test('a schedule is a span of the timer, also when the job fails', async () => {
  const { process, exported } = makeProcess();
  let fails = false;
  const run = async () => {
    if (fails) throw new Error('the table is down');
  };
  const handler = toScheduleHandler({ name: 'tick', intervalMs: 60_000, run }, { process });
  const event = { job: 'tick', scheduledAtMs: '2026-01-01T00:00:00Z' };
  await handler(event, CONTEXT);
  fails = true;
  await expect(handler(event, CONTEXT)).rejects.toThrow('the table is down');
  const [first, second] = exported();
  expect(first).toMatchObject({
    name: 'tick',
    kind: 2,
    attributes: {
      'faas.trigger': 'timer',
      'faas.time': '2026-01-01T00:00:00Z',
      'faas.invocation_id': 'request-1',
      'cloud.resource_id': CONTEXT.invokedFunctionArn,
    },
    resource: {
      'service.name': 'sluice-tick',
      'deployment.environment.name': 'dev',
      'cloud.platform': 'aws_lambda',
      'faas.name': 'sluice-dev-tick',
      'faas.max_memory': 268_435_456n,
    },
  });
  // The first event of the process was cold, whichever test it was in; the second never is.
  expect(second).toMatchObject({
    status: { code: 2, message: 'the table is down' },
    attributes: { 'faas.coldstart': false },
  });
});

test('a batch hangs below the span that sent its message, and tells what failed', async () => {
  const { process, exported } = makeProcess();
  const queue = { name: 'sluice-dev-logs' } as Queue;
  const handler = toQueueHandler(async () => ({ failures: [{ messageId: 'm' }] }), { queue, process });
  const Records = [record({ tenant: 'acme', traceparent: PARENT }), record({ tenant: 'sluice' })];
  expect(await handler({ Records }, CONTEXT)).toEqual({ batchItemFailures: [{ itemIdentifier: 'm' }] });
  expect(exported()).toMatchObject([
    {
      name: 'process sluice-dev-logs',
      kind: 5,
      traceId: PARENT.slice(3, 35),
      parentSpanId: 'b7ad6b7169203331',
      attributes: {
        'messaging.system': 'aws_sqs',
        'messaging.operation.type': 'process',
        'messaging.destination.name': 'sluice-dev-logs',
        'messaging.batch.message_count': 2n,
        'sluice.batch.failures': 1n,
      },
    },
  ]);
});

test('the delivery of our own spans makes no more of them', async () => {
  const { process, exported } = makeProcess();
  const queue = { name: 'sluice-dev-traces' } as Queue;
  let calls = 0;
  const handler = toQueueHandler(
    async () => {
      calls += 1;
      return { failures: [] };
    },
    { queue, process },
  );
  await handler({ Records: [record({ tenant: 'sluice' }), record({ tenant: 'sluice' })] }, CONTEXT);
  expect([calls, exported()]).toEqual([1, []]);
});

test.each([
  ['POST', '/v1/traces', 'POST /v1/traces'],
  ['GET', '/v1/audit/events/ev_1234', 'GET'],
  ['GET', '/api/v1/query', 'GET /api/v1/query'],
])('%s %s is the span %j: what names somebody is left out', (method, rawPath, name) => {
  const event = { rawPath, headers: { traceparent: PARENT }, requestContext: { http: { method } } };
  const invocation = httpInvocation(event, CONTEXT);
  expect(invocation).toMatchObject({ name, parents: [PARENT] });
  expect(JSON.stringify(invocation)).not.toContain('ev_1234');
});
