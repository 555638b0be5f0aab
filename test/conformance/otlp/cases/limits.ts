/** Sizes: what fits is taken, what does not is refused with 413 before it can do harm. */

import { ok } from 'node:assert/strict';
import * as zlib from 'node:zlib';
import { type ConformanceCase, post, type Skipped, type Theme } from '../conformance-case.ts';
import { ENCODINGS, expectExport, expectRefusal } from '../expect-answer.ts';
import { fullJsonRequest } from '../json-payloads.ts';
import { anyString, keyValue, request, soundRequest, span } from '../protobuf-payloads.ts';
import { rawHead, type Target } from '../target.ts';
import { len } from '../wire.ts';

const ENVELOPE_BYTES = 512;

const wire = (name: string, run: (target: Target) => Promise<void>): ConformanceCase =>
  limited('maxWireBytes', name, run);
const inflated = (name: string, run: (target: Target) => Promise<void>): ConformanceCase =>
  limited('maxInflatedBytes', name, run);

function limited(
  limit: 'maxWireBytes' | 'maxInflatedBytes',
  name: string,
  run: (target: Target) => Promise<void>,
): ConformanceCase {
  return {
    name,
    basis: 'promise',
    run: async (target): Promise<Skipped | undefined> => {
      if (target[limit] === 0) return { skipped: `the endpoint has no ${limit}` };
      await run(target);
      return undefined;
    },
  };
}

/** A sound request of about so many bytes in spans of 64 KiB, of text that compresses well. */
function requestOfBytes(bytes: number): Buffer {
  const attribute = len(9, keyValue('text', anyString('the quick brown fox '.repeat(3200))));
  const one = span({ more: [attribute] });
  return request(
    ...Array.from({ length: Math.max(1, Math.floor((bytes - ENVELOPE_BYTES) / (one.length + 4))) }, () =>
      span({ more: [attribute] }),
    ),
  );
}

function zeros(bytes: number): Buffer {
  return zlib.gzipSync(Buffer.alloc(bytes), { level: 9 });
}

export const limits: Theme = {
  name: 'limits',
  cases: [
    wire('a body just under the limit is taken', async (target) => {
      const body = requestOfBytes(target.maxWireBytes);
      ok(
        body.length <= target.maxWireBytes && body.length > target.maxWireBytes * 0.9,
        `${body.length} bytes`,
      );
      expectExport(await post(target, body));
    }),
    ...ENCODINGS.map((encoding) =>
      wire(`a body over the limit is refused with 413 (${encoding})`, async (target) => {
        const body = Buffer.alloc(target.maxWireBytes + 1, encoding === 'json' ? ' ' : 0);
        expectRefusal(await post(target, body, { encoding }), { status: 413, encoding });
      }),
    ),
    wire('a chunked body that grows over the limit is refused with 413', async (target) => {
      const piece = Buffer.alloc(256 * 1024, 1);
      const pieces = Array.from({ length: Math.ceil(target.maxWireBytes / piece.length) + 4 }, () => piece);
      const answer = await target.send({
        headers: { 'content-type': 'application/x-protobuf' },
        body: pieces,
      });
      expectRefusal(answer, { status: 413 });
    }),
    wire('a body announced as 1 TiB is refused with 413 before it is sent', async (target) => {
      const head = rawHead(target, {
        'content-type': 'application/x-protobuf',
        'content-length': `${2 ** 40}`,
      });
      const { answers } = await target.exchange([head, Buffer.alloc(1000)], { answers: 1 });
      ok(answers[0] !== undefined, 'there was no answer');
      expectRefusal(answers[0], { status: 413 });
    }),
    wire('the message of a 413 names the limit', async (target) => {
      const answer = await post(target, Buffer.alloc(target.maxWireBytes + 1));
      expectRefusal(answer, { status: 413, says: new RegExp(String(target.maxWireBytes)) });
    }),
    wire('after a 413 the endpoint goes on taking requests', async (target) => {
      await post(target, Buffer.alloc(target.maxWireBytes * 3));
      expectExport(await post(target, soundRequest('traces')));
    }),
    inflated('a gzip body of 10 MiB once inflated is taken', async (target) => {
      const body = requestOfBytes(Math.min(10 * 1024 * 1024, target.maxInflatedBytes));
      expectExport(await post(target, zlib.gzipSync(body), { headers: { 'content-encoding': 'gzip' } }));
    }),
    inflated('a gzip bomb is refused with 413', async (target) => {
      const bomb = zeros(target.maxInflatedBytes + 1_000_000);
      expectRefusal(await post(target, bomb, { headers: { 'content-encoding': 'gzip' } }), { status: 413 });
    }),
    inflated('a gzip bomb in JSON is refused with 413 in JSON', async (target) => {
      const bomb = zlib.gzipSync(Buffer.alloc(target.maxInflatedBytes + 1_000_000, ' '));
      const answer = await post(target, bomb, { encoding: 'json', headers: { 'content-encoding': 'gzip' } });
      expectRefusal(answer, { status: 413, encoding: 'json' });
    }),
    inflated('a gzip bomb of a hundred members is refused with 413', async (target) => {
      const member = zeros(Math.ceil(target.maxInflatedBytes / 20));
      const bomb = Buffer.concat(Array.from({ length: 100 }, () => member));
      const answer = await post(target, bomb.subarray(0, Math.max(0, target.maxWireBytes) || bomb.length), {
        headers: { 'content-encoding': 'gzip' },
      });
      expectRefusal(answer, { status: 413 });
    }),
    inflated('a zstd bomb is refused with 413', async (target) => {
      const bomb = zlib.zstdCompressSync(Buffer.alloc(target.maxInflatedBytes + 1_000_000));
      expectRefusal(await post(target, bomb, { headers: { 'content-encoding': 'zstd' } }), { status: 413 });
    }),
    inflated('a deflate bomb is refused with 413', async (target) => {
      const bomb = zlib.deflateSync(Buffer.alloc(target.maxInflatedBytes + 1_000_000));
      expectRefusal(await post(target, bomb, { headers: { 'content-encoding': 'deflate' } }), {
        status: 413,
      });
    }),
    inflated('a gzip body that lies about its size is refused with 400', async (target) => {
      const gzip = zlib.gzipSync(soundRequest('traces', 5));
      gzip.writeUInt32LE(0xffff_ffff, gzip.length - 4);
      // The size is part of what a reader must check (RFC 1952 § 2.3.1).
      expectRefusal(await post(target, gzip, { headers: { 'content-encoding': 'gzip' } }), { status: 400 });
    }),
    inflated('after bombs the endpoint goes on taking requests', async (target) => {
      expectExport(await post(target, soundRequest('traces')));
    }),
    wire('a large JSON body is taken', async (target) => {
      const one = fullJsonRequest('traces') as { resourceSpans: object[] };
      const copies = Math.max(1, Math.floor((target.maxWireBytes * 0.8) / JSON.stringify(one).length));
      const body = JSON.stringify({
        resourceSpans: Array.from({ length: copies }, () => one.resourceSpans[0]),
      });
      expectExport(await post(target, body, { encoding: 'json' }), { encoding: 'json' });
    }),
  ],
};
