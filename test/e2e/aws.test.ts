/**
 * The functions as they are deployed, bundled and in processes of their own, over emulators of AWS: what is sent
 * arrives, whatever happens to environments and destinations.
 */
import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { deadLetterName } from '@sluice/core/names';
import { makeLogRequest, makeMetricRequest, makeTraceRequest } from '@sluice/otlp/testing/requests';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cloud, startCloud } from '../aws/cloud.ts';
import { countLogs, eventually, postOtlp, tracesIn } from './pipeline-client.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
}, 120_000);
afterAll(() => cloud.close());

const authorization = (): { authorization: string } => ({ authorization: `Bearer ${cloud.secret}` });
async function postAudit(event: object): Promise<number> {
  const response = await fetch(`${cloud.ingestUrl}/v1/audit`, {
    method: 'POST',
    headers: { ...authorization(), 'content-type': 'application/json' },
    body: JSON.stringify(event),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return response.status;
}
const read = async (path: string, init: RequestInit = {}): Promise<{ status: number; text: string }> => {
  const response = await fetch(`${cloud.queryUrl}${path}`, {
    ...init,
    headers: { ...authorization(), ...init.headers },
  });
  return { status: response.status, text: await response.text() };
};
const hasCalled = (name: string, called: string): boolean =>
  cloud.aws.calls.some(({ caller, action }) => caller === name && action === called);
const spanIdsIn = (bytes: Uint8Array): readonly string[] => [...tracesIn(bytes).values()].flat();
const delivered = (): ReadonlySet<string> =>
  new Set(
    cloud.tempo
      .spans()
      .map(({ spanId }) => (typeof spanId === 'string' ? spanId : Buffer.from(spanId).toString('hex'))),
  );

test('without a key nothing is taken', async () => {
  expect(
    await postOtlp(cloud.ingestUrl, 'traces', makeTraceRequest({ spans: 1, seed: 1, nowMs: Date.now() })),
  ).toBe(401);
});

test('traces, logs, metrics and audit events arrive where they belong', async () => {
  const shape = { seed: 7, services: 2, nowMs: Date.now() };
  const traces = makeTraceRequest({ ...shape, spans: 60 });
  const logs = makeLogRequest({ ...shape, records: 40 });
  expect(await postOtlp(cloud.ingestUrl, 'traces', traces, authorization())).toBe(200);
  expect(await postOtlp(cloud.ingestUrl, 'logs', logs, authorization())).toBe(200);
  expect(
    await postOtlp(cloud.ingestUrl, 'metrics', makeMetricRequest({ ...shape, points: 50 }), authorization()),
  ).toBe(200);
  expect(
    await postAudit({ id: 'evt-1', type: 'USER_ACTION', action: 'login', actor: { id: 'u1' } }),
  ).toBeLessThan(300);

  const wanted = spanIdsIn(traces);
  await eventually('all spans', async () => (wanted.every((id) => delivered().has(id)) ? true : undefined));
  await eventually('all log records', async () =>
    cloud.loki.entries().length >= countLogs(logs) ? true : undefined,
  );
  await eventually('records in CloudWatch', async () =>
    cloud.logs.events('/sluice/production/app').length > 0 ? true : undefined,
  );
});

test('the trail is recorded, sealed with the key in KMS, proved and read', async () => {
  await eventually('the event', async () =>
    (await read('/v1/audit/events')).text.includes('login') ? true : undefined,
  );
  await cloud.schedule('seal-audit');
  const checkpoints = await eventually('the checkpoint', async () => {
    const { status, text } = await read('/v1/audit/checkpoints');
    return status === 200 && text.includes('sluice-audit') ? text : undefined;
  });
  expect(checkpoints).toMatch(/sluice-audit/);
  const proof = await read('/v1/audit/verify', { method: 'POST' });
  expect([proof.status, JSON.parse(proof.text)]).toMatchObject([200, { ok: true, findings: [] }]);
  await cloud.schedule('keep-audit');
  expect(cloud.functions.get('keep-audit')!.log.join('\n')).not.toMatch(/tampered/);
});

test('points become snapshots at the tick, go to Mimir, and are compacted', async () => {
  await eventually(
    'series in Mimir',
    async () => {
      await cloud.schedule('tick');
      return cloud.mimir.series().size > 0 ? true : undefined;
    },
    100_000,
  );
  await cloud.schedule('compact-metrics');
  expect(cloud.mimir.violations()).toEqual([]);
  expect((await read(`/api/v1/query?query=${encodeURIComponent('count({__name__=~".+"})')}`)).status).toBe(
    200,
  );
});

test('environments that are killed at work lose nothing', async () => {
  const sent: string[] = [];
  for (let round = 0; round < 12; round++) {
    const bytes = makeTraceRequest({ spans: 20, seed: 100 + round, nowMs: Date.now() });
    // A request that broke off is sent again, as SDKs do.
    while ((await postOtlp(cloud.ingestUrl, 'traces', bytes, authorization())) !== 200);
    sent.push(...spanIdsIn(bytes));
    if (round % 3 === 1) cloud.functions.get('deliver-traces')!.kill();
    if (round % 4 === 2) cloud.functions.get('ingest')!.kill();
  }
  await eventually(
    'all spans in spite of it',
    async () => {
      const found = delivered();
      return sent.every((id) => found.has(id)) ? true : undefined;
    },
    60_000,
  );
});

test('what nobody can read is kept among the dead letters of its queue', async () => {
  const QUEUES = ['traces', 'logs', 'metrics', 'audit.fifo', 'notifications'];
  for (const name of QUEUES) {
    const group = name.endsWith('.fifo') ? { MessageGroupId: 'acme', MessageDeduplicationId: 'poison' } : {};
    const message = { QueueUrl: cloud.queueUrl(name), MessageBody: 'poison', ...group };
    await cloud.sqs.send(new SendMessageCommand(message));
  }
  for (const name of QUEUES) {
    const QueueUrl = cloud.queueUrl(deadLetterName(name));
    await eventually(`the dead letter of ${name}`, async () => {
      const { Messages = [] } = await cloud.sqs.send(
        new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }),
      );
      return Messages.some(({ Body }) => Body === 'poison') ? true : undefined;
    });
  }
});

test('a destination that is down keeps its messages waiting, and gets them when it is back', async () => {
  const bytes = makeTraceRequest({ spans: 5, seed: 900, nowMs: Date.now() });
  cloud.tempo.faults.setDown(true);
  expect(await postOtlp(cloud.ingestUrl, 'traces', bytes, authorization())).toBe(200);
  await eventually('the wait', async () =>
    hasCalled('deliver-traces', 'sqs:ChangeMessageVisibility') ? true : undefined,
  );
  cloud.tempo.faults.setDown(false);
  await eventually('the spans', async () =>
    spanIdsIn(bytes).every((id) => delivered().has(id)) ? true : undefined,
  );
});

test('Insights runs in CloudWatch, over the records of the tenant', async () => {
  const { status, text } = await read('/v1/logs/insights', {
    method: 'POST',
    body: JSON.stringify({ query: 'fields @message | limit 5', groups: ['app', 'audit', 'security'] }),
  });
  expect([status, text]).toEqual([200, expect.any(String)]);
});
