/** Append, verify and query of one tenant's trail, on the embedded table. */
import { type Bench, cpuMs, type Figure, leastCpuMs } from '@sluice/core/testing/bench';
import { createCountingTable } from '@sluice/platform/counting-table';
import { createAuditLog } from './audit-log.ts';
import { createKeyring } from './keyring.ts';
import { createTrailReader } from './read/trail-reader.ts';
import { sealLog } from './seal.ts';
import { ACME, createAuditFixture } from './testing/audit-fixture.ts';
import { verifyLog } from './verify/verify-log.ts';

const BATCH = 100;
const BATCHES = Number(process.env.SLUICE_BENCH_AUDIT_EVENTS ?? 50_000) / BATCH;

export const bench: Bench = {
  name: 'audit: one tenant, batches of 100 events with an id each',
  async run(): Promise<readonly Figure[]> {
    const fixture = createAuditFixture();
    const table = createCountingTable(fixture.table);
    const keyring = createKeyring({ ...fixture, table });
    const log = createAuditLog({ ...fixture, table, keyring });
    let number = 0;
    const makeBatch = () =>
      Array.from({ length: BATCH }, () => {
        number += 1;
        return fixture.event({
          id: `evt-${number}`,
          type: ['USER_LOGIN', 'DATA_EXPORT', 'CONFIG_CHANGE'][number % 3]!,
          user_id: `user-${number % 997}`,
          action: 'update',
          resource: `document-${number % 5000}`,
          result: 'success',
          source_ip: '203.0.113.7',
        });
      });
    const append = await cpuMs(async () => {
      for (let i = 0; i < BATCHES; i++) await log.append(ACME, makeBatch());
    });
    const { writeUnits } = table.counts();
    await sealLog(ACME, { table, log, signer: fixture.signer, publish: async () => {} });
    const verify = (lookUps: boolean): Promise<number> =>
      cpuMs(async () => {
        const { ok } = await verifyLog(ACME, {
          table: fixture.table,
          keyring,
          keys: [fixture.signer],
          lookUps,
        });
        if (!ok) throw new Error('the log of the bench does not verify');
      });
    const verifyLogMs = await verify(false);
    const verifyAllMs = await verify(true);
    const reader = createTrailReader({ table, keyring });
    const query = await leastCpuMs(async () => {
      await reader.query(ACME, { actors: ['user-17'] }, { limit: 50, order: 'newest' });
    });
    return [
      {
        name: 'append (parse, seal, hash, put, look-ups)',
        value: number / (append / 1000),
        unit: 'events per CPU second',
        limit: { kind: 'at least', value: 2000 },
      },
      {
        name: 'write units per event',
        value: writeUnits / number,
        unit: 'units',
        limit: { kind: 'at most', value: 4 },
      },
      {
        name: 'verify events, tree, keys and checkpoints',
        value: number / (verifyLogMs / 1000),
        unit: 'events per CPU second',
        limit: { kind: 'at least', value: 100_000 },
      },
      {
        name: 'verify every stored item, look-ups included',
        value: number / (verifyAllMs / 1000),
        unit: 'events per CPU second',
        limit: { kind: 'at least', value: 20_000 },
      },
      {
        name: `50 newest of one actor among ${number} events`,
        value: query,
        unit: 'CPU ms',
        limit: { kind: 'at most', value: 50 },
      },
    ];
  },
};
