import { SCOPE } from '@sluice/platform/keys/api-key';
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import type { QueryEnv } from '../query-env.ts';
import { createTestLogStore, TEST_NOW_NS, TEST_TENANT } from '../testing/log-store.ts';
import { createLiveTails, TAIL_LIMITS } from './live-tail.ts';
import { createLogsRoutes } from './logs-routes.ts';
import { openTailUpgrade, type TailUpgradeOptions } from './tail-upgrade.ts';

function setUp(limits = {}) {
  const { store, clock, push } = createTestLogStore();
  const tails = createLiveTails({ reader: store, clock, limits: { ...TAIL_LIMITS, ...limits } });
  const app = new Hono<QueryEnv>();
  app.use(async (c, next) => {
    c.set('tenant', TEST_TENANT);
    await next();
  });
  app.route('/v1/logs', createLogsRoutes({ reader: store, tails, clock }));
  const say = (body: string, { service = 'api', atNs = TEST_NOW_NS } = {}) =>
    push({ resource: { 'service.name': service }, records: [{ timeNs: atNs, body }] });
  return { app, tails, clock, say, push };
}

const q = (query: string): string => `query=${encodeURIComponent(query)}`;

describe('a tail as server-sent events', () => {
  async function start(context: ReturnType<typeof setUp>, query = '{service="api"}') {
    const stop = new AbortController();
    const response = await context.app.request(`/v1/logs/tail?${q(query)}`, { signal: stop.signal });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const read = async (): Promise<string> => (await reader.read()).value ?? '';
    expect(await read()).toBe(': tail\n\n');
    return { read, reader, stop };
  }

  test('sends a frame per event, and a comment when nothing comes', async () => {
    const context = setUp();
    const { read } = await start(context);
    const first = read();
    await context.say('hello');
    const event = await first;
    expect(event).toMatch(/^data: \{.*\}\n\n$/);
    const frame = JSON.parse(event.slice(6));
    expect(frame.streams[0].stream).toEqual({
      app: 'api',
      job: 'api',
      service: 'api',
      detected_level: 'info',
    });
    expect(JSON.parse(frame.streams[0].values[0][1]).message).toBe('hello');
    const silent = read();
    await context.clock.advance(15_000);
    expect(await silent).toBe(': \n\n');
  });

  test('says how many lines a slow reader lost', async () => {
    const context = setUp({ maxBufferedEntries: 1 });
    const { read } = await start(context);
    // One frame is read ahead; what comes meanwhile waits, and overflows.
    for (let i = 0; i < 6; i++) await context.say(`line ${i}`);
    let [lost, shown] = [0, 0];
    while (lost + shown < 6) {
      const event = await read();
      lost += Number(/event: dropped\ndata: \{"count":(\d+)\}/.exec(event)?.[1] ?? 0);
      shown += [...event.matchAll(/line \d/g)].length;
    }
    expect(lost + shown).toBe(6);
    expect(lost).toBeGreaterThan(0);
  });

  test('ends with its reader, and with the pipeline', async () => {
    const context = setUp({ maxTailsPerTenant: 1 });
    const first = await start(context);
    expect((await context.app.request(`/v1/logs/tail?${q('{a="b"}')}`)).status).toBe(429);
    await first.reader.cancel();
    const second = await start(context);
    context.tails.closeAll();
    expect((await second.reader.read()).done).toBe(true);
    const third = await start(context);
    third.stop.abort();
    expect((await third.reader.read()).done).toBe(true);
  });

  test('is refused with the reason', async () => {
    const response = await setUp().app.request(`/v1/logs/tail?${q('{a=')}`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('parse error at line 1, col 4');
  });
});

describe('the lines around a line', () => {
  test('are of its stream, before and after in the order of time', async () => {
    const { app, say } = setUp();
    for (let i = 0; i < 10; i++) await say(`line ${i}`, { atNs: TEST_NOW_NS + BigInt(i) });
    await say('elsewhere', { service: 'other', atNs: TEST_NOW_NS + 5n });
    const response = await app.request(
      `/v1/logs/context?${q('{service="api"}')}&time=${TEST_NOW_NS + 5n}&before=2&after=3`,
    );
    const context = (await response.json()) as Record<string, { timeNs: string; line: string }[]>;
    const messages = (part: string): string[] => context[part]!.map(({ line }) => JSON.parse(line).message);
    expect(messages('before')).toEqual(['line 3', 'line 4']);
    expect(messages('at')).toEqual(['line 5']);
    expect(messages('after')).toEqual(['line 6', 'line 7', 'line 8']);
    expect(context.at![0]!.timeNs).toBe(String(TEST_NOW_NS + 5n));
  });

  test('are none where none are asked for or there are none', async () => {
    const { app, say } = setUp();
    await say('alone');
    const response = await app.request(
      `/v1/logs/context?${q('{service="api"}')}&time=${TEST_NOW_NS}&before=0&after=5`,
    );
    expect(await response.json()).toMatchObject({ before: [], at: [{}], after: [] });
  });

  test.each([
    [`${q('{a="b"}')}`, "'time' is missing"],
    [`${q('{a="b"}')}&time=1&before=-1`, "'before' must be a whole number from 0 to 1000"],
    [`${q('{a="b"}')}&time=1&after=1001`, "'after' must be a whole number from 0 to 1000"],
    ['time=1', 'unexpected $end'],
  ])('%s is refused: %s', async (path, message) => {
    const response = await setUp().app.request(`/v1/logs/context?${path}`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(message);
  });
});

describe('a WebSocket on Loki’s tail path', () => {
  const url = `http://127.0.0.1:9090/loki/api/v1/tail?${q('{service="api"}')}`;
  const upgrade = (
    context: ReturnType<typeof setUp>,
    request: Request,
    options: Partial<TailUpgradeOptions> = {},
  ) =>
    openTailUpgrade(request, {
      ...context,
      origins: ['https://grafana.example'],
      authorize: async (_request, scope) =>
        scope === SCOPE.queryRead
          ? { status: 'ok', tenant: TEST_TENANT }
          : { status: 'refused', httpStatus: 403, message: 'wrong scope' },
      ...options,
    });

  test('gets frames in Loki’s JSON', async () => {
    const context = setUp();
    const opened = await upgrade(context, new Request(url));
    if (opened.status === 'refused') throw new Error(opened.message);
    await context.say('hello');
    const frame = JSON.parse((await opened.tail.next())!);
    expect(frame.streams[0].values[0][0]).toBe(String(TEST_NOW_NS));
    expect(frame.dropped_entries).toBeNull();
    opened.tail.close();
    expect(await opened.tail.next()).toBeUndefined();
  });

  test.each([
    ['no origin', undefined, 'ok'],
    ['its own', 'http://127.0.0.1:9090', 'ok'],
    ['one that is allowed', 'https://grafana.example', 'ok'],
    ['another site', 'https://evil.example', 'refused'],
    ['none that can be read', 'null', 'refused'],
  ])('may be opened by pages of its own origin and of those allowed: %s', async (_name, origin, status) => {
    const request = new Request(url, origin === undefined ? {} : { headers: { origin } });
    expect((await upgrade(setUp(), request)).status).toBe(status);
  });

  test.each<[string, string, Partial<TailUpgradeOptions>, number]>([
    ['elsewhere', 'http://127.0.0.1/loki/api/v1/push', {}, 404],
    [
      'without a key where one is needed',
      url,
      { authorize: async () => ({ status: 'refused', httpStatus: 401, message: 'no key' }) },
      401,
    ],
    ['for what is no log query', 'http://127.0.0.1/loki/api/v1/tail?query=1', {}, 400],
  ])('is refused %s', async (_name, address, options, httpStatus) => {
    expect(await upgrade(setUp(), new Request(address), options)).toMatchObject({
      status: 'refused',
      httpStatus,
    });
  });

  test('is refused beyond the tails that a tenant may have', async () => {
    const context = setUp({ maxTailsPerTenant: 0 });
    expect(await upgrade(context, new Request(url))).toMatchObject({ status: 'refused', httpStatus: 429 });
  });
});
