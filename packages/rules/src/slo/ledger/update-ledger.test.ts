import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSloWorld, type SloWorld, WORLD_START_MS } from '../testing/slo-world.ts';
import { windowAt } from './slo-plan.ts';
import { type LedgerMemory, updateLedger } from './update-ledger.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

const at = (minutes: number): number => WORLD_START_MS + minutes * MINUTE_MS;

async function tick(world: SloWorld, minutes: number, memory?: LedgerMemory) {
  const update = await updateLedger(world.plan, at(minutes), {
    ...world.depsAt(at(minutes)),
    ...(memory && { memory }),
  });
  return update!;
}

/** Whole milliseconds before the end of the minute, so that an event is never on a border by chance only. */
const burst = (count: number, minute: number, isBad: boolean) =>
  Array.from({ length: count }, (_, i) => ({ timeMs: at(minute) + 1 + i, isBad }));

describe('windows of the ledger', () => {
  test('hold exactly the events between their ends, however ticks fall and however late events come', async () => {
    const lateMs = 15 * MINUTE_MS;
    const event = fc.record({
      offsetMs: fc.integer({ min: 1, max: 8 * HOUR_MS }),
      isBad: fc.boolean(),
      delayMs: fc.integer({ min: 0, max: lateMs }),
    });
    const run = fc.record({
      events: fc.array(event, { maxLength: 60 }),
      ticks: fc.uniqueArray(fc.integer({ min: 1, max: 8 * 60 + 15 }), { minLength: 1, maxLength: 12 }),
      keepsMemory: fc.boolean(),
    });
    const check = async ({
      events,
      ticks,
      keepsMemory,
    }: typeof run extends fc.Arbitrary<infer T> ? T : never): Promise<void> => {
      const world = createSloWorld({ lateMs });
      for (const { offsetMs, isBad, delayMs } of events)
        world.events.events.push({
          timeMs: WORLD_START_MS + offsetMs,
          isBad,
          arrivesAtMs: WORLD_START_MS + offsetMs + delayMs,
        });
      const memory: LedgerMemory | undefined = keepsMemory ? new Map() : undefined;
      for (const minutes of [...ticks].sort((a, b) => a - b)) {
        const { status } = await tick(world, minutes, memory);
        const nowMs = at(minutes);
        for (const { windowMs, bad, total } of status.windows) {
          const { fromMs, untilMs } = windowAt(windowMs, nowMs);
          const inside = world.events.events.filter(
            ({ timeMs, arrivesAtMs }) => timeMs > fromMs && timeMs <= untilMs && arrivesAtMs! <= nowMs,
          );
          expect({ minutes, windowMs, bad, total }).toEqual({
            minutes,
            windowMs,
            bad: inside.filter(({ isBad }) => isBad).length,
            total: inside.length,
          });
        }
      }
    };
    await fc.assert(fc.asyncProperty(run, check), {
      numRuns: Number(process.env.SLUICE_FUZZ_RUNS ?? 40),
      seed: 7,
    });
  });

  test('end now and begin on a slot border, their length before the last border', () => {
    expect(windowAt(HOUR_MS, at(120))).toEqual({ fromMs: at(60), untilMs: at(120) });
    expect(windowAt(HOUR_MS, at(123))).toEqual({ fromMs: at(60), untilMs: at(123) });
  });

  test('are null without events, and below the guard', async () => {
    const world = createSloWorld({ settings: 'slo: {min_events: 20}' });
    world.events.events.push(...burst(10, 1, false), ...burst(15, 65, true));
    const { status } = await tick(world, 70);
    const ratios = Object.fromEntries(status.windows.map(({ window, errorRatio }) => [window, errorRatio]));
    expect(ratios).toMatchObject({ '5m': null, '1h': null, '2h': 0.6 });
  });
});

describe('the status', () => {
  test('tells budget, burn rates and when the budget is gone', async () => {
    const world = createSloWorld();
    world.events.events.push(...burst(9_990, 1, false), ...burst(10, 2, true));
    const { status } = await tick(world, 5);
    expect(status).toMatchObject({
      id: 'shop-availability',
      state: 'ok',
      severity: null,
      bad: 10,
      total: 10_000,
      errorRatio: 0.001,
      period: { kind: 'rolling', endMs: null },
    });
    expect(status.budget.allowed).toBeCloseTo(100, 9);
    expect(status.budget.remainingRatio).toBeCloseTo(0.9, 9);
    const hourly = status.windows.find(({ window }) => window === '1h')!.burnRate!;
    expect(hourly).toBeCloseTo(0.1, 9);
    // 90 % of 30 days at a tenth of the speed.
    expect(status.hoursToExhaustion).toBeCloseTo((0.9 * 720) / 0.1, 6);
  });

  test.each([
    ['burning', { bad: 20, old: 100_000 }, 'page'],
    ['exhausted', { bad: 60, old: 0 }, 'page'],
    ['ok', { bad: 0, old: 10 }, null],
  ] as const)('is %s', async (state, { bad, old }, severity) => {
    const world = createSloWorld();
    world.events.events.push(...burst(old, 1, false), ...burst(40, 1_441, false), ...burst(bad, 1_442, true));
    const { status } = await tick(world, 1_445);
    expect({ state: status.state, severity: status.severity }).toEqual({ state, severity });
    if (state === 'exhausted') expect(status.hoursToExhaustion).toBe(0);
  });

  test('is low_traffic without one event, and no_data where the series has ended', async () => {
    const world = createSloWorld();
    expect((await tick(world, 10)).status).toMatchObject({
      state: 'low_traffic',
      budget: { remainingRatio: null },
      hoursToExhaustion: null,
    });
    const silent = createSloWorld({ spec: specOf('sum(rate(gone[{{.window}}]))') });
    silent.events.events.push(...burst(10, 1, false));
    expect((await tick(silent, 10)).status.state).toBe('no_data');
  });

  test('counts a calendar month from its first day, and the next from zero', async () => {
    const world = createSloWorld({
      settings: 'slo: {time_zone: Europe/Berlin, objectives: {shop-availability: {calendar: month}}}',
    });
    world.events.events.push(...burst(90, 1, false), ...burst(10, 2, true));
    const days = 17;
    const { status } = await tick(world, 10);
    expect(status).toMatchObject({
      bad: 10,
      total: 100,
      period: { kind: 'month', startMs: Date.UTC(2025, 11, 31, 23), endMs: Date.UTC(2026, 0, 31, 23) },
    });
    world.events.events.push(...burst(50, days * 1_440 + 1_435, false));
    const next = await tick(world, (days + 1) * 1_440);
    expect(next.status).toMatchObject({ bad: 0, total: 50, period: { startMs: Date.UTC(2026, 0, 31, 23) } });
  });

  test('leaves maintenance out, slot by slot', async () => {
    const world = createSloWorld({
      settings: `
slo:
  exclusions:
    - {from: '2026-01-14T00:06:00Z', until: '2026-01-14T00:09:00Z', slos: ['shop-*'], reason: upgrade}
    - {from: '2026-01-14T00:00:00Z', until: '2026-01-14T01:00:00Z', slos: [other-slo]}`,
    });
    world.events.events.push(...burst(4, 1, false), ...burst(6, 7, true), ...burst(1, 11, true));
    expect((await tick(world, 15)).status).toMatchObject({ bad: 1, total: 5 });
  });
});

describe('the ledger', () => {
  test('gives the same for a doubled tick, and goes on from what another worker stored', async () => {
    const world = createSloWorld();
    world.events.events.push(...burst(5, 1, true), ...burst(5, 12, false));
    const first = await tick(world, 10);
    expect(await tick(world, 10)).toEqual({
      ...first,
      isNew: true,
      fromMs: expect.anything(),
      throughMs: at(10),
      fingerprint: expect.anything(),
      recorded: expect.anything(),
    });
    expect((await tick(world, 9)).isNew).toBe(false);
    expect((await tick(world, 20)).status).toMatchObject({ bad: 5, total: 10 });
    const slots = await world.store.load('shop-availability', { fromMs: at(0), untilMs: at(20) });
    expect([...slots.total]).toEqual([5, 0, 5, 0]);
  });

  test('gives way to another worker, whose head came first', async () => {
    const world = createSloWorld();
    const deps = world.depsAt(at(10));
    const late = updateLedger(world.plan, at(10), {
      ...deps,
      store: {
        ...world.store,
        async saveHead(...args) {
          await tick(world, 11);
          return world.store.saveHead(...args);
        },
      },
    });
    expect(await late).toBeUndefined();
    expect((await world.store.head('shop-availability'))?.head.throughMs).toBe(at(11));
  });

  test('fills the past of a new SLO in a few ticks, newest days first', async () => {
    const world = createSloWorld();
    for (let day = 0; day < 8; day++)
      world.events.events.push(...burst(10 + day, day * 1_440 + 600, day === 0));
    const totals: number[] = [];
    for (let i = 0; i < 4; i++) totals.push((await tick(world, 8 * 1_440 + i)).status.total);
    expect(totals).toEqual([17 + 16 + 15, 17 + 16 + 15 + 14 + 13 + 12, 108, 108]);
  });

  test('starts over when the queries change, and tells which series end', async () => {
    const world = createSloWorld();
    world.events.events.push(...burst(5, 1, true));
    await tick(world, 5);
    const other = createSloWorld({ spec: specOf('sum(rate(nothing[{{.window}}]))') });
    const update = await updateLedger(other.plan, at(11), world.depsAt(at(11)));
    expect(update!.status.state).toBe('no_data');
    expect(update!.ended).toEqual([
      300_000,
      1_800_000,
      HOUR_MS,
      2 * HOUR_MS,
      6 * HOUR_MS,
      DAY_MS,
      3 * DAY_MS,
      30 * DAY_MS,
    ]);
  });
});

function specOf(totalQuery: string): string {
  return `
version: prometheus/v1
service: shop
slos:
  - name: availability
    objective: 99
    sli: {events: {error_query: 'sum(rate(requests_total{status="500"}[{{.window}}]))', total_query: '${totalQuery}'}}
    alerting: {name: A}
`;
}
