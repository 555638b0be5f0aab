import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { expect, test } from 'vitest';
import { createMemorySnapshots } from '../testing/memory-snapshots.ts';
import { createSnapshotBuilder } from '../testing/snapshot-builder.ts';
import { compactShard } from './compact-shard.ts';
import { increaseAt } from './entry-set.ts';
import { createRollupSettings } from './rollup-settings.ts';
import { loadHeaders, readFile } from './rollup-store.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1, 10);

test('an hour of snapshots becomes a complete file whose increases are those that were counted', async () => {
  const clock = createFakeClock(START);
  const table = createEmbeddedTable({ database: createMemoryDatabase(), name: 'metrics', clock });
  const snapshots = createMemorySnapshots();
  const settings = createRollupSettings();
  const builder = createSnapshotBuilder({ startMs: START });
  const name = { __name__: 'requests_total', job: 'shop' };
  const deps = { table, snapshots, settings };
  for (let minute = 1; minute <= 61; minute++) {
    builder.count(name, minute);
    snapshots.put(builder.tick(START + minute * MINUTE));
    clock.set(START + minute * MINUTE);
    if (minute % 10 === 1) await compactShard({ tenant: 'default', shard: 0, nowMs: clock.nowMs() }, deps);
  }
  const key = { tenant: 'default', shard: 0, tier: '1m' };
  const headers = await loadHeaders(table, key, {
    fromMs: START,
    untilMs: clock.nowMs(),
    spanMs: 60 * MINUTE,
  });
  expect(headers.map(({ spanStartMs }) => spanStartMs)).toEqual([START, START + 60 * MINUTE]);
  expect(headers[0]!).toMatchObject({ isComplete: true, coveredMs: START + 60 * MINUTE });
  const { entries } = await readFile(table, headers[0]!);
  const entry = entries.find((candidate) => candidate.kind === 'counter')!;
  const [column] = entry.columns();
  expect(Array.from({ length: 60 }, (_, i) => increaseAt(column!, i))).toEqual(
    Array.from({ length: 60 }, (_, i) => i + 1),
  );
});
