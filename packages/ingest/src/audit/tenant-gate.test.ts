import { parseTenantId } from '@sluice/core/ids';
import { expect, test } from 'vitest';
import { createTenantGate } from './tenant-gate.ts';

const [hot, calm] = [parseTenantId('hot'), parseTenantId('calm')];

test('a hot tenant is held back, told how to go on, and let in again; others are not touched', () => {
  let nowMs = 0;
  const gate = createTenantGate({ nowMs: () => nowMs, requestsPerSecond: 10 });
  const enter = (tenant = hot): string => gate.enter(tenant, 1).status;
  expect(Array.from({ length: 10 }, () => enter())).toEqual(Array(10).fill('ok'));
  const limited = gate.enter(hot, 1);
  expect(limited).toMatchObject({
    status: 'limited',
    reason: expect.stringContaining('send several events in one request'),
  });
  expect(enter(calm)).toBe('ok');
  nowMs += 1000 * (limited.status === 'limited' ? limited.retryAfterSeconds : 0);
  expect(enter()).toBe('ok');
  expect(enter()).toBe('limited');
});
