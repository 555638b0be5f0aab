import type { MessageId, TenantId } from '@sluice/core/ids';
import type { LogFields, Logger } from '@sluice/core/logger';
import { silentLogger } from '@sluice/core/logger';
import { METRIC } from '@sluice/core/names';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import type { EmbeddedDatabase } from '@sluice/platform/embedded/database';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { afterEach, expect, test } from 'vitest';
import type { LogChunk } from '../log-reader.ts';
import { encodeLogs, makeShopLogs, type PlainRecord } from '../testing/log-requests.ts';
import { makePart } from '../testing/telemetry-part.ts';
import { createEmbeddedLogStore, type EmbeddedLogStoreOptions } from './embedded-log-store.ts';

const NOW_MS = 1_767_225_600_000;
const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
const TENANT = 'default' as TenantId;
const ALL = { startNs: 0n, endNs: 2n ** 63n - 1n };
const { signal } = new AbortController();

const open: EmbeddedDatabase[] = [];
afterEach(async () => {
  for (const database of open.splice(0)) await database.close();
});

function setUp(options: Partial<EmbeddedLogStoreOptions> = {}) {
  const database = createMemoryDatabase();
  open.push(database);
  const clock = createFakeClock(NOW_MS);
  const store = createEmbeddedLogStore({
    database,
    clock,
    retentionMs: 86_400_000,
    maxBytes: 1e9,
    ...options,
  });
  const lines = (tenant = TENANT): readonly { service: string; timeNs: bigint; line: string }[] =>
    store
      .chunks({ tenant, isWanted: () => true, ...ALL })
      .flatMap((chunk) => linesOf(chunk).map((row) => ({ service: chunk.stream.labels.service!, ...row })))
      .sort((a, b) => (a.timeNs < b.timeNs ? -1 : 1));
  return { database, clock, store, lines };
}

function linesOf(chunk: LogChunk): readonly { timeNs: bigint; line: string }[] {
  const { count, timesNs, starts, text } = chunk.load();
  return Array.from({ length: count }, (_, i) => ({
    timeNs: timesNs[i]!,
    line: text.toString('utf8', starts[i]!, starts[i + 1]! - 1),
  }));
}

function part(records: readonly PlainRecord[], service = 'api') {
  return makePart(encodeLogs([{ resource: { 'service.name': service }, records }]), {
    signal: 'logs',
    receivedAtMs: NOW_MS,
  });
}

test('what is pushed is there, in the order of times, by stream and tenant', async () => {
  const { store, lines } = setUp();
  await store.push(
    TENANT,
    [
      part([
        { timeNs: 30n, body: 'c' },
        { timeNs: 10n, body: 'a' },
      ]),
      part([{ timeNs: 20n, body: 'b' }], 'other'),
    ],
    { signal },
  );
  await store.push('team-b' as TenantId, [part([{ timeNs: 1n, body: 'secret' }])], { signal });
  expect(lines().map(({ service, timeNs, line }) => [service, timeNs, JSON.parse(line).message])).toEqual([
    ['api', 10n, 'a'],
    ['other', 20n, 'b'],
    ['api', 30n, 'c'],
  ]);
  expect(store.streams(TENANT, ALL).map(({ labels }) => labels)).toEqual([
    { app: 'api', job: 'api', service: 'api' },
    { app: 'other', job: 'other', service: 'other' },
  ]);
  expect(store.streams(TENANT, { startNs: 11n, endNs: 30n })).toHaveLength(2);
  expect(store.streams(TENANT, { startNs: 31n, endNs: 40n })).toEqual([]);
});

test('a message is stored once: again, twice in one push, and pushed twice at once', async () => {
  const { store, lines } = setUp();
  const message = part([
    { timeNs: 1n, body: 'a' },
    { timeNs: 1n, body: 'a' },
  ]);
  const outcomes = await Promise.all([
    store.push(TENANT, [message, message], { signal }),
    store.push(TENANT, [message, part([{ timeNs: 2n, body: 'b' }])], { signal }),
  ]);
  outcomes.push(await store.push(TENANT, [message], { signal }));
  expect(outcomes).toEqual([{ status: 'ok' }, { status: 'ok' }, { status: 'ok' }]);
  expect(lines().map(({ line }) => JSON.parse(line).message)).toEqual(['a', 'a', 'b']);
});

test('bytes that are no OTLP are permanent; a database that cannot write is retryable', async () => {
  const { store, database } = setUp();
  expect(await store.push(TENANT, [makePart(Uint8Array.of(0x0a, 0xff))], { signal })).toMatchObject({
    status: 'permanent',
  });
  await database.close();
  expect(await store.push(TENANT, [part([{ body: 'x' }])], { signal })).toMatchObject({
    status: 'retryable',
  });
});

test('many small messages are merged into few chunks, and every line stays', async () => {
  const { store, lines, clock } = setUp();
  for (let i = 0; i < 120; i++) {
    const raw = makeShopLogs({ records: 5, seed: i + 1, startNs: NOW_NS + BigInt(i % 7) * 1_000_000_000n });
    await store.push(TENANT, [makePart(raw, { signal: 'logs' })], { signal });
  }
  expect(store.stats()).toMatchObject({ streams: 1, lines: 600 });
  expect(store.stats().chunks).toBeLessThan(40);
  expect(lines()).toHaveLength(600);
  await clock.advance(600_000);
  await store.push(TENANT, [part([{ timeNs: 1n, body: 'x' }])], { signal });
  expect(lines()).toHaveLength(601);
});

test('a scan that began before a merge still reads its chunks', async () => {
  const { store } = setUp();
  const push = (i: number) => store.push(TENANT, [part([{ timeNs: BigInt(i), body: `m${i}` }])], { signal });
  for (let i = 1; i <= 15; i++) await push(i);
  const chunks = store.chunks({ tenant: TENANT, isWanted: () => true, ...ALL });
  for (let i = 16; i <= 40; i++) await push(i);
  expect(chunks.flatMap(linesOf)).toHaveLength(15);
});

test('lines go at the end of their retention, counted from their storing, not from their own time', async () => {
  const selfMetrics = createSelfMetrics();
  const { store, lines, clock } = setUp({ retentionMs: 3_600_000, selfMetrics });
  await store.push(
    TENANT,
    [
      part([{ timeNs: 5n, body: 'of 1970' }]),
      part([{ timeNs: 4_102_444_800_000_000_000n, body: 'of 2100' }], 'b'),
    ],
    { signal },
  );
  await clock.advance(3_500_000);
  await store.push(TENANT, [part([{ timeNs: 6n, body: 'later' }])], { signal });
  expect(lines()).toHaveLength(3);
  await clock.advance(200_000);
  await store.push(TENANT, [part([{ timeNs: 7n, body: 'last' }])], { signal });
  expect(lines().map(({ line }) => JSON.parse(line).message)).toEqual(['later', 'last']);
  expect(store.streams(TENANT, ALL)).toHaveLength(1);
  expect(await selfMetrics.render()).toContain(`${METRIC.logStoreEvicted}{reason="retention"} 2\n`);
});

test('beyond its size the store evicts its oldest lines and says so', async () => {
  const warnings: (LogFields | undefined)[] = [];
  const logger: Logger = { ...silentLogger, warn: (_message, fields) => void warnings.push(fields) };
  const selfMetrics = createSelfMetrics();
  const { store, lines, clock } = setUp({ maxBytes: 60_000, logger, selfMetrics });
  expect(await selfMetrics.render()).toContain(`${METRIC.logStoreEvicted}{reason="size"} 0\n`);
  for (let i = 0; i < 10; i++) {
    await clock.advance(61_000);
    const raw = makeShopLogs({ records: 100, seed: i + 1, startNs: NOW_NS + BigInt(i) * 1_000_000_000n });
    await store.push(TENANT, [makePart(raw, { signal: 'logs' })], { signal });
  }
  expect(store.stats().storedBytes).toBeLessThanOrEqual(60_000);
  expect(store.stats().lines).toBeGreaterThan(100);
  expect(lines()[0]!.timeNs).toBeGreaterThan(NOW_NS + 2_000_000_000n);
  const evicted = warnings.reduce((sum, fields) => sum + Number(fields?.lines), 0);
  expect(evicted).toBe(1000 - store.stats().lines);
  const metrics = await selfMetrics.render();
  expect(metrics).toContain(`${METRIC.logStoreEvicted}{reason="size"} ${evicted}\n`);
  expect(metrics).toContain(`${METRIC.logStoreLines} ${store.stats().lines}\n`);
  expect(metrics).toContain(`${METRIC.logStoreBytes} ${store.stats().storedBytes}\n`);
});

test('times beyond what SQLite can hold count as its last', async () => {
  const { store, lines } = setUp();
  await store.push(TENANT, [part([{ timeNs: 2n ** 64n - 1n, body: 'x' }])], { signal });
  expect(lines()[0]!.timeNs).toBe(2n ** 63n - 2n);
});

test('subscribers see each stored chunk of their tenant once, until they stop', async () => {
  const { store } = setUp();
  const seen: string[] = [];
  const stop = store.subscribe(
    TENANT,
    (chunk) => void seen.push(...linesOf(chunk).map(({ line }) => JSON.parse(line).message)),
  );
  const message = part([{ body: 'a' }, { body: 'b' }]);
  await store.push(TENANT, [message], { signal });
  await store.push(TENANT, [message], { signal });
  await store.push('team-b' as TenantId, [part([{ body: 'other' }])], { signal });
  stop();
  await store.push(TENANT, [part([{ body: 'c' }])], { signal });
  expect(seen).toEqual(['a', 'b']);
});

test('a store opened again on the same file knows its lines and its messages', async () => {
  const { store, database, clock } = setUp();
  const message = part([{ timeNs: 1n, body: 'a' }]);
  await store.push(TENANT, [message], { signal });
  const again = createEmbeddedLogStore({ database, clock, retentionMs: 86_400_000, maxBytes: 1e9 });
  await again.push(TENANT, [message], { signal });
  expect(again.stats().lines).toBe(1);
});

test('an id that differs is another message', async () => {
  const { store, lines } = setUp();
  const message = part([{ timeNs: 1n, body: 'a' }]);
  await store.push(TENANT, [message, { ...message, messageId: 'f'.repeat(64) as MessageId }], { signal });
  expect(lines()).toHaveLength(2);
});
