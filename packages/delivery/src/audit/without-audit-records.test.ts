import type { MessageId } from '@sluice/core/ids';
import { parseTenantId } from '@sluice/core/ids';
import type { Sink, TelemetryPart } from '@sluice/core/ports/sink';
import { decodeLogs } from '@sluice/otlp/decode-logs';
import { convertJsonRequest } from '@sluice/otlp/json-request';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findAuditRecords } from './find-audit-records.ts';
import { withoutAuditRecords } from './without-audit-records.ts';

const tenant = parseTenantId('acme');
const nowMs = Date.UTC(2026, 4, 1);

interface Record {
  readonly level: string;
  readonly body: string;
}

const lyss = (level: string, fields: object): string =>
  JSON.stringify({ timestamp: '2026-05-01T00:00:00.5', service: 'lyss', version: '1.0.0', level, ...fields });

function makePart(groups: readonly (readonly Record[])[]): TelemetryPart {
  const resourceLogs = groups.map((records) => ({
    scopeLogs: [
      {
        logRecords: records.map(({ level, body }) => ({ severityText: level, body: { stringValue: body } })),
      },
    ],
  }));
  const { bytes } = convertJsonRequest('logs', Buffer.from(JSON.stringify({ resourceLogs })));
  const items = groups.flat().length;
  const messageId = 'a'.repeat(64) as MessageId;
  return { messageId, items, receivedAtMs: nowMs, gzip: new Uint8Array(), raw: async () => bytes };
}

/** What arrives at a sink behind the filter. */
async function pass(part: TelemetryPart): Promise<{ items: number; bodies: readonly string[] } | undefined> {
  let got: { items: number; bodies: readonly string[] } | undefined;
  const sink: Sink = {
    name: 'logs',
    maxRawBytes: 1e9,
    async push(_, [only]) {
      const records = decodeLogs(await only!.raw()).flatMap(({ scopes }) =>
        scopes.flatMap(({ records }) => records),
      );
      const bodies = records.map(({ body }) => (body.type === 'string' ? body.value : body.type));
      got = { items: only!.items, bodies };
      return { status: 'ok' };
    },
  };
  const signal = new AbortController().signal;
  const answer = await withoutAuditRecords(sink).push(tenant, [part], { signal });
  expect(answer).toEqual({ status: 'ok', items: got?.items ?? 0 });
  return got;
}

test('records that enter the trail are left out, all others pass as they are', async () => {
  const part = makePart([
    [
      { level: 'INFO', body: 'AUDIT is only a word here' },
      { level: 'AUDIT', body: 'login of ada' },
    ],
    [
      { level: 'INFO', body: lyss('AUDIT', { event_type: 'data_export', user_id: 'ada', action: 'x' }) },
      { level: 'SECURITY', body: lyss('SECURITY', { event_type: 'brute_force', severity: 'high' }) },
      { level: 'WARN', body: 'disk is filling' },
    ],
  ]);
  expect(await pass(part)).toEqual({ items: 2, bodies: ['AUDIT is only a word here', 'disk is filling'] });
  const { events } = await findAuditRecords(tenant, part);
  expect(events.map(({ type, level, category, actor }) => [type, level, category, actor?.id])).toEqual([
    ['login of ada', 'INFO', 'user', undefined],
    ['data_export', 'INFO', 'user', 'ada'],
    ['brute_force', 'CRITICAL', 'security', undefined],
  ]);
  expect(events[1]?.time).toBe('2026-05-01T00:00:00.500Z');
});

test('a record of level AUDIT that is no audit event stays where it is, so that it is not lost', async () => {
  const body = lyss('AUDIT', { event_type: 'x', actor: { name: 'nobody' } });
  const part = makePart([[{ level: 'AUDIT', body }]]);
  expect((await pass(part))?.bodies).toEqual([body]);
  expect((await findAuditRecords(tenant, part)).rejections).toEqual([
    { status: 'rejected', path: '$.actor.id', reason: expect.stringContaining('missing') },
  ]);
});

test('a request of nothing else reaches no log store at all', async () => {
  expect(
    await pass(makePart([[{ level: 'security', body: 'x' }], [{ level: 'Audit', body: 'y' }]])),
  ).toBeUndefined();
});

test('over any request: what is cut and what passes make the whole', async () => {
  const record = fc.record({
    level: fc.constantFrom('INFO', 'AUDIT', 'SECURITY', ''),
    body: fc.oneof(fc.string({ maxLength: 300 }), fc.constant('audit trail')),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(record, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
      async (groups) => {
        const records = groups.flat();
        const plain = records.filter(({ level }) => level !== 'AUDIT' && level !== 'SECURITY');
        const part = makePart(groups);
        const got = await pass(part);
        expect(got?.bodies ?? []).toEqual(plain.map(({ body }) => body));
        expect((await findAuditRecords(tenant, part)).events.length).toBe(records.length - plain.length);
      },
    ),
    { numRuns: 100 },
  );
});
