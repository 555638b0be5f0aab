import type { AttributeValue } from '@sluice/core/ports/table';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromDynamoItem, fromDynamoValue, toDynamoItem, toDynamoValue } from './attribute-values.ts';

const { value } = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ minLength: 1 }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

test('every value comes back as it was', () => {
  fc.assert(
    fc.property(value, (own) => {
      expect(fromDynamoValue(toDynamoValue(own))).toEqual(own);
    }),
  );
});

test.each<[AttributeValue, object]>([
  ['text', { S: 'text' }],
  [1e21, { N: '1e+21' }],
  [false, { BOOL: false }],
  [null, { NULL: true }],
  [[1, ['a']], { L: [{ N: '1' }, { L: [{ S: 'a' }] }] }],
  [{ a: { b: 1 } }, { M: { a: { M: { b: { N: '1' } } } } }],
])('%j is tagged %j', (own, tagged) => {
  expect(toDynamoValue(own)).toEqual(tagged);
});

test('items are maps of values; sets, which are never written, are refused by type', () => {
  expect(fromDynamoItem(toDynamoItem({ pk: 'p', sk: 's', n: 1 }))).toEqual({ pk: 'p', sk: 's', n: 1 });
  expect(() => fromDynamoItem({ tags: { SS: ['a'] } })).toThrow(/type SS, which Sluice does not write/);
});
