import { once } from 'node:events';
import { connect } from 'node:net';
import { toStatusBody } from '@sluice/ingest/answer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Listener, listen } from './listen.ts';

let listener: Listener;
const warnings: string[] = [];
beforeAll(async () => {
  listener = await listen(
    (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === '/broken') throw new Error('broken');
      return new Response(pathname);
    },
    {
      host: '127.0.0.1',
      port: 0,
      portSetting: 'none',
      toErrorBody: toStatusBody,
      warn: (message) => warnings.push(message),
    },
  );
});
afterAll(() => listener.close(0));

/** Everything that is answered until the connection ends. */
async function exchange(text: string): Promise<{ status: number; type: string | undefined; body: string }> {
  const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    answer += chunk;
  });
  socket.on('error', () => {});
  socket.write(text);
  await once(socket, 'close');
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return {
    status: Number(head.split(' ')[1]),
    type: /content-type: (\S+)/i.exec(head)?.[1],
    body: /chunked/i.test(head) ? (body.split('\r\n')[1] ?? '') : body,
  };
}

const CLOSE = 'Connection: close\r\n';

test.each([
  ['HTTP/1.0 without a host', 'GET /here HTTP/1.0\r\n\r\n'],
  ['an empty host', `GET /here HTTP/1.1\r\nHost:\r\n${CLOSE}\r\n`],
])('%s is served', async (_, text) => {
  expect(await exchange(text)).toMatchObject({ status: 200, body: '/here' });
});

describe('a google.rpc.Status with the reason answers', () => {
  test.each([
    ['bytes that are not HTTP', 'hello\r\n\r\n', 400, 3, /not HTTP/],
    ['TLS', '\u0016\u0003\u0001\u0000\u0005hello', 400, 3, /write http:/],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 3, /OTEL_EXPORTER_OTLP_PROTOCOL=http\/protobuf/],
    ['a method that does not exist', `BREW / HTTP/1.1\r\nHost: a\r\n\r\n`, 400, 3, /method/i],
    [
      'a length that is none',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
      400,
      3,
      /Content-Length/,
    ],
    ['a target without a path', `OPTIONS * HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`, 400, 3, /cannot be read/],
    ['a host that is none', `GET / HTTP/1.1\r\nHost: a b\r\n${CLOSE}\r\n`, 400, 3, /cannot be read/],
    ['too large a head', `GET / HTTP/1.1\r\nHost: a\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 3, /16 KiB/],
    [
      'a fault of the app',
      `GET /broken HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`,
      500,
      13,
      /could not be answered/,
    ],
  ])('%s', async (_, text, httpStatus, code, message) => {
    const { status, type, body } = await exchange(text);
    expect([status, type]).toEqual([httpStatus, 'application/json']);
    expect(JSON.parse(body)).toEqual({ code, message: expect.stringMatching(message) });
  });
});

test('a connection outlives the pause between two exports of an SDK', async () => {
  const { headers } = await fetch(`${listener.url}/here`);
  expect(headers.get('keep-alive')).toBe('timeout=75');
});

test('an answer that is on its way is not broken by what follows it', async () => {
  const { status, body } = await exchange('GET /first HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n');
  expect(status).toBe(200);
  expect(body).toMatch(/^\/first/);
});

test('clients of another protocol, and faults, are told once to the one who runs this', async () => {
  warnings.length = 0;
  const again = await listen(() => new Response(), {
    host: '127.0.0.1',
    port: 0,
    portSetting: 'none',
    warn: (message) => warnings.push(message),
  });
  for (const text of [
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'hello\r\n\r\n',
  ]) {
    const socket = connect(Number(new URL(again.url).port), '127.0.0.1');
    socket.on('error', () => {}).resume();
    socket.write(text);
    await once(socket, 'close');
  }
  await again.close(0);
  expect(warnings).toEqual([expect.stringContaining('this is HTTP/2')]);
});
