import { expect, test } from 'vitest';
import { describeError, PermanentError, UsageError } from './errors.ts';

const chain = (depth: number): Error =>
  new Error(`level ${depth}`, depth === 0 ? {} : { cause: chain(depth - 1) });

test.each<[unknown, string]>([
  [new Error('no connection'), 'no connection'],
  [new Error('push failed', { cause: new Error('socket\n  closed') }), 'push failed: socket closed'],
  [new TypeError(''), 'TypeError'],
  [new Error('a', { cause: 'b' }), 'a: b'],
  ['text', 'text'],
  [404, '404'],
  [undefined, ''],
  [null, ''],
  [chain(9), 'level 9: level 8: level 7: level 6: level 5'],
])('%o is described as %j', (error, expected) => {
  expect(describeError(error)).toBe(expected);
});

test('the kinds of error are told apart by class and name', () => {
  expect(new PermanentError('x')).toMatchObject({ name: 'PermanentError', message: 'x' });
  expect(new UsageError('x', { cause: 1 })).toMatchObject({ name: 'UsageError', cause: 1 });
  expect(new UsageError('x')).not.toBeInstanceOf(PermanentError);
});
