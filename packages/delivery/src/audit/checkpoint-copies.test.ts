import { gunzipSync } from 'node:zlib';
import { decodeEnvelope } from '@sluice/core/envelope';
import { parseTenantId } from '@sluice/core/ids';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { decodeLogs } from '@sluice/otlp/decode-logs';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { expect, test } from 'vitest';
import { createCheckpointCopier } from './checkpoint-copies.ts';
import { findAuditRecords } from './find-audit-records.ts';

const tenant = parseTenantId('acme');
const note = 'sluice/audit/acme\n42\ncm9vdA==\nprevious 7\n\n— key sig\n';

test('a checkpoint becomes a log record of level AUDIT that holds the whole note and is no event of the trail', async () => {
  const clock = createFakeClock();
  const queue = createEmbeddedQueue({ database: createMemoryDatabase(), name: 'logs', clock });
  await createCheckpointCopier({ queue, clock })(tenant, note);
  const [message] = await queue.receive({ maxMessages: 1, visibilityTimeoutMs: 1000, waitMs: 0 });
  const { gzip, ...envelope } = decodeEnvelope(message!);
  const raw = gunzipSync(gzip);
  const [record] = decodeLogs(raw)[0]!.scopes[0]!.records;
  expect(record).toMatchObject({ severityText: 'AUDIT', body: { value: 'Audit checkpoint: 42 events' } });
  expect(record!.attributes).toContainEqual({ key: 'checkpoint', value: { type: 'string', value: note } });
  const part = { ...envelope, messageId: envelope.id, gzip, raw: async () => raw };
  expect((await findAuditRecords(tenant, part)).events).toEqual([]);
});

test('a queue that does not take it is told, so that it is sent again', async () => {
  const clock = createFakeClock();
  const queue = createEmbeddedQueue({ database: createMemoryDatabase(), name: 'logs', clock });
  const full = { ...queue, send: async () => [{ status: 'retryable', reason: 'full' }] as const };
  await expect(createCheckpointCopier({ queue: full, clock })(tenant, note)).rejects.toThrow(
    'did not take the copy',
  );
});
