/** Questions to a trail of a million events, in a file, as local mode keeps it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bench, leastCpuMs } from '@sluice/core/testing/bench';
import { openDatabase } from '@sluice/platform/embedded/database';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createKeyring } from '../keyring.ts';
import { ACME, createAuditFixture } from '../testing/audit-fixture.ts';
import { loadTrail } from '../testing/load-trail.ts';
import { createTrailReader } from './trail-reader.ts';

const EVENTS = Number(process.env.SLUICE_BENCH_AUDIT_TRAIL ?? 1_000_000);

export const bench: Bench = {
  name: `audit: questions to a trail of ${EVENTS.toLocaleString('en-US')} events`,
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    const database = openDatabase({ path: join(folder, 'trail.db'), synchronous: 'OFF' });
    try {
      const fixture = createAuditFixture();
      const table = createEmbeddedTable({ database, name: 'audit', clock: fixture.clock });
      const keyring = createKeyring({ ...fixture, table });
      const startMs = fixture.clock.nowMs();
      await loadTrail(ACME, {
        table,
        keyring,
        events: EVENTS,
        segmentEvents: 100,
        eventBytes: 600,
        startMs,
        make: (timeMs) => ({
          ...fixture.event({ type: 'USER_LOGIN', user_id: 'user123', action: 'login', result: 'success' }),
          time: new Date(timeMs).toISOString(),
        }),
      });
      const reader = createTrailReader({ table, keyring });
      const middleMs = startMs + (EVENTS / 100 / 2) * 1000;
      const ask = (filter: object, order: 'newest' | 'oldest'): Promise<number> =>
        leastCpuMs(async () => {
          const { events } = await reader.query(
            ACME,
            { actors: ['user123'], ...filter },
            { limit: 50, order },
          );
          if (events.length !== 50) throw new Error(`${events.length} events where 50 are expected`);
        });
      const figure = (name: string, value: number) => ({
        name,
        value,
        unit: 'CPU ms',
        limit: { kind: 'at most' as const, value: 50 },
      });
      return [
        figure('50 newest of one actor', await ask({}, 'newest')),
        figure('50 oldest of one actor in a range of time', await ask({ fromMs: middleMs }, 'oldest')),
        figure(
          '50 newest of one actor, type and text',
          await ask({ types: ['USER_LOGIN'], text: 'user123' }, 'newest'),
        ),
      ];
    } finally {
      await database.close();
      rmSync(folder, { recursive: true });
    }
  },
};
