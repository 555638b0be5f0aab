import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../commands.ts';
import { run } from '../run.ts';
import { createFakeIo, type FakeIoOptions } from '../testing/fake-io.ts';
import { startServer } from '../testing/scripted-server.ts';

const ok = (resultType: string, result: unknown, notes: object = {}) => ({
  body: JSON.stringify({ status: 'success', data: { resultType, result }, ...notes }),
});

async function query(
  argv: readonly string[],
  answer: { readonly status?: number; readonly body: string },
  options: FakeIoOptions = {},
) {
  await using server = await startServer(() => answer);
  const io = createFakeIo({ ...options, env: { SLUICE_API_URL: server.url, ...options.env } });
  const code = await run(['query', ...argv], io, COMMANDS);
  return { code, out: io.out(), err: io.err(), asked: server.asked, url: server.url };
}

const REQUESTS = [
  { metric: { __name__: 'requests_total', status: '200' }, value: [60, '12.5'] },
  { metric: { __name__: 'requests_total', status: '500' }, value: [60, 'NaN'] },
];

describe('at one time', () => {
  test('labels are columns, values stand at the right', async () => {
    const { code, out, asked } = await query(['requests_total'], ok('vector', REQUESTS));
    expect([code, out]).toEqual([
      0,
      [
        'METRIC          status  VALUE',
        'requests_total  200      12.5',
        'requests_total  500       NaN',
        '2 series',
        '',
      ].join('\n'),
    ]);
    expect(asked[0]!.path).toBe('/api/v1/query?query=requests_total');
  });

  test('what does not fit the terminal has the name of the series', async () => {
    const { out } = await query(['requests_total'], ok('vector', REQUESTS), { columns: 20 });
    expect(out).toContain('requests_total{status="200"}   12.5\n');
  });

  test.each([
    ['a scalar', ok('scalar', [60, '1.5']), '1.5\n'],
    ['a string', ok('string', [60, 'text']), 'text\n'],
    ['nothing', ok('vector', []), 'Nothing matches at that time.\n'],
    [
      'one without labels',
      ok('vector', [{ metric: {}, value: [60, '+Inf'] }]),
      'SERIES  VALUE\n{}       +Inf\n1 series\n',
    ],
    [
      'a native histogram',
      ok('vector', [{ metric: { __name__: 'h' }, histogram: [60, { count: '3', sum: '2', buckets: [] }] }]),
      'METRIC             VALUE\nh       {count:3, sum:2}\n1 series\n',
    ],
    [
      'a range of samples',
      ok('matrix', [
        {
          metric: { __name__: 'a' },
          values: [
            [0, '1'],
            [60, '2'],
          ],
        },
      ]),
      'METRIC  TIME                      VALUE\na       1970-01-01T00:00:00.000Z      1\na       1970-01-01T00:01:00.000Z      2\n1 series\n',
    ],
  ])('%s', async (_, answer, out) => {
    expect(await query(['x'], answer)).toMatchObject({ code: 0, out });
  });

  test.each([
    [['--time', '2026-01-31T12:00:00Z'], 'time=1769860800'],
    [['--time', '60.5'], 'time=60.5'],
  ])('%j is sent as Unix seconds', async (options, expected) => {
    const { asked } = await query(['up', ...options], ok('vector', []));
    expect(asked[0]!.path).toContain(expected);
  });

  test('control characters of a label do not reach the terminal', async () => {
    const { out } = await query(['x'], ok('vector', [{ metric: { a: '\u001b[2J' }, value: [0, '1'] }]));
    expect(out).toContain('\\x1b[2J');
    expect(out).not.toContain('\u001b');
  });

  test('warnings and infos go beside', async () => {
    const notes = { warnings: ['careful (1:1)'], infos: ['by the way (1:2)'] };
    const { out, err } = await query(['x'], ok('scalar', [0, '1'], notes));
    expect([out, err]).toEqual(['1\n', 'careful (1:1)\nby the way (1:2)\n']);
  });

  test('--json prints what came', async () => {
    const { out } = await query(['x', '--json'], ok('vector', REQUESTS, { infos: ['i'] }));
    expect(JSON.parse(out)).toEqual({
      status: 'success',
      data: { resultType: 'vector', result: REQUESTS },
      infos: ['i'],
    });
  });

  test('--csv prints one line a sample, quoted where it must be', async () => {
    const series = [
      {
        metric: { path: '/a,"b"' },
        values: [
          [0, '1'],
          [60, '2'],
        ],
      },
      { metric: {}, values: [[0, '3']] },
    ];
    const { out } = await query(['x', '--range', '1m', '--csv'], ok('matrix', series));
    expect(out).toBe(
      'path,time,value\r\n"/a,""b""",1970-01-01T00:00:00.000Z,1\r\n"/a,""b""",1970-01-01T00:01:00.000Z,2\r\n,1970-01-01T00:00:00.000Z,3\r\n',
    );
  });

  test('--url asks another server', async () => {
    const { code, out, asked } = await query(['x', '--url', 'http://127.0.0.1:1/'], ok('scalar', [0, '1']));
    expect([code, out, asked.length]).toEqual([1, '', 0]);
    await using other = await startServer(() => ok('scalar', [0, '7']));
    const seven = await query(['x', '--url', `${other.url}/`], ok('scalar', [0, '1']));
    expect([seven.out, other.asked[0]!.path]).toEqual(['7\n', '/api/v1/query?query=x']);
  });
});

describe('over time', () => {
  const ramp = (from: number, to: number, labels: object = { __name__: 'up' }) => ({
    metric: labels,
    values: Array.from({ length: 61 }, (_, i) => [i * 60, String(from + ((to - from) * i) / 60)]),
  });
  const hour = ['x', '--range', '1h', '--step', '1m', '--time', '3600'];

  test('the request is on the grid of its step', async () => {
    const { asked } = await query(hour, ok('matrix', []));
    expect(asked[0]!.path).toBe('/api/v1/query_range?query=x&start=0&end=3600&step=60');
    const now = await query(['x', '--range', '1h'], ok('matrix', []));
    const { searchParams } = new URL(now.asked[0]!.path, 'http://localhost');
    expect(Number(searchParams.get('step'))).toBe(15);
    expect(Number(searchParams.get('end')) % 15).toBe(0);
  });

  test('a line rises from the lower left to the upper right, between axes', async () => {
    const { out } = await query(hour, ok('matrix', [ramp(0, 100)]), { columns: 40 });
    const lines = out.split('\n');
    expect(lines[0]).toMatch(/^ *100 ┤ +[\u2800-\u28ff]+$/);
    expect(lines[15]).toMatch(/^ +0 ┤[\u2800-\u28ff]+$/);
    expect(lines[16]).toMatch(/^ +└─+$/);
    expect(lines[17]).toMatch(/00:00:00 +00:30:00 +01:00:00 UTC/);
    expect(lines[18]).toBe('── up  last 100, min 0, max 100');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(41);
  });

  test('without colours several lines have symbols, with colours they have colours', async () => {
    const series = [ramp(0, 10, { job: 'a' }), ramp(10, 0, { job: 'b' })];
    const plain = await query(hour, ok('matrix', series));
    expect(plain.out).toContain('* {job="a"}');
    expect(plain.out).toMatch(/┤\*+ .*\+/);
    const coloured = await query(hour, ok('matrix', series), { isTerminal: true, env: { TERM: 'xterm' } });
    expect(coloured.out).toContain('\u001b[32m──\u001b[39m {job="a"}');
    expect(coloured.out).toMatch(/[\u2801-\u28ff]/);
  });

  test('a gap stays a gap, and what is no number is left out', async () => {
    const values = [
      [0, '1'],
      [60, 'NaN'],
      [3600, '1'],
    ];
    const { out } = await query(hour, ok('matrix', [{ metric: {}, values }]), { columns: 60 });
    const drawn = out.split('\n').filter((line) => /[\u2801-\u28ff]/.test(line));
    expect(drawn).toHaveLength(1);
    expect(drawn[0]!.match(/[\u2801-\u28ff]/g)).toHaveLength(2);
  });

  test('more series than can be told apart are counted', async () => {
    const series = Array.from({ length: 11 }, (_, i) => ramp(i, i, { i: String(i) }));
    expect((await query(hour, ok('matrix', series))).out).toContain('and 3 more series');
  });

  test.each([
    [[], 'Nothing matches in that time.\n'],
    [[{ metric: {}, values: [[0, 'NaN']] }], 'Nothing to plot: no value is a finite number.\n'],
  ])('%j', async (result, out) => {
    expect(await query(hour, ok('matrix', result))).toMatchObject({ code: 0, out });
  });

  test('days are on the axis of a long range, tiny and negative values on the other', async () => {
    const values = [
      [0, '-1e-7'],
      [86_400 * 7, '-5e-7'],
    ];
    const { out } = await query(
      ['x', '--range', '7d', '--step', '1d', '--time', String(86_400 * 7)],
      ok('matrix', [{ metric: {}, values }]),
    );
    expect(out).toMatch(/01-01 00:00 +01-04 12:00 +01-08 00:00 UTC/);
    expect(out).toContain('-5.00e-7 ┤');
  });
});

describe('a mistake is shown where it is', () => {
  const refused = (error: string, errorType = 'bad_data', status = 400) => ({
    status,
    body: JSON.stringify({ status: 'error', errorType, error }),
  });

  test.each([
    [
      'sum(up',
      'invalid parameter "query": 1:7: parse error: unclosed left parenthesis',
      'sluice: parse error: unclosed left parenthesis\n  sum(up\n        ^\n',
    ],
    [
      'up{a="ä"} and\nup +',
      'invalid parameter "query": 2:5: parse error: unexpected end of input',
      'sluice: parse error: unexpected end of input\n  up +\n      ^\n',
    ],
    [
      'up{a="äöü"} 1',
      'invalid parameter "query": 1:16: parse error: unexpected number "1"',
      'sluice: parse error: unexpected number "1"\n  up{a="äöü"} 1\n              ^\n',
    ],
    [
      '',
      'invalid parameter "query": unknown position: parse error: no expression found in input',
      'sluice: parse error: no expression found in input\n  \n  ^\n',
    ],
  ])('%s', async (expression, error, err) => {
    expect(await query([expression], refused(error))).toMatchObject({ code: 2, out: '', err });
  });

  test('an error of the evaluation has no place', async () => {
    const found = await query(['x'], refused('many-to-many matching not allowed', 'execution', 422));
    expect(found).toMatchObject({ code: 1, err: 'sluice: execution: many-to-many matching not allowed\n' });
  });

  test.each([
    [['x', '--step', '1m'], '--step goes with --range'],
    [['x', '--range', '1h', '--step', '0s'], '--step 0s has no end'],
    [['x', '--range', '90d', '--step', '1s'], 'more than 11,000 points'],
    [['x', '--time', 'noon'], '--time "noon" is no time'],
    [['x', '--json', '--csv'], '--json or --csv, not both'],
    [['x', '--url', 'localhost:9090'], '--url "localhost:9090" is no URL such as http://127.0.0.1:9090'],
    [[], 'EXPR is missing'],
  ])('%j is refused before anything is asked', async (argv, message) => {
    const { code, err, asked } = await query(argv, ok('vector', []));
    expect([code, asked.length]).toEqual([2, 0]);
    expect(err).toContain(message);
  });

  test.each(['<html>', '{"error":"nothing is served here"}'])(
    'a server that is no Prometheus is said to be none: %s',
    async (body) => {
      const { code, err, url } = await query(['x'], { status: 404, body });
      expect([code, err]).toEqual([1, `sluice: what answers at ${url} is no Prometheus API (HTTP 404)\n`]);
    },
  );

  test('why nobody answers is said once', async () => {
    const io = createFakeIo({
      env: { SLUICE_API_URL: 'http://127.0.0.1:9' },
      fetch: () => Promise.reject(new TypeError('fetch failed', { cause: new Error('refused') })),
    });
    expect(await run(['query', 'x'], io, COMMANDS)).toBe(1);
    expect(io.err().match(/refused/g)).toHaveLength(1);
  });
});
