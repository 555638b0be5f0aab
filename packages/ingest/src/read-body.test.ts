import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { expect, test } from 'vitest';
import { readBody } from './read-body.ts';

function post(body: ReadableStream | string | null, headers: Record<string, string> = {}): Request {
  return new Request('http://sluice.test/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
}

function stream(...chunks: readonly (Uint8Array | Error)[]): {
  readonly body: ReadableStream;
  pulled(): number;
} {
  let at = 0;
  const body = new ReadableStream(
    {
      pull(controller) {
        const chunk = chunks[at++];
        if (chunk instanceof Error) controller.error(chunk);
        else if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
    },
    { highWaterMark: 0 },
  );
  return { body, pulled: () => at };
}

test.each([
  ['with a length', { 'content-length': '4' }],
  ['without one', {}],
])('a body that fits is read %s', async (_, headers) => {
  const read = await readBody(post('abcd', headers), 4);
  expect(read.status === 'ok' && Buffer.from(read.body).toString()).toBe('abcd');
});

test('no body at all is an empty one', async () => {
  expect(await readBody(post(null), 4)).toEqual({ status: 'ok', body: Buffer.alloc(0) });
});

test('several chunks are joined', async () => {
  const { body } = stream(Buffer.from('ab'), Buffer.from('cd'));
  const read = await readBody(post(body), 4);
  expect(read.status === 'ok' && Buffer.from(read.body).toString()).toBe('abcd');
});

test('a body that is announced too large is discarded, so that the client can read the answer', async () => {
  const { body, pulled } = stream(Buffer.from('ab'), Buffer.from('cde'));
  expect(await readBody(post(body, { 'content-length': '5' }), 4)).toMatchObject({ httpStatus: 413 });
  expect(pulled()).toBe(3);
});

test('a body that is announced far too large is not touched, and the connection is given up', async () => {
  const { body, pulled } = stream(Buffer.from('ab'));
  const headers = { 'content-length': String(2 ** 40) };
  expect(await readBody(post(body, headers), 4)).toMatchObject({
    httpStatus: 413,
    headers: { connection: 'close' },
  });
  expect(pulled()).toBe(0);
});

test('a body that grows over the limit is refused once it has ended', async () => {
  const { body } = stream(Buffer.from('abc'), Buffer.from('de'), Buffer.from('f'));
  expect(await readBody(post(body), 4)).toMatchObject({
    httpStatus: 413,
    message: expect.stringContaining('4 bytes'),
  });
});

test('a body that does not stop growing is stopped', async () => {
  const mebibyte = Buffer.alloc(1024 * 1024);
  const { body, pulled } = stream(...Array.from({ length: 1000 }, () => mebibyte));
  expect(await readBody(post(body), 4)).toMatchObject({ httpStatus: 413, headers: { connection: 'close' } });
  expect(pulled()).toBeLessThan(30);
});

test('a length that is shorter than the body does not get around the limit', async () => {
  expect(await readBody(post('abcdef', { 'content-length': '3' }), 4)).toMatchObject({ httpStatus: 413 });
});

test('a length that is not that of the body is refused', async () => {
  expect(await readBody(post('abc', { 'content-length': '4' }), 4)).toMatchObject({
    httpStatus: 400,
    message: 'content-length says 4 bytes, but the body has 3',
  });
});

test.each([[{}], [{ 'content-length': '4' }]])(
  'a client that breaks off is refused (%j)',
  async (headers) => {
    const { body } = stream(Buffer.from('ab'), new Error('aborted'));
    expect(await readBody(post(body, headers), 4)).toMatchObject({ httpStatus: 400 });
  },
);

test.each([
  ['with a length', { 'content-length': '4' }],
  ['without one', {}],
])(
  'a body %s that does not come to its end in time is given up, and its connection with it',
  async (_, headers) => {
    const clock = createFakeClock();
    const body = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('ab')) });
    const reading = readBody(post(body, headers), 4, { clock, timeoutMs: 30_000 });
    await clock.advance(29_999);
    await clock.advance(1);
    expect(await reading).toMatchObject({
      httpStatus: 408,
      message: expect.stringContaining('within 30 s'),
      headers: { connection: 'close' },
    });
  },
);

test('a body in time leaves no timer behind', async () => {
  let aborted = false;
  const clock = {
    sleep: (_: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        signal?.addEventListener('abort', () => {
          aborted = true;
          resolve();
        });
      }),
  };
  expect(await readBody(post('abcd'), 4, { clock, timeoutMs: 30_000 })).toMatchObject({ status: 'ok' });
  expect(aborted).toBe(true);
});
