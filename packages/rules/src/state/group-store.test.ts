import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createRandom } from '@sluice/core/testing/random';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { expect, test } from 'vitest';
import type { ActiveAlert } from '../evaluate/alert-state.ts';
import { createGroupStore, type GroupState, groupIdOf } from './group-store.ts';

const openTable = () =>
  createEmbeddedTable({ database: createMemoryDatabase(), name: 'rules', clock: createFakeClock() });

function stateOf(name: string, alerts: readonly ActiveAlert[] = []): GroupState {
  const rule = {
    rule: 'alerting A []',
    alerts,
    series: [],
    health: 'ok',
    lastError: '',
    evaluatedAtMs: 1,
    durationMs: 2,
  } as const;
  return {
    file: 'r.yml',
    name,
    memory: { evaluatedAtMs: 1, rules: [rule] },
    outbox: [],
    durationMs: 3,
    missedIterations: 0,
  };
}
const alertOf = (value: number, text = ''): ActiveAlert => ({
  labels: { alertname: 'A', text },
  annotations: { value: '#NaN' },
  state: 'firing',
  value,
  activeAtMs: 5,
});

test('state comes back as it was, values that JSON has no word for among them', async () => {
  const store = createGroupStore(openTable(), { tenant: 'default' });
  const values = [1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const state = stateOf(
    'g',
    values.map((value) => alertOf(value)),
  );
  await store.save(state, undefined);
  expect((await store.load(state))!.state).toEqual(state);
});

test('of two writers with the same version one loses', async () => {
  const store = createGroupStore(openTable(), { tenant: 'default' });
  const version = await store.save(stateOf('g'), undefined);
  expect(await store.save(stateOf('g'), undefined)).toBeUndefined();
  const next = await store.save(stateOf('g'), version);
  expect(next).toBeDefined();
  expect(await store.save(stateOf('g'), version)).toBeUndefined();
  expect(await store.forget(stateOf('g'), version!)).toBe(false);
  expect(await store.forget(stateOf('g'), next!)).toBe(true);
  expect(await store.load(stateOf('g'))).toBeUndefined();
});

test('memory larger than an item lies in parts, which go with it', async () => {
  const table = openTable();
  const store = createGroupStore(table, { tenant: 'default' });
  const random = createRandom(1);
  const noise = (): string =>
    Array.from({ length: 4_000 }, () => random.next().toString(36).slice(2, 8)).join('');
  const large = stateOf(
    'g',
    Array.from({ length: 60 }, () => alertOf(1, noise())),
  );
  const version = await store.save(large, undefined);
  const parts = () => table.query({ pk: 'rules-part#default' });
  expect((await parts()).items.length).toBeGreaterThan(1);
  expect((await store.load(large))!.state).toEqual(large);
  expect(await store.save(large, 'other')).toBeUndefined();
  const kept = (await parts()).items.length;
  await store.save(stateOf('g'), version);
  expect((await parts()).items).toEqual([]);
  expect(kept).toBeGreaterThan(1);
  expect(await store.list()).toHaveLength(1);
});

test('tenants and groups are kept apart, names of any length', async () => {
  const table = openTable();
  const store = createGroupStore(table, { tenant: 'a' });
  const long = 'x'.repeat(2_000);
  await store.save(stateOf(`${long}1`), undefined);
  await store.save(stateOf(`${long}2`), undefined);
  expect((await store.list()).map(({ state }) => state.name.at(-1)).sort()).toEqual(['1', '2']);
  expect(await createGroupStore(table, { tenant: 'b' }).list()).toEqual([]);
  expect(groupIdOf({ file: 'r.yml', name: 'g' })).toBe('r.yml;g');
});
