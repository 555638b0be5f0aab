/** Content-Type: how the encoding of a request is named, and in what encoding the answer comes. */
import { type ConformanceCase, post, type Theme } from '../conformance-case.ts';
import { type Encoding, expectExport, expectRefusal } from '../expect-answer.ts';
import { soundJsonRequest } from '../json-payloads.ts';
import { soundRequest } from '../protobuf-payloads.ts';
import type { Target } from '../target.ts';

const TAKEN: readonly (readonly [type: string, encoding: Encoding, basis?: ConformanceCase['basis']])[] = [
  ['application/x-protobuf', 'protobuf', 'spec'],
  ['application/json', 'json', 'spec'],
  ['Application/X-Protobuf', 'protobuf', 'spec'],
  ['APPLICATION/JSON', 'json', 'spec'],
  ['application/json; charset=utf-8', 'json', 'spec'],
  ['application/json;charset=UTF-8', 'json', 'spec'],
  ['application/json; charset="utf-8"', 'json', 'spec'],
  ['application/x-protobuf; charset=utf-8', 'protobuf', 'spec'],
  ['application/x-protobuf; messageType="opentelemetry.proto.trace.v1.TracesData"', 'protobuf', 'spec'],
  ['application/json ;', 'json'],
  ['application/protobuf', 'protobuf'],
];

const REFUSED: readonly string[] = [
  'text/plain',
  'text/json',
  'application/xml',
  'application/grpc',
  'application/x-www-form-urlencoded',
  'application/octet-stream',
  'application/x-ndjson',
  'multipart/form-data; boundary=x',
  'application/jsonx',
  'application',
  '/',
  '*/*',
  'application/json, application/x-protobuf',
  'application/json; charset=utf-16',
  'application/json; charset=iso-8859-1',
];

const bodyIn = (encoding: Encoding): Uint8Array | string =>
  encoding === 'protobuf' ? soundRequest('traces') : JSON.stringify(soundJsonRequest('traces'));

export const mediaTypes: Theme = {
  name: 'content types',
  cases: [
    ...TAKEN.map(([type, encoding, basis = 'promise']) => ({
      name: `Content-Type "${type}" is taken as ${encoding} and answered in ${encoding}`,
      basis,
      run: async (target: Target) => {
        const answer = await post(target, bodyIn(encoding), { headers: { 'content-type': type } });
        expectExport(answer, { encoding, says: 'none' });
      },
    })),
    ...REFUSED.map((type) => ({
      name: `Content-Type "${type}" is refused with 415, in JSON`,
      basis: 'promise' as const,
      run: async (target: Target) => {
        const answer = await post(target, bodyIn('protobuf'), { headers: { 'content-type': type } });
        expectRefusal(answer, { status: 415, encoding: 'json', says: /application\/x-protobuf/ });
      },
    })),
    {
      name: 'a body without a Content-Type is refused with 415, in JSON',
      basis: 'promise',
      async run(target) {
        const answer = await target.send({ body: soundRequest('traces') });
        expectRefusal(answer, { status: 415, encoding: 'json' });
      },
    },
    {
      name: 'JSON under the protobuf content type is refused with 400, in protobuf',
      basis: 'spec',
      async run(target) {
        expectRefusal(await post(target, bodyIn('json')), { status: 400 });
      },
    },
    {
      name: 'protobuf under the JSON content type is refused with 400, in JSON',
      basis: 'spec',
      async run(target) {
        const answer = await post(target, bodyIn('protobuf'), { encoding: 'json' });
        expectRefusal(answer, { status: 400, encoding: 'json' });
      },
    },
    ...(['application/json', 'text/html', '*/*', 'application/x-protobuf;q=0'] as const).map((accept) => ({
      name: `Accept: ${accept} does not change the encoding of the answer`,
      basis: 'spec' as const,
      run: async (target: Target) => {
        const answer = await post(target, soundRequest('traces'), { headers: { accept } });
        expectExport(answer, { says: 'none' });
      },
    })),
  ],
};
