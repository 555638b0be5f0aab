import { expect, test } from 'vitest';
import { createRollupSettings, DEFAULT_TIERS, type RollupTier, YEAR_TIERS } from './rollup-settings.ts';

const [fine, middle, coarse] = DEFAULT_TIERS as [RollupTier, RollupTier, RollupTier];

test('both presets hold together', () => {
  expect(createRollupSettings().tiers).toBe(DEFAULT_TIERS);
  expect(createRollupSettings({ tiers: YEAR_TIERS }).tiers.map(({ keepMs }) => keepMs / 86_400_000)).toEqual([
    15, 30, 365,
  ]);
});

test.each<[RollupTier[], string]>([
  [[], 'at least one'],
  [[{ ...fine, name: '1#m' }], 'not of a-z and 0-9'],
  [[{ ...fine, slotMs: 1500 }], 'not whole seconds'],
  [[{ ...fine, spanMs: 90_000 }], 'spanMs 90000 is not a multiple of slotMs'],
  [
    [fine, { ...middle, slotMs: 90_000, spanMs: 90_000 * 240 }],
    'slotMs 90000 is not a multiple of the 60000 of tier 1m',
  ],
  [[fine, { ...middle, spanMs: 5_400_000 }], 'files of 3600000 ms (tier 1m) do not fit'],
  [[fine, { ...coarse, keepMs: 1 }], 'keepMs is less than that of tier 1m'],
])('a tier that does not fit is named with what is wrong', (tiers, problem) => {
  expect(() => createRollupSettings({ tiers })).toThrow(problem);
});
