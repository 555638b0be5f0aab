import { parseTenantId } from '@sluice/core/ids';
import { createLogger, silentLogger } from '@sluice/core/logger';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { expect, test } from 'vitest';
import type { RecordedBatch } from '../tick/recorded-series.ts';
import { createBurnAlertSource, createSloSetWatch, NO_SLOS, readSloSet } from './slo-set.ts';
import { listSloViews } from './slo-views.ts';
import { createSloWorld, REQUESTS_SPEC, WORLD_START_MS } from './testing/slo-world.ts';
import { createUpdateSlos } from './update-slos.ts';

function createFolder(files: Record<string, string>) {
  return {
    files,
    read: (path: string) => files[path],
    glob: (pattern: string) =>
      Object.keys(files)
        .filter((path) => path.startsWith('slo/') && path.endsWith(pattern.slice(-4)))
        .sort(),
    signature: () => JSON.stringify(files),
    reset: () => {},
  };
}

test('a folder is taken over whole or not at all, and read again when it changes', () => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', write: (line) => void lines.push(line), nowMs: () => 0 });
  const folder = createFolder({ 'slo/shop.yml': REQUESTS_SPEC, 'sluice.yml': 'rules: {tenants: [acme]}' });
  const watch = createSloSetWatch(folder, { logger });
  expect(watch.current()).toBe(NO_SLOS);
  expect(watch.refresh()).toBe(true);
  expect(watch.refresh()).toBe(false);
  expect(watch.current()).toMatchObject({ tenants: ['acme'], plans: [{ slo: { id: 'shop-availability' } }] });
  const alerts = createBurnAlertSource(folder);
  const before = alerts();
  expect(before.map(({ file }) => file)).toEqual(['slo/shop.yml']);
  expect(before[0]!.source).toContain('alert: ShopBurns');
  expect(before[0]!.source).not.toContain('record:');
  folder.files['slo/more.yml'] = 'version: prometheus/v1\n';
  expect(watch.refresh()).toBe(false);
  expect(watch.problems().map(({ file }) => file)).toEqual(['slo/more.yml', 'slo/more.yml']);
  expect(watch.current().plans).toHaveLength(1);
  expect(alerts()).toEqual(before);
  expect(lines.join('')).toContain('the SLOs stay as they were until the files are right');
  expect(createSloSetWatch(undefined, { logger }).refresh()).toBe(false);
});

test('wrong settings are told with the rest', () => {
  const { value, problems } = readSloSet(createFolder({ 'sluice.yml': 'slo: {x: 1}' }));
  expect(value).toBeUndefined();
  expect(problems.map(({ message }) => message)).toEqual(['unknown key "x"']);
});

test('documents without alerts make no rules, and those of one file have names of their own', () => {
  const silent = REQUESTS_SPEC.replace('availability', 'other').replace(/alerting:[\s\S]*/, '\n');
  const source = createBurnAlertSource(
    createFolder({
      'slo/a.yml': `${REQUESTS_SPEC}---${silent}---${REQUESTS_SPEC.replace('availability', 'third')}`,
    }),
  );
  expect(source().map(({ file }) => file)).toEqual(['slo/a.yml', 'slo/a.yml#2']);
});

test('the job updates each tenant as far as its data is complete, once an interval', async () => {
  const world = createSloWorld();
  const minute = (count: number): number => WORLD_START_MS + count * 60_000;
  for (let i = 0; i < 10; i++) world.events.events.push({ timeMs: minute(1) + i + 1, isBad: i === 0 });
  const batches: RecordedBatch[] = [];
  const selfMetrics = createSelfMetrics();
  const good = REQUESTS_SPEC.replace('5..', '2..').replace('availability', 'inverted');
  const folder = createFolder({ 'slo/shop.yml': `${REQUESTS_SPEC}---${good}` });
  const slos = createSloSetWatch(folder, { logger: silentLogger });
  let nowMs = minute(4) + 30_000;
  let readyMs = minute(2) + 5_000;
  const reads: number[] = [];
  const update = createUpdateSlos({
    slos,
    table: world.table,
    clock: { nowMs: () => nowMs },
    engine: world.depsAt(nowMs).engine,
    readerOf: () => world.events.readerAt(nowMs),
    async readyThroughMs(tenant) {
      reads.push(readyMs);
      if (Number.isNaN(readyMs)) throw new Error(`${tenant} cannot be looked at`);
      return readyMs;
    },
    recorded: { record: async (batch) => void batches.push(batch) },
    version: '1.0.0',
    selfMetrics,
    logger: silentLogger,
  });
  const views = () => listSloViews(slos.current().plans, { store: world.store });
  slos.refresh();
  expect((await views()).map(({ state }) => state)).toEqual(['pending', 'quarantine']);
  await update();
  await update();
  expect(batches.map(({ timeMs }) => timeMs)).toEqual([minute(2)]);
  readyMs = Number.NaN;
  await update();
  nowMs = minute(5) + 1_000;
  readyMs = nowMs;
  await update();
  const asked = reads.length;
  await update();
  expect(reads).toHaveLength(asked);
  expect(batches.map(({ timeMs }) => timeMs)).toEqual([minute(2), minute(5)]);
  const [shop, inverted] = await views();
  expect(shop).toMatchObject({ state: 'exhausted', bad: 1, total: 10 });
  expect(inverted).toMatchObject({ state: 'quarantine', reason: expect.stringContaining('sluice slo fix') });
  // Without its file an SLO's series end, whatever was recorded last.
  folder.files['slo/shop.yml'] = `${good}`;
  await update();
  expect(batches.at(-1)).toMatchObject({ timeMs: nowMs, samples: [] });
  expect(batches.at(-1)!.stale).toHaveLength(8);
  expect(await world.store.heads()).toEqual([]);
  const text = await selfMetrics.render();
  expect(text).toContain(
    `sluice_slo_updates_total{tenant="${parseTenantId('default')}",outcome="updated"} 2`,
  );
  expect(text).toContain('sluice_slo_quarantined 1');
});

test('the job does nothing without SLOs', async () => {
  const update = createUpdateSlos({
    slos: createSloSetWatch(undefined, { logger: silentLogger }),
    table: createSloWorld().table,
    clock: { nowMs: () => 0 },
    engine: createSloWorld().depsAt(0).engine,
    readerOf: () => expect.fail('nothing is to be read'),
    readyThroughMs: () => expect.fail('nothing is to be asked'),
    recorded: { record: () => expect.fail('nothing is to be recorded') },
    version: '',
    selfMetrics: createSelfMetrics(),
    logger: silentLogger,
  });
  await update();
});
