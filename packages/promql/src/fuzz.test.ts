/** More by `SLUICE_FUZZ_RUNS`: 100,000 take some ten seconds. */
import { expect, test } from 'vitest';
import { fuzzExpressions } from './testing/fuzz-expressions.ts';

test('no mutated expression ends otherwise than with a result or a query error', async () => {
  const runs = Number(process.env.SLUICE_FUZZ_RUNS ?? 3000);
  const { crashes, answered } = await fuzzExpressions({
    runs,
    seed: Number(process.env.SLUICE_FUZZ_SEED ?? 1),
  });
  expect(crashes).toEqual([]);
  expect(answered).toBeGreaterThan(runs / 20);
});
