import type { lookup } from 'node:dns';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AnsweringServer, startAnsweringServer } from '../testing/answering-server.ts';
import { createGuardedFetch, ForbiddenAddressError } from './guarded-fetch.ts';

let server: AnsweringServer;
beforeEach(async () => {
  server = await startAnsweringServer();
});
afterEach(() => server[Symbol.asyncDispose]());

/** Answers each look-up with the next of these addresses; the last one stays. */
function resolvesTo(...turns: readonly (readonly string[])[]): { lookup: typeof lookup; asked: string[] } {
  const asked: string[] = [];
  const fake = (host: string, _options: object, done: (error: null, found: object[]) => void): void => {
    const addresses = turns[Math.min(asked.length, turns.length - 1)]!;
    asked.push(host);
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { lookup: fake as unknown as typeof lookup, asked };
}

describe('without private addresses', () => {
  const guarded = createGuardedFetch({ allowPrivate: false });

  test.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:a9fe:a9fe]/latest/meta-data',
    'http://169.254.169.254/latest/meta-data',
    'http://10.0.0.1/',
    'http://0/',
  ])('%s is not called', async (url) => {
    await expect(guarded(url)).rejects.toThrow(ForbiddenAddressError);
  });

  test.each(['file:///etc/passwd', 'ftp://a.test/', 'data:text/plain,x'])('%s is not called', async (url) => {
    await expect(guarded(url)).rejects.toThrow('is not http or https');
  });

  test('a name that leads inside is not called, not even when it leads outside as well', async () => {
    const { lookup: fake } = resolvesTo(['8.8.8.8', '127.0.0.1']);
    const call = createGuardedFetch({ allowPrivate: false, lookup: fake })(
      `${server.url}/`.replace('127.0.0.1', 'a.test'),
    );
    await expect(call).rejects.toThrow('a.test is a private, local or reserved address (127.0.0.1)');
    expect(server.requests).toEqual([]);
  });

  test('localhost is not called', async () => {
    await expect(guarded(server.url.replace('127.0.0.1', 'localhost'))).rejects.toThrow(
      ForbiddenAddressError,
    );
  });
});

describe('the connection', () => {
  test('goes to the address that was checked: the name is looked up once', async () => {
    const { lookup: fake, asked } = resolvesTo(['127.0.0.1'], ['192.0.2.1']);
    const guarded = createGuardedFetch({ allowPrivate: true, lookup: fake });
    const answer = await guarded(server.url.replace('127.0.0.1', 'a.test'));
    expect(answer.status).toBe(200);
    expect(asked).toEqual(['a.test']);
    expect(server.requests[0]!.headers.host).toMatch(/^a\.test:/);
  });

  test('sends method, headers and body, and answers status, headers and text', async () => {
    server.answers.push({ status: 202, headers: { 'x-a': 'b' }, body: 'done' });
    const answer = await createGuardedFetch({ allowPrivate: true })(`${server.url}/p?q=1`, {
      method: 'PUT',
      headers: { 'x-c': 'd' },
      body: '{"ü":1}',
    });
    expect([answer.status, answer.headers.get('x-a'), await answer.text()]).toEqual([202, 'b', 'done']);
    expect(server.requests[0]).toMatchObject({ method: 'PUT', path: '/p?q=1', json: { ü: 1 } });
    expect(server.requests[0]!.headers['x-c']).toBe('d');
  });

  test('reads no more of an answer than it should', async () => {
    server.answers.push({ body: 'x'.repeat(500_000) });
    const answer = await createGuardedFetch({ allowPrivate: true, maxAnswerBytes: 1_000 })(server.url);
    expect((await answer.text()).length).toBeLessThan(200_000);
  });

  test('ends when it is called off', async () => {
    server.answers.push({ hang: true });
    const signal = AbortSignal.timeout(30);
    await expect(createGuardedFetch({ allowPrivate: true })(server.url, { signal })).rejects.toThrow();
  });
});

describe('a redirect', () => {
  const allowed = createGuardedFetch({ allowPrivate: true });

  test('to a private address is not followed', async () => {
    const { lookup: fake } = resolvesTo(['8.8.8.8']);
    // The first address is public by name, and answered by this machine.
    let turn = 0;
    const redirecting = createGuardedFetch({
      allowPrivate: false,
      lookup: fake,
      request: async () => {
        turn += 1;
        return new Response(null, { status: 302, headers: { location: 'http://169.254.169.254/' } });
      },
    });
    await expect(redirecting('http://a.test/')).rejects.toThrow(ForbiddenAddressError);
    expect(turn).toBe(1);
  });

  test.each([
    [302, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', 'body'],
    [308, 'POST', 'body'],
  ])('of %i is followed with %s', async (status, method, body) => {
    server.answers.push({ status, headers: { location: '/next' } });
    await allowed(`${server.url}/first`, { method: 'POST', body: 'body' });
    expect(server.requests[1]).toMatchObject({ method, path: '/next', text: body });
  });

  test('takes no credentials to another host', async () => {
    await using other = await startAnsweringServer();
    server.answers.push({ status: 307, headers: { location: `${other.url}/x` } });
    await allowed(server.url, {
      method: 'POST',
      headers: { authorization: 'Bearer s', 'x-a': 'b' },
      body: '1',
    });
    expect(other.requests[0]!.headers).not.toHaveProperty('authorization');
    expect(other.requests[0]!.headers['x-a']).toBe('b');
  });

  test('after too many others is not followed', async () => {
    for (let hop = 0; hop < 10; hop++) server.answers.push({ status: 302, headers: { location: '/again' } });
    await expect(allowed(server.url)).rejects.toThrow('more than 3 redirects');
    expect(server.requests).toHaveLength(4);
  });

  test('is handed back where the caller wants it so', async () => {
    server.answers.push({ status: 302, headers: { location: '/next' } });
    expect((await allowed(server.url, { redirect: 'manual' })).status).toBe(302);
  });
});
