import { describe, expect, test } from 'vitest';
import { createTestLogStore, TEST_NOW_MS, TEST_NOW_NS, TEST_TENANT } from '../testing/log-store.ts';
import { createLiveTails, TAIL_LIMITS, type TailFrame, TooManyTails } from './live-tail.ts';
import { toLokiFrame } from './render-tail.ts';
import { parseTailRequest } from './tail-request.ts';

const SECOND_NS = 1_000_000_000n;

function setUp(limits = {}) {
  const { store, clock, push } = createTestLogStore();
  const tails = createLiveTails({ reader: store, clock, limits: { ...TAIL_LIMITS, ...limits } });
  const open = (query: string, parameters: Readonly<Record<string, string>> = {}) => {
    const all: Readonly<Record<string, string>> = { query, ...parameters };
    const request = parseTailRequest({ get: (name) => all[name], all: () => [] }, clock.nowMs());
    return tails.open(request, TEST_TENANT);
  };
  const say = (body: string, { service = 'api', atNs = TEST_NOW_NS } = {}) =>
    push({ resource: { 'service.name': service }, records: [{ timeNs: atNs, body }] });
  return { tails, clock, open, say, push };
}

const messages = (frame: TailFrame | undefined): readonly string[] | undefined =>
  frame?.entries.map(({ line }) => JSON.parse(line).message);

test('first the newest lines from before, oldest first, then lines as they are stored', async () => {
  const { open, say } = setUp();
  for (let i = 1; i <= 5; i++) await say(`old ${i}`, { atNs: TEST_NOW_NS - BigInt(10 - i) * SECOND_NS });
  const tail = open('{service="api"}', { limit: '3' });
  expect(messages(await tail.next())).toEqual(['old 3', 'old 4', 'old 5']);
  await say('new');
  expect(messages(await tail.next())).toEqual(['new']);
  tail.close();
  expect(await tail.next()).toBeUndefined();
});

test('lines from before start are not shown, nor those of other streams or that do not pass the pipeline', async () => {
  const { open, say } = setUp();
  await say('too old', { atNs: TEST_NOW_NS - 60n * SECOND_NS });
  const tail = open('{service="api"} |= "take" | json | message != "take not"', {
    start: String(TEST_NOW_MS / 1000 - 30),
  });
  const first = tail.next();
  await say('take', { service: 'other' });
  await say('xyz');
  await say('take not');
  await say('take this');
  expect(messages(await first)).toEqual(['take this']);
});

test('what was stored just before the tail began is shown once', async () => {
  const { open, say } = setUp();
  const storing = say('once');
  await Promise.resolve();
  const tail = open('{service="api"}');
  await storing;
  expect(messages(await tail.next())).toEqual(['once']);
  await say('next');
  expect(messages(await tail.next())).toEqual(['next']);
});

test('lines wait for delay_for, so that late ones come in order', async () => {
  const { open, say, clock } = setUp();
  const tail = open('{service=~".+"}', { delay_for: '2' });
  const frame = tail.next();
  await say('second', { atNs: TEST_NOW_NS + 2n });
  await clock.advance(1000);
  await say('first', { atNs: TEST_NOW_NS + 1n, service: 'late' });
  await clock.advance(999);
  let isAnswered = false;
  void frame.then(() => {
    isAnswered = true;
  });
  await clock.advance(0);
  expect(isAnswered).toBe(false);
  await clock.advance(1);
  expect(messages(await frame)).toEqual(['second']);
  await clock.advance(1000);
  expect(messages(await tail.next())).toEqual(['first']);
});

describe('a reader that is too slow', () => {
  const flood = (count: number) => ({
    resource: { 'service.name': 'api' },
    records: Array.from({ length: count }, (_, i) => ({
      timeNs: TEST_NOW_NS + BigInt(i),
      body: `line ${i}`,
    })),
  });

  test('keeps the first lines, is told which it lost, and goes on', async () => {
    const { open, push, say } = setUp({ maxBufferedEntries: 5, maxDroppedEntries: 2 });
    const tail = open('{service="api"}');
    await push(flood(9));
    const frame = await tail.next();
    expect(messages(frame)).toEqual(['line 0', 'line 1', 'line 2', 'line 3', 'line 4']);
    expect(frame!.droppedCount).toBe(4);
    expect(toLokiFrame(frame!).dropped_entries).toEqual(
      [5, 6].map((i) => ({
        labels: { app: 'api', job: 'api', service: 'api' },
        timestamp: String(TEST_NOW_NS + BigInt(i)),
      })),
    );
    await say('after');
    const next = await tail.next();
    expect(messages(next)).toEqual(['after']);
    expect(toLokiFrame(next!).dropped_entries).toBeNull();
  });

  test('holds no more bytes than it may', async () => {
    const { open, push } = setUp({ maxBufferedBytes: 1000 });
    const tail = open('{service="api"}');
    await push(flood(100));
    const { entries, droppedCount } = (await tail.next())!;
    expect(entries.length + droppedCount).toBe(100);
    const bytes = entries.reduce((sum, { line }) => sum + line.length, 0);
    expect(bytes).toBeGreaterThan(900);
    expect(bytes).toBeLessThan(1400);
  });

  test('gets long runs in frames of bounded size', async () => {
    const { open, push } = setUp({ maxFrameEntries: 4 });
    const tail = open('{service="api"}');
    await push(flood(9));
    const sizes = [await tail.next(), await tail.next(), await tail.next()].map(
      (frame) => frame!.entries.length,
    );
    expect(sizes).toEqual([4, 4, 1]);
  });
});

test('a tenant has so many tails and no more; a closed one makes room', async () => {
  const { open, tails } = setUp({ maxTailsPerTenant: 2 });
  const first = open('{a="b"}');
  open('{a="b"}');
  expect(() => open('{a="b"}')).toThrow(TooManyTails);
  first.close();
  first.close();
  const last = open('{a="b"}');
  const waiting = last.next();
  tails.closeAll();
  expect(await waiting).toBeUndefined();
  expect(() => open('{a="b"}')).not.toThrow();
});

test.each([
  [{}, 'unexpected $end'],
  [{ query: 'rate({a="b"}[1m])' }, 'only log queries can be tailed'],
  [{ query: '{a="b"}', delay_for: '6' }, "delay_for can't be greater than 5"],
  [{ query: '{a="b"}', delay_for: 'x' }, 'invalid delay_for "x"'],
  [{ query: '{a="b"}', limit: '5001' }, 'max entries limit per query exceeded'],
  [{ query: '{a="b"}', start: 'soon' }, "could not parse 'start' parameter"],
])('%o is refused: %s', (parameters: Readonly<Record<string, string>>, message) => {
  expect(() => parseTailRequest({ get: (name) => parameters[name], all: () => [] }, TEST_NOW_MS)).toThrow(
    message,
  );
});
