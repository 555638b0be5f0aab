import { createHash } from 'node:crypto';
import { silentLogger } from '@sluice/core/logger';
import { NO_TRACER } from '@sluice/delivery/self-traces/self-tracer';
import type { LambdaEvent } from 'hono/aws-lambda';
import { expect, test } from 'vitest';
import { toHttpHandler } from './http-door.ts';

const SECRET = 'of-the-cdn';
const DIGEST = createHash('sha256').update(SECRET).digest('hex');

function makeDoor(digests: string, body = 'through') {
  const seen: string[] = [];
  const handler = toHttpHandler({
    fetch: ({ url }) => {
      seen.push(new URL(url).pathname);
      return new Response(body);
    },
    process: {
      env: { SLUICE_ORIGIN_SECRET_SHA256: digests },
      report: async () => {},
      tracer: NO_TRACER,
      logger: silentLogger,
    },
  });
  const call = (headers: Readonly<Record<string, string>> = {}, method = 'POST') =>
    handler({
      version: '2.0',
      routeKey: '$default',
      rawPath: '/v1/traces',
      rawQueryString: '',
      headers,
      requestContext: { http: { method, path: '/v1/traces' }, domainName: 'a.example' },
      body: '',
      isBase64Encoded: true,
    } as unknown as LambdaEvent);
  return { call, seen };
}

test('without a CDN every request reaches the app', async () => {
  const { call, seen } = makeDoor('');
  expect((await call()).statusCode).toBe(200);
  expect(seen).toEqual(['/v1/traces']);
});

test.each(['GET', 'POST', 'OPTIONS'])('%s that goes around the CDN ends at the door', async (method) => {
  const { call, seen } = makeDoor(`${DIGEST},${createHash('sha256').update('next').digest('hex')}`);
  const refused = await call({}, method);
  expect([refused.statusCode, refused.body]).toEqual([403, expect.stringContaining('not for clients')]);
  expect((await call({ 'x-sluice-origin': DIGEST }, method)).statusCode).toBe(403);
  expect(seen).toEqual([]);
  for (const secret of [SECRET, 'next'])
    expect((await call({ 'x-sluice-origin': secret }, method)).statusCode).toBe(200);
});

test('an answer that Lambda would not let through is an error that says so', async () => {
  const { call } = makeDoor('', 'x'.repeat(6 * 1024 * 1024));
  expect(await call()).toMatchObject({ statusCode: 422, body: expect.stringContaining('larger than 6 MB') });
});
