import type { AnyValue } from '@sluice/otlp/model';
import { expect, test } from 'vitest';
import { anyValueText } from './any-value-text.ts';

const string = (value: string): AnyValue => ({ type: 'string', value });
const int = (value: bigint): AnyValue => ({ type: 'int', value });
const list = (...values: readonly AnyValue[]): AnyValue => ({ type: 'array', values });
const map = (entries: Readonly<Record<string, AnyValue>>): AnyValue => ({
  type: 'kvlist',
  entries: Object.entries(entries).map(([key, value]) => ({ key, value })),
});

test.each<[AnyValue, string]>([
  [string('a "b"'), 'a "b"'],
  [{ type: 'bool', value: false }, 'false'],
  [int(-9_223_372_036_854_775_808n), '-9223372036854775808'],
  [{ type: 'double', value: 1e21 }, '1e+21'],
  [{ type: 'double', value: Number.NaN }, 'NaN'],
  [{ type: 'bytes', value: Buffer.from('hi') }, 'aGk='],
  [{ type: 'empty' }, ''],
  [list(), '[]'],
  [map({}), '{}'],
  [
    list(
      string('a "b"'),
      int(2n ** 62n),
      { type: 'double', value: Number.NEGATIVE_INFINITY },
      { type: 'empty' },
    ),
    '["a \\"b\\"",4611686018427387904,"-Infinity",null]',
  ],
  [
    map({
      'k"': list({ type: 'bool', value: true }),
      inner: map({ b: { type: 'bytes', value: Buffer.from('hi') } }),
    }),
    '{"k\\"":[true],"inner":{"b":"aGk="}}',
  ],
])('%o reads %s', (value, text) => {
  expect(anyValueText(value)).toBe(text);
  if (/^[[{]/.test(text)) expect(() => JSON.parse(text)).not.toThrow();
});
