import { expect, test } from 'vitest';
import { parseGoDuration } from './go-duration.ts';

test.each([
  ['0', 0n],
  ['100ms', 100_000_000n],
  ['1.5s', 1_500_000_000n],
  ['.5s', 500_000_000n],
  ['2h45m', 9_900_000_000_000n],
  ['1m0.5s', 60_500_000_000n],
  ['10us', 10_000n],
  ['10µs', 10_000n],
  ['10μs', 10_000n],
  ['7ns', 7n],
  ['-1s', -1_000_000_000n],
  ['+1s', 1_000_000_000n],
])('%s is %d ns', (text, nanos) => {
  expect(parseGoDuration(text)).toBe(nanos);
});

test.each(['', '5', 's', '1 s', '1d', '1s2', 'abc', '1,5s'])(
  '%j is refused with the units that there are',
  (text) => {
    expect(() => parseGoDuration(text)).toThrow(/is not a duration like "100ms"/);
  },
);
