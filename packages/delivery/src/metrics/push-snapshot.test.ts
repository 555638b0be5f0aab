import { increaseOf } from '@sluice/backends/testing/fake-mimir';
import { createRandom } from '@sluice/core/testing/random';
import type { SeriesSnapshot } from '@sluice/metrics/model/snapshot';
import { MINUTE_MS, makeCounter, TICK_MS } from '@sluice/metrics/testing/make-snapshot';
import { afterEach, describe, expect, test } from 'vitest';
import {
  atMinute,
  closeWorlds,
  counter,
  createRemoteWriteWorld,
  timesOf,
  valuesOf,
} from '../testing/remote-write-world.ts';

afterEach(closeWorlds);

const SEEDS = Number(process.env.SLUICE_FAULT_SEEDS ?? 3);

describe('the way back from 2.0 to 1.0', () => {
  test.each(['refuses-2', 'ignores-2'] as const)(
    'a receiver that %s gets 1.0, at once and from then on',
    async (speaks) => {
      const world = await createRemoteWriteWorld({ speaks }, { protocol: '2.0' });
      await world.push(0, [counter(0, 5)]);
      await world.push(1, [counter(1, 6)]);
      expect(valuesOf(world)).toEqual([0, 5, 6]);
      const versions = world.mimir.requests().map(({ version }) => version);
      expect(versions.filter((version) => version === '2.0')).toHaveLength(speaks === 'refuses-2' ? 0 : 1);
      expect(world.mimir.metadata().get('requests_total')).toMatchObject({ type: 1 });
      expect(world.mimir.violations()).toEqual([]);
    },
  );

  test('a receiver that stores less than it got is told on, and keeps 2.0', async () => {
    const world = await createRemoteWriteWorld({}, { protocol: '2.0' });
    await world.push(0, [counter(0, 5)]);
    world.mimir.answerNext(204, { headers: { 'x-prometheus-remote-write-samples-written': '0' } });
    await world.push(1, [counter(1, 6)]);
    expect(world.lines.join()).toContain('stored 0 of 1 samples');
    expect(new Set(world.mimir.requests().map(({ version }) => version))).toEqual(new Set(['2.0']));
  });
});

describe('tenants of one destination', () => {
  const pushFor = async (
    tenancy?: 'label' | 'org-id',
  ): Promise<Awaited<ReturnType<typeof createRemoteWriteWorld>>> => {
    const world = await createRemoteWriteWorld(
      { isMultiTenant: tenancy === 'org-id' },
      tenancy === undefined ? {} : { tenancy },
    );
    for (const tenant of ['acme', 'bolt', 'acme'])
      await world.push(tenant === 'acme' ? 0 : 1, [counter(0, 5)], tenant);
    return world;
  };

  test('with a label have series of their own', async () => {
    const { mimir, lines } = await pushFor('label');
    const names = [...mimir.series().keys()].map((name) => /sluice_tenant="(\w+)"/.exec(name)?.[1]);
    expect(names.sort()).toEqual(['acme', 'bolt']);
    expect(lines.join()).not.toContain('collide');
  });

  test('with ids of their own have a store each', async () => {
    const { mimir } = await pushFor('org-id');
    expect([mimir.series('acme').size, mimir.series('bolt').size]).toEqual([1, 1]);
  });

  test('with neither are warned about, once', async () => {
    const { lines } = await pushFor();
    expect(lines.filter((line) => line.includes('collide'))).toEqual([
      expect.stringContaining('SLUICE_TENANTS'),
    ]);
  });
});

describe('what is remembered of a shard', () => {
  test('a restart sends nothing twice, and beginnings survive an outage', async () => {
    const world = await createRemoteWriteWorld();
    await world.push(0, [counter(0, 5)]);
    world.restart();
    expect(await world.push(0, [counter(0, 5)])).toEqual({ status: 'superseded' });
    world.mimir.faults.setDown(true);
    const late = (at: number, level: number): SeriesSnapshot =>
      makeCounter('late_total', { ...atMinute(at), level, resumedTickMs: TICK_MS + MINUTE_MS });
    await world.push(1, [counter(1, 6), late(1, 3)]);
    await world.push(2, [counter(2, 7), late(2, 4)]);
    world.restart();
    world.mimir.faults.setDown(false);
    await world.push(3, [counter(3, 9), late(3, 4)]);
    expect(valuesOf(world)).toEqual([0, 5, 9]);
    const name = 'late_total{instance="i-1",job="shop/cart"}';
    expect([valuesOf(world, name), timesOf(world, name)]).toEqual([
      [0, 4],
      [0, 3],
    ]);
  });

  test('a receiver that is added later gets no jump for what was counted before', async () => {
    const world = await createRemoteWriteWorld();
    await world.push(5, [counter(5, 500)]);
    await world.push(6, [counter(6, 501)]);
    expect(valuesOf(world)).toEqual([500, 501]);
  });

  test('a seeded month of faults: increase is what was counted, for every series', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = createRandom(seed);
      const world = await createRemoteWriteWorld({ seed, keepsGoodSamples: random.chance(0.5) });
      const levels = new Map<string, { level: number; resumedTickMs: number }>();
      for (let at = 0; at < 40; at++) {
        if (random.chance(0.2)) {
          const kinds = ['unavailable', 'reset', 'reset-after', 'bad-gateway', 'rate-limited'] as const;
          world.mimir.faults.setRandom(random.pick([0, 0.3, 1]), [random.pick(kinds)]);
        }
        if (at > 35) world.mimir.faults.setRandom(0);
        if (random.chance(0.1)) world.restart();
        for (let i = 0; i < 3; i++) {
          const id = String(random.below(12));
          const known = levels.get(id) ?? { level: 0, resumedTickMs: TICK_MS + at * MINUTE_MS };
          levels.set(id, { ...known, level: known.level + 1 + random.below(5) });
        }
        await world.push(
          at,
          [...levels].map(([id, shape]) => makeCounter('c', { ...atMinute(at), ...shape, labels: { id } })),
        );
      }
      const seen = [...world.mimir.series()].map(([text, points]) => [
        /id="(\d+)"/.exec(text)![1],
        increaseOf(points),
      ]);
      const expected = [...levels].map(([id, { level }]) => [id, level]);
      expect(Object.fromEntries(seen), `seed ${seed}`).toEqual(Object.fromEntries(expected));
      expect(world.mimir.violations()).toEqual([]);
    }
  });
});

test('what is refused sample by sample is told once, with its number', async () => {
  const world = await createRemoteWriteWorld();
  const four = (at: number) => ['1', '2', '3', '4'].map((id) => counter(at, at + 1, { id }));
  await world.push(0, four(0));
  // The four together, their halves, each alone.
  for (let i = 0; i < 7; i++) world.mimir.answerNext(400, { body: 'out of order sample' });
  await world.push(1, four(1));
  const told = world.lines.map((line) => JSON.parse(line)).filter(({ message }) => /refused/.test(message));
  expect(told).toMatchObject([{ reason: expect.stringContaining('out of order'), samples: 4 }]);
  expect(await world.metrics()).toMatch(/outcome="refused".* 4\n/);
});
