import { expect, test } from 'vitest';
import { toPartialMessage } from './partial-message.ts';

const rejection = { reason: 'invalid-trace-id', count: 2, example: 'spans[0]: it is empty' };

test('nothing to say is an empty message', () => {
  expect(toPartialMessage('traces', [], [])).toBe('');
});

test('rejections are summed in the unit of the signal and named with reason and example', () => {
  const other = { reason: 'invalid-span-id', count: 1, example: 'spans[4]: it is zero' };
  expect(toPartialMessage('traces', [rejection, other], [])).toBe(
    '3 spans rejected: 2 invalid-trace-id (spans[0]: it is empty); 1 invalid-span-id (spans[4]: it is zero)',
  );
});

test('one item is not many', () => {
  expect(toPartialMessage('metrics', [{ ...rejection, count: 1 }], [])).toMatch(/^1 data point rejected: /);
});

test('warnings follow', () => {
  expect(toPartialMessage('logs', [], ['a', 'b'])).toBe('accepted with warnings: a; b');
  expect(toPartialMessage('logs', [rejection], ['a'])).toMatch(
    /^2 log records rejected: .*\. accepted with warnings: a$/,
  );
});

test('a message is cut where SDKs would flood the log of the application', () => {
  const message = toPartialMessage('metrics', [], ['x'.repeat(5000)]);
  expect(message).toHaveLength(2000);
  expect(message.endsWith('…')).toBe(true);
});
