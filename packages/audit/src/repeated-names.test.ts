import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { findRepeatedNames } from './repeated-names.ts';

test.each([
  ['{"a":1,"a":2}', [{ index: undefined, path: '$.a' }]],
  ['{"a":1,"\\u0061":2}', [{ index: undefined, path: '$.a' }]],
  ['[{"a":1},{"b":{"c d":[0,{"e":1,"e":1}]}}]', [{ index: 1, path: '$.b["c d"][1].e' }]],
  [
    '[{"a":1,"a":1},[{"a":1,"a":1}]]',
    [
      { index: 0, path: '$.a' },
      { index: 1, path: '$[0].a' },
    ],
  ],
  ['{"a":"a","b":{"a":1},"c":["a","a"],"d":"\\"a\\":1,\\"a\\":2"}', []],
  ['"a"', []],
  ['[]', []],
])('%s', (text, expected) => {
  JSON.parse(text);
  expect(findRepeatedNames(text)).toEqual(expected);
});

test('no value that was written by JSON.stringify has one, and one more of any name is found', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (value, name) => {
      expect(findRepeatedNames(JSON.stringify(value, undefined, 1))).toEqual([]);
      const key = JSON.stringify(name);
      expect(findRepeatedNames(`{${key}:${JSON.stringify(value)},${key}:0}`)).toHaveLength(1);
    }),
  );
});
