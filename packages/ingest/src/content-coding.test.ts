import { expect, test } from 'vitest';
import { parseContentCoding } from './content-coding.ts';

test.each([
  [null, 'identity'],
  [undefined, 'identity'],
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['X-GZIP', 'gzip'],
  [' zstd ', 'zstd'],
  ['deflate', 'deflate'],
  ['identity, gzip', 'gzip'],
  ['gzip,', 'gzip'],
])('%s is %s', (header, coding) => {
  expect(parseContentCoding(header)).toBe(coding);
});

test.each(['br', 'gzip, br', 'gzip, gzip', 'gzip;q=1', 'constructor'])('%s is not taken', (header) => {
  expect(parseContentCoding(header)).toBeUndefined();
});
