import { describe, expect, test } from 'vitest';
import { runFaultModel } from '../testing/fault-model.ts';

/** `SLUICE_FAULT_SEEDS=1000` for a long run. */
const SEEDS = Number(process.env.SLUICE_FAULT_SEEDS ?? 4);

describe('under every fault at once, what readers see is what sources counted', () => {
  const events: Record<string, number> = {};

  test.each(Array.from({ length: SEEDS }, (_, seed) => seed + 1))('seed %i', async (seed) => {
    const result = await runFaultModel(seed);
    for (const [event, count] of Object.entries(result.events)) events[event] = (events[event] ?? 0) + count;
    expect(result.falls).toEqual([]);
    const shown = [...result.ledger.keys()].map((series) => [series, result.totals.get(series) ?? 0]);
    expect(new Map(shown as [string, number][])).toEqual(result.ledger);
    expect(result.ledger.size).toBeGreaterThan(60);
  });

  test('and all of the faults did happen', () => {
    for (const event of [
      'announced',
      'resent',
      'restarts',
      'racing collectors',
      'frozen collectors',
      'crashed before the acknowledgement',
      'crashed reducers',
      'skipped ticks',
      'overlapping ticks',
      'adopted',
      'unchanged: superseded',
      'unchanged: waiting',
      'unchanged: retired',
    ]) {
      expect([event, (events[event] ?? 0) > 0]).toEqual([event, true]);
    }
  });
});
