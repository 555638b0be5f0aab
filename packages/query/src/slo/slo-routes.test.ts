import { parseTenantId } from '@sluice/core/ids';
import { updateLedger } from '@sluice/rules/slo/ledger/update-ledger';
import { createSloWorld, WORLD_START_MS } from '@sluice/rules/slo/testing/slo-world';
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import type { QueryEnv } from '../query-env.ts';
import { createSloRoutes } from './slo-routes.ts';

const MINUTE_MS = 60_000;
const NOW_MS = WORLD_START_MS + 12 * MINUTE_MS;

async function setUp(tenant = 'default') {
  const world = createSloWorld();
  for (let i = 0; i < 200; i++)
    world.events.events.push({ timeMs: WORLD_START_MS + MINUTE_MS + i + 1, isBad: i === 0 });
  await updateLedger(world.plan, NOW_MS, world.depsAt(NOW_MS));
  const inverted = { ...world.plan.slo, id: 'shop-inverted', quarantine: 'it counts good events' };
  const plans = [world.plan, { ...world.plan, slo: inverted }];
  const app = new Hono<QueryEnv>();
  app.use((c, next) => {
    c.set('tenant', parseTenantId(tenant));
    return next();
  });
  const slos = () => ({ plans, tenants: [parseTenantId('default')] });
  app.route('/api/v1', createSloRoutes({ slos, table: world.table, clock: { nowMs: () => NOW_MS } }));
  return async (path: string) => {
    const response = await app.request(`/api/v1${path}`);
    // biome-ignore lint/suspicious/noExplicitAny: what it holds is what is tested
    return { status: response.status, body: (await response.json()) as any };
  };
}

describe('/api/v1/slos', () => {
  test('tells objective, burn of each window, what is left of the budget and for how long', async () => {
    const { status, body } = await (await setUp())('/slos');
    expect(status).toBe(200);
    expect(body.status).toBe('success');
    const [shop, inverted] = body.data.slos;
    expect(shop).toMatchObject({
      id: 'shop-availability',
      objective: 99,
      state: 'ok',
      bad: 1,
      total: 200,
      budget: { spent: 1, remainingRatio: expect.closeTo(0.5) },
      hoursToExhaustion: expect.closeTo((0.5 * 720) / 0.5),
    });
    expect(
      shop.windows.map(({ window, burnRate }: { window: string; burnRate: number }) => [window, burnRate]),
    ).toEqual(
      // Of the last five minutes and the open slot, nothing is known to have come.
      [
        ['5m', null],
        ...['30m', '1h', '2h', '6h', '1d', '3d', '30d'].map((window) => [window, expect.closeTo(0.5)]),
      ],
    );
    expect(inverted).toMatchObject({ id: 'shop-inverted', state: 'quarantine' });
  });

  test('are asked for by service or by id, and there are none for another tenant', async () => {
    const get = await setUp();
    expect((await get('/slos?service=shop')).body.data.slos).toHaveLength(2);
    expect((await get('/slos?service=other')).body.data.slos).toEqual([]);
    expect((await get('/slos/shop-availability')).body.data).toMatchObject({ total: 200 });
    expect((await get('/slos/nope')).body).toEqual({
      status: 'error',
      errorType: 'not_found',
      error: 'there is no SLO "nope"; /api/v1/slos lists those there are',
    });
    const stranger = await setUp('stranger');
    expect((await stranger('/slos')).body.data.slos).toEqual([]);
    expect((await stranger('/slos/shop-availability')).status).toBe(404);
  });
});

describe('history', () => {
  const path = '/slos/shop-availability/history';
  const seconds = (minutes: number): number => (WORLD_START_MS + minutes * MINUTE_MS) / 1000;

  test('goes in steps of whole slots up to now', async () => {
    const { body } = await (await setUp())(`${path}?start=${seconds(0)}&step=5m`);
    expect(body.data).toMatchObject({ id: 'shop-availability', objective: 99 });
    expect(body.data.points).toEqual([
      {
        timeMs: WORLD_START_MS + 5 * MINUTE_MS,
        bad: 1,
        total: 200,
        burnRate: expect.closeTo(0.5),
        budgetRemaining: expect.closeTo(0.5),
        isExcluded: false,
      },
      {
        timeMs: WORLD_START_MS + 10 * MINUTE_MS,
        bad: 0,
        total: 0,
        burnRate: null,
        budgetRemaining: expect.closeTo(0.5),
        isExcluded: false,
      },
      {
        timeMs: NOW_MS,
        bad: 0,
        total: 0,
        burnRate: null,
        budgetRemaining: expect.closeTo(0.5),
        isExcluded: false,
      },
    ]);
  });

  test('is of one period in some 240 points by default', async () => {
    const { body } = await (await setUp())(path);
    expect(body.data.points.length).toBeGreaterThan(200);
    expect(body.data.points.length).toBeLessThanOrEqual(241);
    expect(body.data.points.at(-1).timeMs).toBe(NOW_MS);
    const totals = body.data.points.map(({ total }: { total: number }) => total);
    expect(totals.reduce((sum: number, total: number) => sum + total)).toBe(200);
  });

  test.each([
    [
      'an end before its start',
      `start=${seconds(5)}&end=${seconds(0)}`,
      'end timestamp must not be before start time',
    ],
    ['a time that is none', 'start=yesterday', 'cannot parse "yesterday" to a valid timestamp'],
    ['a step that is none', 'step=x', 'cannot parse "x" to a valid duration'],
    ['too many points', 'start=0&step=5m', 'more than 11000 points: ask for a longer step'],
  ])('refuses %s', async (_, query, message) => {
    const { status, body } = await (await setUp())(`${path}?${query}`);
    expect(status).toBe(400);
    expect(body.error).toContain(message);
  });
});
