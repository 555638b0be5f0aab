import { QUEUE_LIMITS } from '@sluice/core/ports/queue';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { messageBytes, refusalOf, toBatches } from './message-limits.ts';

test('bytes are those of body, names, types and values in UTF-8', () => {
  expect(messageBytes({ body: 'é😀', attributes: { ä: 'ö' } })).toBe(2 + 4 + 2 + 'String'.length + 2);
});

describe('batches', () => {
  test('hold every entry in order, at most 10 and 1 MiB each, and are as few as order allows', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: QUEUE_LIMITS.maxBytes }), { maxLength: 60 });
    fc.assert(
      fc.property(sizes, (entries) => {
        const batches = toBatches(entries, (bytes) => bytes);
        expect(batches.flat()).toEqual(entries);
        const total = (batch: readonly number[]) => batch.reduce((sum, bytes) => sum + bytes, 0);
        for (const [index, batch] of batches.entries()) {
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length).toBeLessThanOrEqual(10);
          expect(total(batch)).toBeLessThanOrEqual(QUEUE_LIMITS.maxBytes);
          const next = batches[index + 1]?.[0];
          if (next !== undefined)
            expect(batch.length === 10 || total(batch) + next > QUEUE_LIMITS.maxBytes).toBe(true);
        }
      }),
    );
  });

  test('of nothing are none', () => {
    expect(toBatches([], () => 1)).toEqual([]);
  });
});

test.each([
  ['.a', false],
  ['a.', false],
  ['a..b', false],
  ['a b', false],
  ['', false],
  ['amazon.x', false],
  ['a'.repeat(257), false],
  ['a'.repeat(256), true],
  ['received_at-ms.2', true],
])('the attribute name %j is allowed: %s', (name, allowed) => {
  expect(refusalOf({ body: 'm', attributes: { [name]: 'v' } }, { fifo: false }) === undefined).toBe(allowed);
});
