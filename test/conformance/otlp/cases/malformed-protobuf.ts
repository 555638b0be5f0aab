/** Protobuf that cannot be read: each is refused whole with 400, and nothing worse happens. */

import { SIGNALS, type Signal } from '@sluice/core/names';
import { type ConformanceCase, post, type Theme } from '../conformance-case.ts';
import { expectExport, expectRefusal } from '../expect-answer.ts';
import {
  anyString,
  everyKindOfValue,
  gauge,
  ITEM,
  keyValue,
  logRecord,
  metric,
  numberPoint,
  request,
  soundRequest,
  span,
  spanId,
  traceId,
} from '../protobuf-payloads.ts';
import type { Target } from '../target.ts';
import { join, len, tag, uint, varint, WIRE } from '../wire.ts';

interface Row {
  readonly name: string;
  readonly signal?: Signal;
  readonly basis?: ConformanceCase['basis'];
  readonly body: () => Uint8Array;
}

const BAD_UTF8 = Buffer.from([0x6f, 0xff, 0xfe]);
const SURROGATE = Buffer.from([0xed, 0xa0, 0x80]);
const OVERLONG = Buffer.from([0xc0, 0xaf]);
const MAX_LENGTH = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07]);

const withAttribute = (attribute: Uint8Array): Buffer => request(span({ more: [len(9, attribute)] }));

const MALFORMED: readonly Row[] = [
  { name: 'bytes that are no protobuf', body: () => Buffer.from('this is not protobuf at all') },
  { name: 'a single byte', body: () => Buffer.from([0x0a]) },
  { name: 'zero bytes in place of a message', body: () => Buffer.alloc(64) },
  { name: 'bytes of all ones', body: () => Buffer.alloc(64, 0xff) },
  { name: 'a request cut in its last byte', body: () => soundRequest('traces').subarray(0, -1) },
  { name: 'a request cut in half', body: () => soundRequest('traces', 10).subarray(0, 300) },
  {
    name: 'a log request cut in its last byte',
    signal: 'logs',
    body: () => soundRequest('logs').subarray(0, -1),
  },
  {
    name: 'a metric request cut in its last byte',
    signal: 'metrics',
    body: () => soundRequest('metrics').subarray(0, -1),
  },
  {
    name: 'a sound request followed by one stray byte',
    body: () => join(soundRequest('traces'), Buffer.from([0x0a])),
  },
  { name: 'field number 0', body: () => join(Buffer.from([0x02, 0x00]), soundRequest('traces')) },
  { name: 'field number 0 inside a span', body: () => request(span({ more: [Buffer.from([0x02, 0x00])] })) },
  { name: 'wire type 6', body: () => join(tag(1, 6), soundRequest('traces')) },
  { name: 'wire type 7 inside a span', body: () => request(span({ more: [tag(50, 7)] })) },
  {
    name: 'a varint of eleven bytes',
    body: () => request(span({ more: [tag(6, WIRE.varint), Buffer.alloc(10, 0x80), Buffer.from([1])] })),
  },
  {
    name: 'a length that runs past the end',
    body: () => join(tag(1, WIRE.len), varint(1000), Buffer.alloc(10)),
  },
  { name: 'a length of 2 GiB', body: () => join(tag(1, WIRE.len), MAX_LENGTH, Buffer.alloc(10)) },
  {
    name: 'a length of 2^64 - 1',
    body: () => join(tag(1, WIRE.len), varint(2n ** 64n - 1n), Buffer.alloc(10)),
  },
  {
    name: 'an inner length that runs past its message',
    body: () => len(1, len(2, join(tag(2, WIRE.len), varint(5000)))),
  },
  { name: 'a fixed64 cut short', body: () => len(1, len(2, len(2, tag(7, WIRE.fixed64), Buffer.alloc(5)))) },
  { name: 'a fixed32 cut short', body: () => len(1, len(2, len(2, tag(16, WIRE.fixed32), Buffer.alloc(3)))) },
  {
    name: 'a group that ends without a start',
    body: () => join(tag(5, WIRE.endGroup), soundRequest('traces')),
  },
  { name: 'a group that never ends', body: () => join(soundRequest('traces'), tag(50, WIRE.startGroup)) },
  {
    name: 'a group that another one ends',
    body: () => join(soundRequest('traces'), tag(50, WIRE.startGroup), tag(51, WIRE.endGroup)),
  },
  { name: 'a span name that is not UTF-8', body: () => request(span({ name: BAD_UTF8 })) },
  { name: 'a span name with a lone surrogate in UTF-8', body: () => request(span({ name: SURROGATE })) },
  { name: 'a span name in overlong UTF-8', body: () => request(span({ name: OVERLONG })) },
  {
    name: 'an attribute key that is not UTF-8',
    body: () => withAttribute(join(len(1, BAD_UTF8), len(2, anyString('x')))),
  },
  {
    name: 'an attribute value that is not UTF-8',
    body: () => withAttribute(keyValue('key', len(1, BAD_UTF8))),
  },
  { name: 'a trace state that is not UTF-8', body: () => request(span({ more: [len(3, BAD_UTF8)] })) },
  {
    name: 'a scope name that is not UTF-8',
    body: () => len(1, len(2, len(1, len(1, BAD_UTF8)), len(2, span()))),
  },
  { name: 'a schema URL that is not UTF-8', body: () => len(1, len(2, len(2, span())), len(3, BAD_UTF8)) },
  {
    name: 'a log body that is not UTF-8',
    signal: 'logs',
    body: () => request(logRecord({ body: len(1, BAD_UTF8) })),
  },
  {
    name: 'a metric name that is not UTF-8',
    signal: 'metrics',
    body: () => request(metric(gauge(numberPoint()), BAD_UTF8)),
  },
  {
    name: 'a log record whose attribute is cut short',
    signal: 'logs',
    body: () => request(logRecord({ more: [len(6, tag(1, WIRE.len), varint(99))] })),
  },
  {
    name: 'a data point that is cut short',
    signal: 'metrics',
    body: () => request(metric(gauge(join(numberPoint(), tag(3, WIRE.fixed64))))),
  },
  {
    name: 'values nested 10,000 deep',
    basis: 'promise',
    body: () => withAttribute(keyValue('deep', nested(10_000))),
  },
  {
    name: 'key-value lists nested 3,000 deep',
    basis: 'promise',
    signal: 'logs',
    body: () => request(logRecord({ body: nestedLists(3000) })),
  },
];

const TAKEN: readonly Row[] = [
  { name: 'values nested 20 deep', body: () => withAttribute(keyValue('deep', nested(20))) },
  {
    name: 'a group among unknown fields',
    body: () => join(soundRequest('traces'), tag(50, WIRE.startGroup), uint(1, 1), tag(50, WIRE.endGroup)),
  },
  {
    name: 'a varint written longer than it needs',
    body: () => request(span({ more: [tag(6, WIRE.varint), Buffer.from([0x82, 0x80, 0x00])] })),
  },
  {
    name: 'a scalar that comes twice',
    body: () => request(span({ more: [len(5, 'the last name counts')] })),
  },
  {
    name: 'an embedded message that comes in two pieces',
    body: () => request(span({ more: [len(15, uint(3, 2)), len(15, len(2, 'broken'))] })),
  },
  {
    name: 'a value of which two kinds are set',
    body: () =>
      withAttribute(keyValue('k', join(anyString('a'), ...everyKindOfValue.slice(0, 0), uint(3, 5)))),
  },
  { name: 'an enum value that a newer OTLP may have', body: () => request(span({ more: [uint(6, 77)] })) },
  { name: 'a negative enum value', body: () => request(span({ more: [uint(6, -1n)] })) },
  { name: 'an attribute with an empty key', body: () => withAttribute(keyValue('', anyString('x'))) },
  {
    name: 'an attribute key that comes twice',
    body: () =>
      request(span({ more: [len(9, keyValue('k', anyString('a'))), len(9, keyValue('k', anyString('b')))] })),
  },
  { name: 'a name with a zero character', body: () => request(span({ name: 'a\0b' })) },
  { name: 'a name of 100,000 characters', body: () => request(span({ name: 'n'.repeat(100_000) })) },
  {
    name: 'a thousand attributes on one span',
    body: () =>
      request(
        span({
          more: Array.from({ length: 1000 }, (_, i) => len(9, keyValue(`key.${i}`, anyString('value')))),
        }),
      ),
  },
  {
    name: 'a thousand events on one span',
    body: () => request(span({ more: Array.from({ length: 1000 }, () => len(11, len(2, 'tick'))) })),
  },
  {
    name: 'a thousand links on one span',
    body: () =>
      request(
        span({ more: Array.from({ length: 1000 }, () => len(13, len(1, traceId()), len(2, spanId()))) }),
      ),
  },
  { name: 'the largest and smallest times', body: () => request(span({ start: 0n, end: 2n ** 64n - 1n })) },
];

export const malformedProtobuf: Theme = {
  name: 'protobuf on the wire',
  cases: [
    ...MALFORMED.map(({ name, signal = 'traces' as const, basis = 'spec' as const, body }) => ({
      name: `${name}: 400`,
      basis,
      run: async (target: Target) => expectRefusal(await post(target, body(), { signal }), { status: 400 }),
    })),
    ...TAKEN.map(({ name, signal = 'traces' as const, basis = 'spec' as const, body }) => ({
      name: `${name} is taken`,
      basis,
      run: async (target: Target) => expectExport(await post(target, body(), { signal }), { signal }),
    })),
    ...SIGNALS.map((signal) => ({
      name: `cut at every byte, a request is answered 200 or 400 (${signal})`,
      basis: 'spec' as const,
      run: async (target: Target) => {
        const whole = request(ITEM[signal]());
        for (let end = 0; end < whole.length; end++) {
          const answer = await post(target, whole.subarray(0, end), { signal });
          if (answer.status === 200) expectExport(answer, { signal });
          else expectRefusal(answer, { status: 400 });
        }
      },
    })),
    {
      name: 'the message of a 400 says where the request is wrong',
      basis: 'promise',
      async run(target) {
        expectRefusal(await post(target, soundRequest('traces').subarray(0, -1)), {
          status: 400,
          says: /byte \d+/,
        });
      },
    },
  ],
};

const nested = (depth: number): Buffer => wrapped(depth, [len(5), len(1)]);

const nestedLists = (depth: number): Buffer => wrapped(depth, [len(6), len(1, len(1, 'k')), len(2)]);

/**
 * A text value in `depth` layers, each of which is a run of length-delimited fields one inside the other.
 * Written from the inside out as a list of heads, because copying the whole for each layer is quadratic.
 */
function wrapped(depth: number, layer: readonly Buffer[]): Buffer {
  const core = anyString('core');
  const heads: Buffer[] = [];
  let size = core.length;
  for (let i = 0; i < depth * layer.length; i++) {
    const empty = layer[layer.length - 1 - (i % layer.length)]!;
    // What the field holds before the next layer, such as the key of an entry.
    const before = empty.subarray(2);
    const head = join(empty.subarray(0, 1), varint(before.length + size), before);
    heads.push(head);
    size += head.length;
  }
  return join(...heads.reverse(), core);
}
