/** API keys: what an endpoint that demands one refuses, and what holds where none is demanded. */
import { ok, strictEqual } from 'node:assert/strict';
import { SIGNALS, type Signal } from '@sluice/core/names';
import { type ConformanceCase, post, type Theme } from '../conformance-case.ts';
import { CONTENT_TYPE, ENCODINGS, expectExport, expectRefusal } from '../expect-answer.ts';
import { soundJsonRequest } from '../json-payloads.ts';
import { soundRequest } from '../protobuf-payloads.ts';
import { type Answer, pathOf, type Target } from '../target.ts';

const WRONG_KEY = `slk_${'0'.repeat(36)}`;

/** Without the key that every other request carries. */
function keyless(
  target: Target,
  headers: Readonly<Record<string, string>> = {},
  signal: Signal = 'traces',
): Promise<Answer> {
  return target.send({
    path: pathOf(signal),
    withKey: false,
    headers: { 'content-type': CONTENT_TYPE.protobuf, ...headers },
    body: soundRequest(signal),
  });
}

const basic = (user: string, password: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

const TAKEN: readonly (readonly [name: string, headers: (key: string) => Record<string, string>])[] = [
  ['as a bearer', (key) => ({ authorization: `Bearer ${key}` })],
  ['as a bearer in small letters', (key) => ({ authorization: `bearer ${key}` })],
  ['in X-API-Key', (key) => ({ 'x-api-key': key })],
  ['as a Basic password', (key) => basic('tenant', key)],
  ['as a Basic user', (key) => basic(key, '')],
];

const REFUSED: readonly (readonly [name: string, headers: (key: string) => Record<string, string>])[] = [
  ['no key', () => ({})],
  ['an empty bearer', () => ({ authorization: 'Bearer ' })],
  ['an empty X-API-Key', () => ({ 'x-api-key': '' })],
  ['a key that does not exist', () => ({ authorization: `Bearer ${WRONG_KEY}` })],
  ['a key cut short', (key) => ({ authorization: `Bearer ${key.slice(0, -1)}` })],
  ['a key with one character changed', (key) => ({ authorization: `Bearer ${changed(key)}` })],
  ['a key in capitals', (key) => ({ authorization: `Bearer ${key.toUpperCase()}` })],
  ['a scheme that is not known', (key) => ({ authorization: `Digest ${key}` })],
  ['a bare key without a scheme', (key) => ({ authorization: key })],
  ['Basic that is not base64', () => ({ authorization: 'Basic ***' })],
  ['a very long key', () => ({ authorization: `Bearer ${'x'.repeat(8000)}` })],
];

const KEYED: readonly ConformanceCase[] = [
  ...TAKEN.map(([name, headers]) => ({
    name: `a key ${name} is taken`,
    basis: 'promise' as const,
    only: 'keyed' as const,
    run: async (target: Target) => expectExport(await keyless(target, headers(target.key!))),
  })),
  ...REFUSED.map(([name, headers]) => ({
    name: `${name} is refused with 401 and a challenge`,
    basis: 'promise' as const,
    only: 'keyed' as const,
    run: async (target: Target) => {
      const answer = await keyless(target, headers(target.key!));
      expectRefusal(answer, { status: 401 });
      ok(
        answer.headers['www-authenticate'] !== undefined,
        'there is no WWW-Authenticate (RFC 9110 § 11.6.1)',
      );
    },
  })),
  ...ENCODINGS.map((encoding) => ({
    name: `a 401 answers in the encoding of the request (${encoding})`,
    basis: 'spec' as const,
    only: 'keyed' as const,
    run: async (target: Target) => {
      const answer = await target.send({
        withKey: false,
        headers: { 'content-type': CONTENT_TYPE[encoding] },
        body: encoding === 'protobuf' ? soundRequest('traces') : JSON.stringify(soundJsonRequest('traces')),
      });
      expectRefusal(answer, { status: 401, encoding });
    },
  })),
  {
    name: 'every signal asks for a key',
    basis: 'promise',
    only: 'keyed',
    async run(target) {
      for (const signal of SIGNALS) expectRefusal(await keyless(target, {}, signal), { status: 401 });
    },
  },
  {
    name: 'a refused key is not named in the answer',
    basis: 'promise',
    only: 'keyed',
    async run(target) {
      const answer = await keyless(target, { authorization: `Bearer ${WRONG_KEY}` });
      strictEqual(answer.body.includes(WRONG_KEY), false);
    },
  },
  {
    name: 'without a key a body is not looked at',
    basis: 'promise',
    only: 'keyed',
    async run(target) {
      const answer = await target.send({
        withKey: false,
        headers: { 'content-type': CONTENT_TYPE.protobuf, 'content-encoding': 'br' },
        body: Buffer.from([0xff]),
      });
      expectRefusal(answer, { status: 401 });
    },
  },
];

const KEYLESS: readonly ConformanceCase[] = [
  {
    name: 'where no key is demanded, every signal is taken without one',
    basis: 'spec',
    only: 'keyless',
    async run(target) {
      for (const signal of SIGNALS) expectExport(await keyless(target, {}, signal), { signal });
    },
  },
  ...[...TAKEN, ...REFUSED].map(([name, headers]) => ({
    name: `where no key is demanded, one that does not exist is ignored or refused with 401: ${name}`,
    basis: 'promise' as const,
    only: 'keyless' as const,
    run: async (target: Target) => {
      const answer = await keyless(target, headers(WRONG_KEY));
      if (answer.status === 200) expectExport(answer);
      else expectRefusal(answer, { status: 401 });
    },
  })),
  {
    name: 'where no key is demanded, a tenant that a request names is ignored',
    basis: 'promise',
    only: 'keyless',
    async run(target) {
      expectExport(await post(target, soundRequest('traces'), { headers: { 'x-scope-orgid': 'other' } }), {
        says: 'none',
      });
    },
  },
];

export const keys: Theme = { name: 'keys', cases: [...KEYED, ...KEYLESS] };

function changed(key: string): string {
  const at = key.length - 10;
  return key.slice(0, at) + (key[at] === 'a' ? 'b' : 'a') + key.slice(at + 1);
}
