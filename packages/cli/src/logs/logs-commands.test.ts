import { createHurriedClock } from '@sluice/core/testing/hurried-clock';
import { describe, expect, test } from 'vitest';
import { run } from '../run.ts';
import { createFakeIo, type FakeIoOptions } from '../testing/fake-io.ts';
import { type AskedRequest, type ScriptedAnswer, startServer } from '../testing/scripted-server.ts';

const START_MS = Date.UTC(2026, 0, 1);
const START_NS = BigInt(START_MS) * 1_000_000n;
const STREAM = { service: 'api', job: 'api' };

const record = (message: string, fields: object = {}): string =>
  JSON.stringify({ '@level': 'INFO', level: 'INFO', message, service: 'api', ...fields });

const streams = (...values: readonly (readonly [string, string, object?])[]): ScriptedAnswer => ({
  body: JSON.stringify({
    status: 'success',
    data: { resultType: 'streams', result: [{ stream: STREAM, values }] },
  }),
});

async function logs(
  argv: readonly string[],
  answer: ScriptedAnswer | ((request: AskedRequest, index: number) => ScriptedAnswer),
  options: FakeIoOptions = {},
) {
  await using server = await startServer(typeof answer === 'function' ? answer : () => answer);
  const io = createFakeIo({
    clock: createHurriedClock(START_MS),
    ...options,
    env: { SLUICE_API_URL: server.url, ...options.env },
  });
  const code = await run(['logs', ...argv], io);
  return { code, out: io.out(), err: io.err(), asked: server.asked };
}

describe('sluice logs query', () => {
  const TWO = streams(
    [String(START_NS + 1_500_000n), record('second', { level: 'ERROR', n: 5, error: { type: 'X' } }), {}],
    [String(START_NS), record('first'), { structuredMetadata: { trace_id: 'aa' } }],
  );

  test('shows time, level, service, message and fields, the newest last', async () => {
    const { code, out, asked } = await logs(
      ['query', '{service="api"}', '--since', '2h', '--limit', '7'],
      TWO,
    );
    expect([code, out]).toEqual([
      0,
      '2026-01-01T00:00:00.000Z INFO  api first\n2026-01-01T00:00:00.001Z ERROR api second n=5 error={"type":"X"}\n',
    ]);
    const { searchParams, pathname } = new URL(asked[0]!.path, 'http://x');
    expect(pathname).toBe('/loki/api/v1/query_range');
    expect(Object.fromEntries(searchParams)).toEqual({
      query: '{service="api"}',
      limit: '7',
      start: String(START_NS - 7_200_000_000_000n),
      end: String(START_NS + 1n),
      step: '30',
    });
  });

  test('colours levels on a terminal, and nowhere else', async () => {
    const { out } = await logs(['query', '{a="b"}'], TWO, { isTerminal: true });
    expect(out).toContain('\u001b[31mERROR\u001b[39m');
    expect(
      (await logs(['query', '{a="b"}'], TWO, { isTerminal: true, env: { NO_COLOR: '1' } })).out,
    ).not.toContain('\u001b');
  });

  test.each([
    ['a message', [record('\u001b]0;owned\u0007\u202e')], String.raw`\x1b]0;owned\x07\u202e`],
    ['a field', [record('x', { '\u001b[2J': '\u009b31m' })], String.raw`\x1b[2J=\x9b31m`],
    ['a line that is no record', ['\u001b[31mred'], String.raw`\x1b[31mred`],
  ])('%s cannot steer the terminal', async (_name, [line], shown) => {
    for (const flags of [[], ['--raw'], ['--csv'], ['--json']]) {
      const { out } = await logs(['query', '{a="b"}', ...flags], streams([String(START_NS), line!]), {
        isTerminal: true,
        env: { NO_COLOR: '1' },
      });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(out).not.toMatch(/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u202e]/);
      if (flags.length === 0) expect(out).toContain(shown);
    }
  });

  test('raw, JSON and CSV', async () => {
    expect((await logs(['query', '{a="b"}', '--raw'], TWO)).out.split('\n')[0]).toBe(record('first'));
    const { out } = await logs(['query', '{a="b"}', '--json'], TWO);
    expect(JSON.parse(out)[0]).toEqual({
      time: '2026-01-01T00:00:00.000000000Z',
      timeNs: String(START_NS),
      labels: { ...STREAM, trace_id: 'aa' },
      line: record('first'),
    });
    const csv = (
      await logs(['query', '{a="b"}', '--csv'], streams([String(START_NS), 'say "hi", \u001b[0m']))
    ).out;
    expect(csv).toBe('time,service,line\r\n2026-01-01T00:00:00.000000000Z,api,"say ""hi"", \u001b[0m"\r\n');
  });

  test('a line whose ids stand behind the record is read all the same', async () => {
    const { out } = await logs(
      ['query', '{a="b"}'],
      streams([String(START_NS), `${record('hi')} tracking_id="a}b"`]),
    );
    expect(out).toBe('2026-01-01T00:00:00.000Z INFO  api hi\n');
  });

  test('a metric query is plotted', async () => {
    const { code, out } = await logs(['query', 'rate({a="b"}[1m])'], {
      body: JSON.stringify({
        status: 'success',
        data: {
          resultType: 'matrix',
          result: [
            {
              metric: STREAM,
              values: [
                [START_MS / 1000 - 60, '1.5'],
                [START_MS / 1000, '2'],
              ],
            },
          ],
        },
      }),
    });
    expect(code).toBe(0);
    expect(out).toContain('service="api"');
  });

  test('says so when there is nothing', async () => {
    expect(await logs(['query', '{a="b"}'], streams())).toMatchObject({
      code: 0,
      out: '',
      err: 'no line found\n',
    });
  });

  test.each<[string, readonly string[], ScriptedAnswer, number, string]>([
    [
      'a query that does not parse',
      ['{a='],
      { status: 400, body: 'parse error at line 1, col 4: x\n' },
      2,
      'sluice: parse error at line 1, col 4: x\n  {a=\n     ^\n',
    ],
    [
      'a query that is too much',
      ['{a="b"}'],
      { status: 400, body: 'too many points' },
      2,
      'too many points\n',
    ],
    ['a server that is something else', ['{a="b"}'], { body: '<html>' }, 1, 'is no Loki API (HTTP 200)'],
    ['a key is needed', ['{a="b"}'], { status: 401, body: '{}' }, 1, 'scope query:read'],
    ['two formats', ['{a="b"}', '--json', '--csv'], {}, 2, '--json or --csv, not both'],
    ['context for programs', ['{a="b"}', '--json', '--context', '1'], {}, 2, 'not with --json or --csv'],
    ['a limit that is none', ['{a="b"}', '--limit', '0'], {}, 2, 'from 1 to 5000'],
    ['a time that is none', ['{a="b"}', '--since', 'ever'], {}, 2, 'is not a duration'],
  ])('tells of %s', async (_name, argv, answer, code, message) => {
    const result = await logs(['query', ...argv], answer);
    expect(result.code).toBe(code);
    expect(result.err).toContain(message);
  });

  describe('--context', () => {
    /** Line i of the stream is at nanosecond i. */
    const contextServer =
      (matches: readonly number[]) =>
      ({ path }: AskedRequest): ScriptedAnswer => {
        const { pathname, searchParams } = new URL(path, 'http://x');
        const wire = (i: number) => ({ timeNs: String(i), line: record(`line ${i}`) });
        if (pathname !== '/v1/logs/context')
          return streams(...matches.map((i) => [String(i), wire(i).line] as const));
        expect(searchParams.get('query')).toBe('{service="api", job="api"}');
        const at = Number(searchParams.get('time'));
        const count = Number(searchParams.get('before'));
        const range = (from: number, to: number) =>
          Array.from({ length: Math.max(0, to - from) }, (_, i) => wire(from + i));
        return {
          body: JSON.stringify({
            before: range(Math.max(0, at - count), at),
            at: [wire(at)],
            after: range(at + 1, at + count + 1),
          }),
        };
      };
    const shown = (out: string): string[] =>
      out
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^(>?).*line (\d+)$/, '$1$2').trim());

    test('shows lines around each match once, and a rule where some are left out', async () => {
      const { out } = await logs(['query', '{a="b"}', '--context', '2'], contextServer([10, 12, 20]));
      expect(shown(out)).toEqual([
        '8',
        '9',
        '>10',
        '11',
        '>12',
        '13',
        '14',
        '--',
        '18',
        '19',
        '>20',
        '21',
        '22',
      ]);
    });

    test('finds its place also for lines that the query has changed', async () => {
      const server = contextServer([]);
      const { out } = await logs(['query', '{a="b"} | line_format "x"', '--context', '1'], (request) =>
        request.path.startsWith('/v1/logs/context') ? server(request) : streams(['5', 'x']),
      );
      expect(shown(out)).toEqual(['4', '>5', '6']);
    });

    test('is told when it cannot be read', async () => {
      const result = await logs(['query', '{a="b"}', '--context', '1'], ({ path }) =>
        path.startsWith('/v1') ? { status: 500, body: 'broken' } : streams(['5', 'x']),
      );
      expect(result).toMatchObject({ code: 1, err: expect.stringContaining('broken') });
    });
  });
});

describe('sluice logs tail', () => {
  const frame = (...values: readonly (readonly [string, string])[]): string =>
    `data: ${JSON.stringify({ streams: [{ stream: STREAM, values }], dropped_entries: null })}\n\n`;

  /** Sends the text in pieces of 7 bytes, then waits to be stopped. */
  function tailIo(text: string, { end = false, status = 200 } = {}) {
    const asked: string[] = [];
    const io = createFakeIo({
      clock: createHurriedClock(START_MS),
      fetch: (async (url: string, { signal }: { signal: AbortSignal }) => {
        asked.push(url);
        const bytes = new TextEncoder().encode(text);
        return new Response(
          new ReadableStream({
            async start(controller) {
              for (let i = 0; i < bytes.length; i += 7) controller.enqueue(bytes.subarray(i, i + 7));
              signal.addEventListener('abort', () => controller.error(signal.reason));
              if (end) controller.close();
            },
          }),
          { status },
        );
      }) as typeof globalThis.fetch,
    });
    return { io, asked };
  }

  test('shows lines as they come, tells of those lost, and stops at Ctrl-C', async () => {
    const { io, asked } = tailIo(
      `: tail\n\n${frame([String(START_NS), record('ö1')])}event: dropped\ndata: {"count":3}\n\n${frame([String(START_NS), record('2')])}`,
    );
    const running = run(['logs', 'tail', '{service="api"}', '--since', '5m'], io);
    while (!io.out().includes('2\n')) await new Promise((resolve) => setImmediate(resolve));
    io.interrupt();
    expect(await running).toBe(0);
    expect(io.out()).toBe('2026-01-01T00:00:00.000Z INFO  api ö1\n2026-01-01T00:00:00.000Z INFO  api 2\n');
    expect(io.err()).toBe('3 lines came too fast and are not shown\n');
    const { pathname, searchParams } = new URL(asked[0]!);
    expect(pathname).toBe('/v1/logs/tail');
    expect(searchParams.get('start')).toBe(String(START_NS - 300_000_000_000n));
    expect(searchParams.get('limit')).toBe('10');
  });

  test('is a document a line with --json, for as long as it was told', async () => {
    const { io } = tailIo(frame([String(START_NS), 'x']));
    expect(await run(['logs', 'tail', '{a="b"}', '--json', '--for', '5s'], io)).toBe(0);
    const lines = io
      .out()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    expect(lines.length).toBeLessThanOrEqual(1);
    for (const line of lines) expect(line).toMatchObject({ timeNs: String(START_NS), line: 'x' });
  });

  test.each([
    [
      'a refusal',
      tailIo('parse error at line 1, col 1: x', { status: 400, end: true }),
      2,
      'parse error at line 1, col 1: x\n  x\n  ^\n',
    ],
    ['too many tails', tailIo('too many tails', { status: 429, end: true }), 1, 'too many tails'],
    ['the end of the pipeline', tailIo('', { end: true }), 1, 'ended the tail'],
  ])('tells of %s', async (_name, { io }, code, message) => {
    expect(await run(['logs', 'tail', 'x'], io)).toBe(code);
    expect(io.err()).toContain(message);
  });
});

describe('sluice logs insights', () => {
  const RESULT: ScriptedAnswer = {
    body: JSON.stringify({
      status: 'Complete',
      columns: ['service', 'count()'],
      results: [
        [
          { field: 'service', value: 'api\u001b[0m' },
          { field: 'count()', value: '12' },
        ],
        [{ field: 'count()', value: '3' }],
      ],
      statistics: {},
    }),
  };

  test('shows a table whose cells are safe', async () => {
    const { code, out, asked } = await logs(
      ['insights', 'stats count() by service', '--since', '15m', '--limit', '5', '--group', 'app'],
      RESULT,
    );
    expect([code, out]).toEqual([
      0,
      ['service     count()', String.raw`api\x1b[0m       12`, '                  3', '2 rows', ''].join(
        '\n',
      ),
    ]);
    expect(asked[0]).toMatchObject({ method: 'POST', path: '/v1/logs/insights' });
    expect(JSON.parse(Buffer.from(asked[0]!.body).toString())).toEqual({
      query: 'stats count() by service',
      start: START_MS - 900_000,
      end: START_MS,
      limit: 5,
      groups: ['app'],
      format: 'json',
    });
  });

  test('CSV goes out as it came, JSON whole', async () => {
    const csv = await logs(['insights', 'q', '--csv'], { body: 'a,b\r\n1,2\r\n' });
    expect(csv.out).toBe('a,b\r\n1,2\r\n');
    expect(JSON.parse((await logs(['insights', 'q', '--json'], RESULT)).out).results).toHaveLength(2);
  });

  test('long cells are cut', async () => {
    const { out } = await logs(['insights', 'q'], {
      body: JSON.stringify({ columns: ['a'], results: [[{ field: 'a', value: 'x'.repeat(300) }]] }),
    });
    expect(out).toBe(`a\n${'x'.repeat(199)}…\n1 row\n`);
  });

  test('what is wrong with the query has a caret under it', async () => {
    const { code, err } = await logs(['insights', 'fields a\n| filtr b'], {
      status: 400,
      body: JSON.stringify({ error: '"filtr" is no command', position: { line: 2, column: 3 } }),
    });
    expect([code, err]).toEqual([2, 'sluice: "filtr" is no command\n  | filtr b\n    ^\n']);
  });

  test.each<[string, readonly string[], ScriptedAnswer, number, string]>([
    [
      'a refusal without a place',
      ['q'],
      { status: 400, body: '{"error":"\\"limit\\" must be"}' },
      2,
      '"limit" must be',
    ],
    [
      'a server that is something else',
      ['q'],
      { status: 400, body: '<html>' },
      1,
      'no Insights API (HTTP 400)',
    ],
    ['a fault of the pipeline', ['q'], { status: 500, body: 'oh' }, 1, 'answered HTTP 500: oh'],
    ['two formats', ['q', '--json', '--csv'], {}, 2, 'not both'],
  ])('tells of %s', async (_name, argv, answer, code, message) => {
    const result = await logs(['insights', ...argv], answer);
    expect(result.code).toBe(code);
    expect(result.err).toContain(message);
  });
});
