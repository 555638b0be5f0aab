import { once } from 'node:events';
import { silentLogger } from '@sluice/core/logger';
import { createLiveTails, TAIL_LIMITS } from '@sluice/query/loki/live-tail';
import { createTestLogStore, TEST_NOW_NS, TEST_TENANT } from '@sluice/query/testing/log-store';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { listen } from './listen.ts';
import { createTailSocket } from './tail-socket.ts';

async function setUp(limits = {}) {
  const { store, clock, push } = createTestLogStore();
  const tails = createLiveTails({ reader: store, clock, limits: { ...TAIL_LIMITS, ...limits } });
  const tailSocket = createTailSocket({
    tails,
    clock,
    logger: silentLogger,
    origins: ['https://*.shop.example'],
    authorize: async () => ({ status: 'ok', tenant: TEST_TENANT }),
  });
  const listener = await listen(() => new Response('plain'), {
    host: '127.0.0.1',
    port: 0,
    portSetting: 'none',
    upgrade: tailSocket.upgrade,
  });
  const connect = (query = '{service="api"}', path = '/loki/api/v1/tail', options = {}) =>
    new WebSocket(`${listener.url.replace('http', 'ws')}${path}?query=${encodeURIComponent(query)}`, options);
  const say = (...bodies: readonly string[]) =>
    push({
      resource: { 'service.name': 'api' },
      records: bodies.map((body, i) => ({ timeNs: TEST_NOW_NS + BigInt(i), body })),
    });
  return {
    connect,
    say,
    tailSocket,
    async [Symbol.asyncDispose]() {
      await tailSocket.close();
      await listener.close(100);
    },
  };
}

/** Of 130 KB: more than the buffers of both ends of a loopback connection take. */
const LINES = 100;

interface Frame {
  readonly streams: readonly { readonly values: readonly (readonly [string, string])[] }[];
  readonly dropped_entries: readonly unknown[] | null;
}

async function nextFrame(socket: WebSocket): Promise<Frame> {
  const [data] = await once(socket, 'message');
  return JSON.parse(String(data)) as Frame;
}

test('a reader gets the lines from before, then those to come, until the pipeline stops', async () => {
  await using server = await setUp();
  await server.say('old');
  const socket = server.connect();
  const message = ({ streams }: Frame): string => JSON.parse(streams[0]!.values[0]![1]).message;
  expect(message(await nextFrame(socket))).toBe('old');
  await server.say('new');
  expect(message(await nextFrame(socket))).toBe('new');
  const closed = once(socket, 'close');
  await server.tailSocket.close();
  expect((await closed)[0]).toBe(1001);
});

test.each([
  ['{service=', '/loki/api/v1/tail', 400],
  ['{service="api"}', '/loki/api/v1/push', 404],
])('%s at %s is refused before it is upgraded', async (query, path, status) => {
  await using server = await setUp();
  const socket = server.connect(query, path);
  const [, response] = await once(socket, 'unexpected-response');
  expect(response.statusCode).toBe(status);
  socket.on('error', () => {});
  socket.terminate();
});

test.each([
  ['https://grafana.shop.example', 101],
  ['https://evil.example', 403],
])('a page of %s is answered %i', async (origin, status) => {
  await using server = await setUp();
  const socket = server.connect(undefined, undefined, { origin });
  const answered = await new Promise<number>((resolve) => {
    socket.once('open', () => resolve(101));
    socket.once('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
  });
  expect(answered).toBe(status);
  socket.on('error', () => {}).terminate();
});

test('a reader that leaves makes room for the next', async () => {
  await using server = await setUp({ maxTailsPerTenant: 1 });
  await server.say('a line');
  const first = server.connect();
  await nextFrame(first);
  first.close();
  await once(first, 'close');
  const second = server.connect();
  expect((await nextFrame(second)).streams).toHaveLength(1);
});

test('a reader that does not read is told what it lost, and does not hold up the stop', async () => {
  const server = await setUp({ maxBufferedBytes: 300_000 });
  const socket = server.connect();
  await once(socket, 'open');
  socket.pause();
  const body = 'x'.repeat(130_000);
  for (let i = 0; i < LINES; i++) await server.say(`first ${i} ${body}`);
  const frames: Frame[] = [];
  socket.on('message', (data) => frames.push(JSON.parse(String(data)) as Frame));
  socket.resume();
  await expect
    .poll(() => frames.some((frame) => frame.dropped_entries !== null), { timeout: 20_000 })
    .toBe(true);
  const shown = frames.reduce((sum, { streams }) => sum + (streams[0]?.values.length ?? 0), 0);
  const lost = frames.reduce((sum, frame) => sum + (frame.dropped_entries?.length ?? 0), 0);
  expect(shown).toBeGreaterThan(0);
  expect(shown + lost).toBe(LINES);
  socket.pause();
  await server[Symbol.asyncDispose]();
  socket.resume();
  await once(socket, 'close');
});
