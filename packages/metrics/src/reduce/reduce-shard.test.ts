import { expect, test } from 'vitest';
import { createMetricsWorld, seriesByText, snapshotOf, WORLD_START_MS } from '../testing/metrics-world.ts';

const delta = (timeMs: number, value: bigint, instance = 'a') => ({
  resource: { 'service.name': 'shop', 'service.instance.id': instance },
  metrics: [
    {
      name: 'orders',
      type: 'sum' as const,
      temporality: 1,
      isMonotonic: true,
      points: [{ timeMs, startMs: timeMs - 1000, value, attributes: { kind: 'web' } }],
    },
  ],
});

test('deltas of two instances add up in one series', async () => {
  const world = createMetricsWorld({ targetInfo: false });
  await world.send(delta(WORLD_START_MS, 3n, 'a'));
  await world.send(delta(WORLD_START_MS, 4n, 'b'));
  const first = snapshotOf(await world.tick());
  expect(seriesByText(first).get('orders_total{kind="web"}')).toMatchObject({ kind: 'counter', level: 7 });
  await world.send(delta(WORLD_START_MS + 70_000, 5n, 'a'));
  const second = snapshotOf(await world.tick());
  expect(second.previousTickMs).toBe(first.tickMs);
  expect(seriesByText(second).get('orders_total{kind="web"}')).toMatchObject({ level: 12 });
});
