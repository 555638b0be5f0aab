import { describe, expect, test } from 'vitest';
import { data } from '../testing/prometheus-server.ts';

describe('the tree of an expression', () => {
  test.each<[string, unknown]>([
    ['1.5', { type: 'numberLiteral', val: '1.5' }],
    ['"a"', { type: 'stringLiteral', val: 'a' }],
    [
      'foo{bar!~"x"}[5m] @ 10 offset -1m',
      {
        type: 'matrixSelector',
        name: 'foo',
        range: 300_000,
        offset: -60_000,
        timestamp: 10_000,
        startOrEnd: null,
        anchored: false,
        smoothed: false,
        matchers: [
          { name: 'bar', value: 'x', type: '!~' },
          { name: '__name__', value: 'foo', type: '=' },
        ],
      },
    ],
    [
      '-sum_over_time((a @ end())[5m:])',
      {
        type: 'unaryExpr',
        op: '-',
        expr: {
          args: [
            {
              type: 'subquery',
              range: 300_000,
              step: 0,
              offset: 0,
              timestamp: null,
              startOrEnd: null,
              expr: { type: 'parenExpr', expr: { type: 'vectorSelector', startOrEnd: 'end' } },
            },
          ],
        },
      },
    ],
    [
      'topk without (x) (2, a) and on (y) b',
      {
        type: 'binaryExpr',
        op: 'and',
        bool: false,
        matching: { card: 'many-to-many', labels: ['y'], on: true, include: [] },
        lhs: {
          type: 'aggregation',
          op: 'topk',
          grouping: ['x'],
          without: true,
          param: { type: 'numberLiteral', val: '2' },
        },
        rhs: { type: 'vectorSelector', name: 'b' },
      },
    ],
    ['a > bool 1', { type: 'binaryExpr', op: '>', bool: true, matching: null }],
    [
      'a * ignoring (x) group_left (y) b',
      { matching: { card: 'many-to-one', labels: ['x'], on: false, include: ['y'] } },
    ],
    [
      'round(a, 5)',
      {
        type: 'call',
        func: { name: 'round', argTypes: ['vector', 'scalar'], variadic: 1, returnType: 'vector' },
        args: [{ name: 'a' }, { val: '5' }],
      },
    ],
    ['sum(a)', { type: 'aggregation', param: null, grouping: [], without: false }],
  ])('%s', async (query, expected) => {
    expect(await data('parse_query', { query })).toMatchObject(expected as object);
  });
});
