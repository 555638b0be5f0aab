/** `tls_config` and `oauth2` of receivers, against servers on this machine with certificates made here. */
import { afterEach, describe, expect, test } from 'vitest';
import { type AnsweringServer, startAnsweringServer } from '../testing/answering-server.ts';
import { makeCertificate } from '../testing/make-certificate.ts';
import { loadIntegration, makeIntegration } from '../testing/make-integration.ts';
import { makeNotification } from '../testing/notifications.ts';
import { createGuardedFetch } from './guarded-fetch.ts';
import { fetchAuthorization, type OAuth2Settings } from './oauth2-token.ts';

const open: AnsweringServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server[Symbol.asyncDispose]();
});
const start = async (...args: Parameters<typeof startAnsweringServer>): Promise<AnsweringServer> => {
  const server = await startAnsweringServer(...args);
  open.push(server);
  return server;
};

const { signal } = new AbortController();
const authority = makeCertificate({ name: 'test authority', isAuthority: true });
const onAddress = makeCertificate({ name: 'server', issuer: authority, addresses: ['127.0.0.1'] });
const onName = makeCertificate({ name: 'server', issuer: authority, dnsNames: ['hooks.test'] });
const client = makeCertificate({ name: 'sluice client', issuer: authority });
const files = { 'ca.pem': authority.cert, 'client.pem': client.cert, 'client.key': client.key };

const send = (url: string, tls_config: object | undefined, global: object = {}) =>
  makeIntegration(
    'webhook_configs',
    { url, ...(tls_config && { http_config: { tls_config } }) },
    { files, global },
  ).send(makeNotification(), { signal });

describe('tls_config', () => {
  test('the certificates of an own authority are taken, from the file or in place; without it they are not', async () => {
    const server = await start(undefined, { tls: onAddress });
    expect(await send(server.url, undefined)).toMatchObject({
      status: 'retryable',
      reason: expect.stringContaining('certificate'),
    });
    expect(server.requests).toEqual([]);
    expect(await send(server.url, { ca_file: 'ca.pem' })).toEqual({ status: 'ok' });
    expect(await send(server.url, { ca: authority.cert })).toEqual({ status: 'ok' });
    const http_config = { tls_config: { ca: authority.cert } };
    expect(await send(server.url, undefined, { http_config })).toEqual({ status: 'ok' });
    expect(await send(server.url, { ca: client.cert })).toMatchObject({ status: 'retryable' });
    expect(server.requests).toHaveLength(3);
  });

  test('the certificate must have the name of the address, or that of server_name', async () => {
    const server = await start(undefined, { tls: onName });
    const ca = authority.cert;
    expect(await send(server.url, { ca })).toMatchObject({
      reason: expect.stringContaining('does not match'),
    });
    expect(await send(server.url, { ca, server_name: 'other.test' })).toMatchObject({ status: 'retryable' });
    expect(await send(server.url, { ca, server_name: 'hooks.test' })).toEqual({ status: 'ok' });
    expect(await send(server.url, { insecure_skip_verify: true })).toEqual({ status: 'ok' });
  });

  test('the client shows its certificate, and not to servers of other origins', async () => {
    const tls = { ...onAddress, ca: authority.cert, requestCert: true, rejectUnauthorized: false };
    const [server, other] = [await start(undefined, { tls }), await start(undefined, { tls })];
    const settings = { ca_file: 'ca.pem', cert_file: 'client.pem', key_file: 'client.key' };
    server.answers.push({}, { status: 307, headers: { location: `${other.url}/there` } });
    for (let i = 0; i < 2; i++) expect(await send(server.url, settings)).toEqual({ status: 'ok' });
    expect(server.requests.map((request) => request.client)).toEqual(['sluice client', 'sluice client']);
    expect(other.requests.map((request) => request.client)).toEqual([undefined]);
  });

  test('a version that the server does not speak is no connection', async () => {
    const server = await start(undefined, { tls: { ...onAddress, maxVersion: 'TLSv1.2' } });
    const ca = authority.cert;
    expect(await send(server.url, { ca, min_version: 'TLS13' })).toMatchObject({ status: 'retryable' });
    expect(await send(server.url, { ca, min_version: 'TLS12' })).toEqual({ status: 'ok' });
  });

  test.each([
    [{ cert: client.cert }, 'cert and key are given both or not at all'],
    [{ cert: client.cert, key: onName.key }, 'cert and key cannot be used'],
    [{ ca: 'no certificate' }, 'ca cannot be used'],
    [{ ca_file: 'gone.pem' }, 'cannot read gone.pem'],
    [{ min_version: 'SSL3' }, 'TLS12'],
    [{ min_version: 'TLS13', max_version: 'TLS12' }, 'min_version is above max_version'],
    [{ server: 'x' }, 'unknown key "server"'],
  ])('%# is refused: %s', (tls_config, message) => {
    const settings = { url: 'https://a.test', http_config: { tls_config } };
    const { problems } = loadIntegration('webhook_configs', settings, { files });
    expect(problems.join()).toContain(message);
    expect(problems.join()).not.toContain('PRIVATE KEY');
  });
});

describe('oauth2', () => {
  const tokenServer = () =>
    start(() => JSON.stringify({ access_token: 't0ken', token_type: 'bearer', expires_in: 3600 }));
  const settingsOf = (tokenUrl: string, more: object = {}) => ({
    client_id: 'sluice',
    client_secret: 'p@ss word',
    token_url: `${tokenUrl}/token`,
    ...more,
  });

  test('asks for a token once, and for another when it was withdrawn', async () => {
    const [hook, tokens] = [await start(), await tokenServer()];
    const oauth2 = settingsOf(tokens.url, { scopes: ['a', 'b'], endpoint_params: { audience: 'hooks' } });
    const integration = makeIntegration('webhook_configs', { url: hook.url, http_config: { oauth2 } });
    const once = () => integration.send(makeNotification(), { signal });
    expect([await once(), await once()]).toEqual([{ status: 'ok' }, { status: 'ok' }]);
    expect(hook.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer t0ken',
      'Bearer t0ken',
    ]);
    expect(tokens.requests).toHaveLength(1);
    const [asked] = tokens.requests;
    expect(asked!.headers.authorization).toBe(
      `Basic ${Buffer.from('sluice:p%40ss%20word').toString('base64')}`,
    );
    expect(Object.fromEntries(new URLSearchParams(asked!.text))).toEqual({
      grant_type: 'client_credentials',
      scope: 'a b',
      audience: 'hooks',
    });
    hook.answers.push({ status: 401 });
    tokens.answers.push({ body: JSON.stringify({ access_token: 'new', expires_in: 60 }) });
    expect(await once()).toEqual({ status: 'ok' });
    expect(hook.requests.at(-1)!.headers.authorization).toBe('Bearer new');
    hook.answers.push({ status: 401 }, { status: 401 });
    expect(await once()).toMatchObject({ status: 'permanent', reason: 'status 401' });
  });

  test('a server that does not know the header finds the client in the form', async () => {
    const [hook, tokens] = [await start(), await tokenServer()];
    tokens.answers.push({ status: 401 });
    const http_config = { oauth2: settingsOf(tokens.url) };
    const integration = makeIntegration('webhook_configs', { url: hook.url, http_config });
    expect(await integration.send(makeNotification(), { signal })).toEqual({ status: 'ok' });
    const form = new URLSearchParams(tokens.requests[1]!.text);
    expect([form.get('client_id'), form.get('client_secret')]).toEqual(['sluice', 'p@ss word']);
    expect(tokens.requests[1]!.headers.authorization).toBeUndefined();
  });

  test('is asked for over a secured connection, too', async () => {
    const hook = await start();
    const tokens = await start(() => '{"access_token":"x"}', { tls: onAddress });
    const plain = settingsOf(tokens.url);
    const trusting = { ...plain, tls_config: { ca: authority.cert } };
    const outcome = (oauth2: object) =>
      makeIntegration('webhook_configs', { url: hook.url, http_config: { oauth2 } }).send(
        makeNotification(),
        { signal },
      );
    expect(await outcome(plain)).toMatchObject({ status: 'retryable' });
    expect(await outcome(trusting)).toEqual({ status: 'ok' });
  });

  test.each([
    [{ status: 500, body: 'p@ss word' }, 'the token endpoint answered 500'],
    [{ status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 'the token endpoint answered 302'],
    [{ body: 'p@ss word' }, 'did not answer with JSON'],
    [{ body: '{"token":"p@ss word"}' }, 'without an access_token'],
  ])('no token is worth another attempt: %j', async (answer, reason) => {
    const [hook, tokens] = [await start(), await start()];
    tokens.answers.push(answer);
    const http_config = { oauth2: settingsOf(tokens.url) };
    const integration = makeIntegration('webhook_configs', { url: hook.url, http_config });
    const outcome = await integration.send(makeNotification(), { signal });
    expect(outcome).toMatchObject({ status: 'retryable', reason: expect.stringContaining(reason) });
    expect(JSON.stringify(outcome)).not.toContain('p@ss');
    expect(hook.requests).toEqual([]);
    // The next attempt asks again.
    tokens.answers.push({ body: '{"access_token":"x"}' });
    expect(await integration.send(makeNotification(), { signal })).toEqual({ status: 'ok' });
  });

  test('a token is renewed before it expires; private addresses are not asked', async () => {
    const tokens = await tokenServer();
    const settings: OAuth2Settings = {
      clientId: 'a',
      clientSecret: 'b',
      tokenUrl: tokens.url,
      scopes: [],
      endpointParams: new Map(),
    };
    let nowMs = 0;
    const ask = (allowPrivate = true) =>
      fetchAuthorization(settings, {
        fetch: createGuardedFetch({ allowPrivate }),
        signal,
        nowMs: () => nowMs,
      });
    await Promise.all([ask(), ask()]);
    nowMs = 3_589_000;
    await ask();
    const before = tokens.requests.length;
    nowMs = 3_590_000;
    expect(await ask()).toBe('Bearer t0ken');
    expect(tokens.requests.length).toBe(before + 1);
    nowMs = 9_000_000;
    await expect(ask(false)).rejects.toThrow('private');
  });

  test.each([
    [
      { client_id: 'a', token_url: 'http://t' },
      'one of client_secret or client_secret_file must be configured',
    ],
    [{ client_id: 'a', client_secret: 'b', token_url: 'ftp://t' }, 'token_url must begin with http'],
    [{ client_id: 'a', client_secret: 'b' }, 'token_url'],
  ])('%j is refused: %s', (oauth2, message) => {
    const { problems } = loadIntegration('webhook_configs', { url: 'http://a', http_config: { oauth2 } });
    expect(problems.join()).toContain(message);
  });
});
