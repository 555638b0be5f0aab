/** What is answered to other methods and at other paths, and the headers that every answer carries. */
import { match, ok, strictEqual } from 'node:assert/strict';
import { SIGNALS } from '@sluice/core/names';
import { post, type Theme } from '../conformance-case.ts';
import { CONTENT_TYPE, ENCODINGS, expectExport, expectRefusal } from '../expect-answer.ts';
import { soundRequest } from '../protobuf-payloads.ts';
import { pathOf, type Target } from '../target.ts';

const METHODS = ['GET', 'PUT', 'PATCH', 'DELETE'] as const;
const WRONG_PATHS = [
  '/',
  '/v1',
  '/v1/',
  '/v1/trace',
  '/v1/spans',
  '/v2/traces',
  '/v1/traces/v1/traces',
  '/V1/Traces',
  '/v1/traces.json',
];

export const methodsAndPaths: Theme = {
  name: 'methods and paths',
  cases: [
    ...METHODS.map((method) => ({
      name: `${method} is refused with 405 and an Allow that names POST`,
      basis: 'spec' as const,
      run: async (target: Target) => {
        for (const signal of SIGNALS) {
          const answer = await target.send({ method, path: pathOf(signal) });
          expectRefusal(answer, { status: 405, encoding: 'json' });
          match(answer.headers.allow ?? '', /\bPOST\b/, 'Allow does not name POST');
        }
      },
    })),
    ...ENCODINGS.map((encoding) => ({
      name: `a 405 answers in the encoding that the request names (${encoding})`,
      basis: 'promise' as const,
      run: async (target: Target) => {
        const headers = { 'content-type': CONTENT_TYPE[encoding] };
        expectRefusal(await target.send({ method: 'PUT', headers, body: '{}' }), { status: 405, encoding });
      },
    })),
    ...ENCODINGS.map((encoding) => ({
      name: `a 404 answers in the encoding that the request names (${encoding})`,
      basis: 'promise' as const,
      run: async (target: Target) => {
        const headers = { 'content-type': CONTENT_TYPE[encoding] };
        const answer = await target.send({ path: '/v1/nothing', headers, body: soundRequest('traces') });
        expectRefusal(answer, { status: 404, encoding, says: /\/v1\// });
      },
    })),
    {
      name: 'HEAD is refused with 405 and without a body',
      basis: 'spec',
      async run(target) {
        const answer = await target.send({ method: 'HEAD' });
        strictEqual(answer.status, 405);
        strictEqual(answer.body.length, 0);
      },
    },
    {
      name: 'OPTIONS says that POST is allowed',
      basis: 'promise',
      async run(target) {
        const answer = await target.send({ method: 'OPTIONS' });
        strictEqual(answer.status, 204);
        match(answer.headers.allow ?? '', /\bPOST\b/);
      },
    },
    ...WRONG_PATHS.map((path) => ({
      name: `nothing is taken at ${path}: 404`,
      basis: 'promise' as const,
      run: async (target: Target) => {
        const answer = await target.send({
          path,
          headers: { 'content-type': CONTENT_TYPE.protobuf },
          body: soundRequest('traces'),
        });
        expectRefusal(answer, { status: 404 });
      },
    })),
    ...SIGNALS.map((signal) => ({
      name: `a trailing slash is passed over (${signal})`,
      basis: 'promise' as const,
      run: async (target: Target) => {
        const answer = await target.send({
          path: `${pathOf(signal)}/`,
          headers: { 'content-type': CONTENT_TYPE.protobuf },
          body: soundRequest(signal),
        });
        expectExport(answer, { signal });
      },
    })),
    {
      name: 'a query string is passed over',
      basis: 'promise',
      async run(target) {
        const answer = await target.send({
          path: '/v1/traces?from=test&x=%20',
          headers: { 'content-type': CONTENT_TYPE.protobuf },
          body: soundRequest('traces'),
        });
        expectExport(answer);
      },
    },
    {
      name: 'a request id is answered',
      basis: 'promise',
      async run(target) {
        const answer = await post(target, soundRequest('traces'), {
          headers: { 'x-request-id': 'req-7.a:b' },
        });
        strictEqual(answer.headers['x-request-id'], 'req-7.a:b');
      },
    },
    {
      name: 'a request without an id gets one, and no two the same',
      basis: 'promise',
      async run(target) {
        const first = (await post(target, soundRequest('traces'))).headers['x-request-id'];
        const second = (await post(target, Buffer.from([1]))).headers['x-request-id'];
        ok(first !== undefined && second !== undefined, 'an answer has no X-Request-Id');
        ok(first !== second, 'two requests have the same id');
      },
    },
    {
      name: 'a request id that is no id is not answered back',
      basis: 'promise',
      async run(target) {
        const given = '<script>alert(1)</script>';
        const answer = await post(target, soundRequest('traces'), { headers: { 'x-request-id': given } });
        expectExport(answer);
        ok(answer.headers['x-request-id'] !== given);
      },
    },
    {
      name: 'no origin is allowed that is not listed',
      basis: 'promise',
      async run(target) {
        const headers = { origin: 'https://elsewhere.example' };
        const answer = await post(target, soundRequest('traces'), { headers });
        expectExport(answer);
        strictEqual(answer.headers['access-control-allow-origin'], undefined);
        const preflight = await target.send({
          method: 'OPTIONS',
          headers: { ...headers, 'access-control-request-method': 'POST' },
        });
        strictEqual(preflight.headers['access-control-allow-origin'], undefined);
      },
    },
    {
      name: 'headers that a proxy or an SDK adds are passed over',
      basis: 'spec',
      async run(target) {
        const headers = {
          'user-agent': 'OTel-OTLP-Exporter-Test/1.0',
          traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
          'x-forwarded-for': '10.1.2.3',
          'x-scope-orgid': 'someone-else',
          te: 'trailers',
        };
        expectExport(await post(target, soundRequest('traces'), { headers }), { says: 'none' });
      },
    },
  ],
};
