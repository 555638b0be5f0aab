/** What a core does on the way of logs to CloudWatch: read, shape, sort into batches, and write the requests' JSON. */
import { gzipSync } from 'node:zlib';
import type { MessageId, TenantId } from '@sluice/core/ids';
import { type Bench, leastCpuMs } from '@sluice/core/testing/bench';
import { makeShopLogs } from '../testing/log-requests.ts';
import { restamp, toBatches } from './event-batches.ts';
import { createEventShaper, toLogEvents } from './log-events.ts';

const MESSAGES = 5;
const RECORDS = 500;
const NOW_MS = 1_767_225_600_000;

export const bench: Bench = {
  name: 'logs to CloudWatch Logs',
  async run() {
    const parts = Array.from({ length: MESSAGES }, (_, i) => {
      const raw = makeShopLogs({
        records: RECORDS,
        seed: i + 1,
        startNs: BigInt(NOW_MS - i * 1000) * 1_000_000n,
      });
      const gzip = gzipSync(raw);
      return {
        messageId: `${i}` as MessageId,
        items: RECORDS,
        receivedAtMs: NOW_MS,
        gzip,
        raw: async () => raw,
      };
    });
    const shaper = createEventShaper();
    const ms = await leastCpuMs(
      async () => {
        const { app } = await toLogEvents(parts, { shaper, tenant: 'default' as TenantId });
        const { events } = restamp(app, { nowMs: NOW_MS, retentionDays: 30 });
        for (const batch of toBatches(events)) {
          JSON.stringify(batch.map(({ timestamp, message }) => ({ timestamp, message })));
        }
      },
      { callsPerRound: 4 },
    );
    return [
      {
        name: 'read, shape, batch and encode',
        value: (MESSAGES * RECORDS) / (ms / 1000),
        unit: 'records/s/core',
        limit: { kind: 'at least', value: 100_000 },
      },
    ];
  },
};
