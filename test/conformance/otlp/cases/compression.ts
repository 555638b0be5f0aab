/** Content-Encoding: what is undone, and what is refused. */

import { strictEqual } from 'node:assert/strict';
import * as zlib from 'node:zlib';
import { SIGNALS } from '@sluice/core/names';
import { type ConformanceCase, post, type Theme } from '../conformance-case.ts';
import { ENCODINGS, expectExport, expectRefusal } from '../expect-answer.ts';
import { soundJsonRequest } from '../json-payloads.ts';
import { soundRequest } from '../protobuf-payloads.ts';
import type { Target } from '../target.ts';

const sound = (): Buffer => soundRequest('traces', 5);
const coded = (coding: string): { headers: Record<string, string> } => ({
  headers: { 'content-encoding': coding },
});

interface Row {
  readonly name: string;
  readonly basis?: ConformanceCase['basis'];
  readonly coding: string;
  readonly body: () => Uint8Array;
}

const TAKEN: readonly Row[] = [
  { name: 'a body in identity', basis: 'spec', coding: 'identity', body: sound },
  { name: 'an empty Content-Encoding', basis: 'spec', coding: '', body: sound },
  { name: 'a coding named in capitals', basis: 'spec', coding: 'GZIP', body: () => zlib.gzipSync(sound()) },
  { name: 'a body in x-gzip', coding: 'x-gzip', body: () => zlib.gzipSync(sound()) },
  {
    name: 'a gzip body at level 9',
    basis: 'spec',
    coding: 'gzip',
    body: () => zlib.gzipSync(sound(), { level: 9 }),
  },
  {
    name: 'a stored gzip body (level 0)',
    basis: 'spec',
    coding: 'gzip',
    body: () => zlib.gzipSync(sound(), { level: 0 }),
  },
  {
    name: 'a gzip body of two members (RFC 1952 § 2.2)',
    basis: 'spec',
    coding: 'gzip',
    body: () => Buffer.concat([zlib.gzipSync(sound()), zlib.gzipSync(sound())]),
  },
  {
    name: 'a gzip body whose members cut the message in two',
    basis: 'spec',
    coding: 'gzip',
    body: () => {
      const body = sound();
      return Buffer.concat([zlib.gzipSync(body.subarray(0, 77)), zlib.gzipSync(body.subarray(77))]);
    },
  },
  {
    name: 'a gzip body with a file name and an extra field in its header',
    basis: 'spec',
    coding: 'gzip',
    body: () => withGzipName(zlib.gzipSync(sound())),
  },
  {
    name: 'a gzip body that inflates to an empty request',
    basis: 'spec',
    coding: 'gzip',
    body: () => zlib.gzipSync(''),
  },
  { name: 'identity and gzip named together', coding: 'identity, gzip', body: () => zlib.gzipSync(sound()) },
  { name: 'a zstd body', coding: 'zstd', body: () => zlib.zstdCompressSync(sound()) },
  {
    name: 'a zstd body of two frames',
    coding: 'zstd',
    body: () => Buffer.concat([zlib.zstdCompressSync(sound()), zlib.zstdCompressSync(sound())]),
  },
  { name: 'a deflate body (zlib)', coding: 'deflate', body: () => zlib.deflateSync(sound()) },
  {
    name: 'a raw deflate body, as some clients mistake it',
    coding: 'deflate',
    body: () => zlib.deflateRawSync(sound()),
  },
];

const DAMAGED: readonly Row[] = [
  { name: 'a body that is said to be gzip and is not', basis: 'spec', coding: 'gzip', body: sound },
  {
    name: 'a gzip body cut short',
    basis: 'spec',
    coding: 'gzip',
    body: () => zlib.gzipSync(sound()).subarray(0, -12),
  },
  {
    name: 'a gzip body with a wrong checksum',
    basis: 'spec',
    coding: 'gzip',
    body: () => flipped(zlib.gzipSync(sound()), -6),
  },
  {
    name: 'a gzip body with a wrong length',
    basis: 'spec',
    coding: 'gzip',
    body: () => flipped(zlib.gzipSync(sound()), -1),
  },
  {
    name: 'a gzip body whose second member is cut short',
    basis: 'spec',
    coding: 'gzip',
    body: () => Buffer.concat([zlib.gzipSync(sound()), zlib.gzipSync(sound()).subarray(0, 20)]),
  },
  {
    name: 'a gzip body followed by other bytes',
    basis: 'spec',
    coding: 'gzip',
    body: () => Buffer.concat([zlib.gzipSync(sound()), Buffer.from('trailing')]),
  },
  {
    name: 'no bytes at all that are said to be gzip',
    basis: 'spec',
    coding: 'gzip',
    body: () => Buffer.alloc(0),
  },
  { name: 'a body that is said to be zstd and is not', coding: 'zstd', body: sound },
  {
    name: 'a zstd body cut short',
    coding: 'zstd',
    body: () => zlib.zstdCompressSync(sound()).subarray(0, -9),
  },
  {
    name: 'a zstd body followed by other bytes',
    coding: 'zstd',
    body: () => Buffer.concat([zlib.zstdCompressSync(sound()), Buffer.from('trailing bytes')]),
  },
  {
    name: 'a body that is said to be deflate and is not',
    coding: 'deflate',
    body: () => Buffer.from('not deflate'),
  },
  {
    name: 'a deflate body cut short',
    coding: 'deflate',
    body: () => zlib.deflateSync(sound()).subarray(0, -9),
  },
  {
    name: 'a deflate body followed by other bytes',
    coding: 'deflate',
    body: () => Buffer.concat([zlib.deflateSync(sound()), Buffer.from('trailing')]),
  },
];

const UNKNOWN = [
  'br',
  'compress',
  'snappy',
  'lz4',
  'gzip, gzip',
  'zstd, gzip',
  'gzip, br',
  'none',
  'gzip;q=1',
];

export const compression: Theme = {
  name: 'compression',
  cases: [
    ...SIGNALS.flatMap((signal) =>
      ENCODINGS.map((encoding) => ({
        name: `a gzip body is taken (${signal}, ${encoding})`,
        basis: 'spec' as const,
        run: async (target: Target) => {
          const plain =
            encoding === 'protobuf' ? soundRequest(signal, 5) : JSON.stringify(soundJsonRequest(signal, 5));
          const answer = await post(target, zlib.gzipSync(plain), { signal, encoding, ...coded('gzip') });
          expectExport(answer, { signal, encoding, says: 'none' });
        },
      })),
    ),
    ...TAKEN.map(({ name, basis = 'promise', coding, body }) => ({
      name: `${name} is taken`,
      basis,
      run: async (target: Target) => expectExport(await post(target, body(), coded(coding))),
    })),
    ...DAMAGED.map(({ name, basis = 'promise', coding, body }) => ({
      name: `${name}: 400 (${coding})`,
      basis,
      run: async (target: Target) =>
        expectRefusal(await post(target, body(), coded(coding)), { status: 400 }),
    })),
    ...UNKNOWN.map((coding) => ({
      name: `Content-Encoding "${coding}" is refused with 415`,
      basis: 'promise' as const,
      run: async (target: Target) =>
        expectRefusal(await post(target, sound(), coded(coding)), { status: 415 }),
    })),
    {
      name: 'the answer to an unknown coding names those that work in Accept-Encoding (RFC 9110 § 12.5.3)',
      basis: 'promise',
      async run(target) {
        const answer = await post(target, sound(), coded('br'));
        strictEqual(/\bgzip\b/.test(answer.headers['accept-encoding'] ?? ''), true, 'gzip is not named');
      },
    },
  ],
};

/** Sets FNAME and FEXTRA (RFC 1952 § 2.3.1). */
function withGzipName(gzip: Buffer): Buffer {
  const head = Buffer.from(gzip.subarray(0, 10));
  head[3] = 0x04 | 0x08;
  const extra = Buffer.from([4, 0, 0x41, 0x42, 0, 0]);
  return Buffer.concat([head, extra, Buffer.from('spans.pb\0'), gzip.subarray(10)]);
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length + at]! ^= 0xff;
  return copy;
}
