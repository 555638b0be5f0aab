import { expect, test } from 'vitest';
import { parseTenantId } from './ids.ts';

test.each(['default', 'a', '0', 'team-1_b', 'a'.repeat(63)])('%j is a tenant', (text) => {
  expect(parseTenantId(text)).toBe(text);
});

test.each(['', '-a', '_a', 'A', 'a b', 'a/b', 'ä', 'a\n', 'a'.repeat(64)])(
  '%j is none, and the message says why',
  (text) => {
    expect(() => parseTenantId(text)).toThrow(RangeError);
    expect(() => parseTenantId(text)).toThrow(`tenant ${JSON.stringify(text)} is not 1-63 characters`);
  },
);
