/** What a core does on the way of logs to Loki: read, shape, encode and compress. */
import { type Bench, leastCpuMs } from '@sluice/core/testing/bench';
import { createLogShaper } from '../logs/shape-logs.ts';
import { encodeSnappy } from '../snappy.ts';
import { makeShopLogs } from '../testing/log-requests.ts';
import { createPushBuilder, encodePushRequest } from './push-request.ts';

const MESSAGES = 20;
const RECORDS = 500;

export const bench: Bench = {
  name: 'logs to Loki',
  async run() {
    const requests = Array.from({ length: MESSAGES }, (_, i) =>
      makeShopLogs({
        records: RECORDS,
        seed: i + 1,
        startNs: 1_767_225_600_000_000_000n + BigInt(i) * 1_000_000_000n,
      }),
    );
    const shaper = createLogShaper();
    const encode = (group: readonly Uint8Array[]): Uint8Array => {
      const builder = createPushBuilder({ rawBytes: group.reduce((sum, raw) => sum + raw.length, 0) });
      for (const raw of group) {
        builder.startMessage();
        shaper.shape(raw, 1_767_225_600_000, builder);
      }
      return encodePushRequest(builder.streams.values());
    };
    const perSecond = (ms: number): number => (MESSAGES * RECORDS) / (ms / 1000);
    const shape = await leastCpuMs(() => {
      for (let i = 0; i < MESSAGES; i += 5) encode(requests.slice(i, i + 5));
    });
    const all = await leastCpuMs(() => {
      for (let i = 0; i < MESSAGES; i += 5) encodeSnappy(encode(requests.slice(i, i + 5)));
    });
    return [
      {
        name: 'read, shape and encode',
        value: perSecond(shape),
        unit: 'records/s/core',
        limit: { kind: 'at least', value: 250_000 },
      },
      {
        name: 'read, shape, encode and compress',
        value: perSecond(all),
        unit: 'records/s/core',
        limit: { kind: 'at least', value: 250_000 },
      },
    ];
  },
};
