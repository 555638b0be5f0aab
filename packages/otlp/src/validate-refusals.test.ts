/** What is refused whole, and what looks like it but is sound. */
import { describe, expect, test } from 'vitest';
import { ProtoWriter } from './proto-writer.ts';
import { LOG_RECORD, logRequest, NOW_MS, SPAN, traceRequest } from './testing/from-json.ts';
import { makeLogRequest, makeMetricRequest, makeTraceRequest } from './testing/requests.ts';
import { validateRequest } from './validate.ts';

describe('bytes are malformed', () => {
  /** `spans` of a request whose only span holds `hex`. */
  const inSpan = (hex: string): Uint8Array => {
    const writer = new ProtoWriter();
    const marks = [writer.begin(1), writer.begin(2), writer.begin(2)];
    writer.raw(Buffer.from(hex, 'hex'));
    for (const mark of marks.reverse()) writer.end(mark);
    return writer.finish();
  };

  test.each([
    ['with text that is not UTF-8', '2a01ff', 'not valid UTF-8'],
    ['with a surrogate half in UTF-8', '2a03eda080', 'not valid UTF-8'],
    ['with an overlong UTF-8 sequence', '2a02c080', 'not valid UTF-8'],
    ['with a cut UTF-8 sequence', '2a02e282', 'not valid UTF-8'],
    ['with a code point past U+10FFFF', '2a04f4908080', 'not valid UTF-8'],
    ['with text in an attribute key that is not UTF-8', '4a030a01ff', 'not valid UTF-8'],
    ['with a length past the end', '2a05', 'runs past the end'],
    ['with a length of two bytes past the end', '2aff01', 'runs past the end'],
    ['with a length beyond 2 GiB', '2a8080808008', 'larger than 2 GiB'],
    ['with a cut varint', '3080', 'varint is cut off'],
    ['with a varint of eleven bytes', '30ffffffffffffffffffff01', 'longer than 10 bytes'],
    ['with a cut fixed64', '3900000000', 'fixed64 is cut off'],
    ['with a cut fixed32', '850100', 'fixed32 is cut off'],
    ['with field number 0', '0200', 'field number 0'],
    ['with wire type 6', 'a606', 'wire type 6 does not exist'],
    ['with a tag beyond 32 bits', 'ffffffff7f00', 'longer than 32 bits'],
    ['with a known field of another wire type', '2801', 'field 5 has wire type 0'],
    ['with a known field as a group', '2b2c', 'field 5 has wire type 3'],
    ['with the end of a group that never began', 'cc01', 'where no group began'],
    ['with a group that does not end', 'cb01', 'does not end'],
    ['with a group that ends as another', 'cb01d401', 'ends as group'],
    ['with groups 101 levels deep', 'cb01'.repeat(101), 'deeper than 100'],
  ])('%s', (_, hex, message) => {
    const result = validateRequest('traces', inSpan(hex), { nowMs: NOW_MS });
    expect(result).toMatchObject({ status: 'malformed', message: expect.stringContaining(message) });
    expect(result).toMatchObject({
      message: expect.stringMatching(
        /byte \d+ of the protobuf body, in resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[0\]/,
      ),
    });
  });

  test('and the offset says where', () => {
    expect(validateRequest('traces', Buffer.from('0a0212ff', 'hex'), { nowMs: NOW_MS })).toMatchObject({
      status: 'malformed',
      offset: 3,
    });
  });

  const nested = (levels: number): Uint8Array => {
    let value: object = { stringValue: 'deep' };
    for (let i = 1; i < levels; i++) value = { arrayValue: { values: [value] } };
    return logRequest({ ...LOG_RECORD, body: value });
  };

  test('when attribute values nest 101 levels deep, and 100 levels are taken', () => {
    expect(validateRequest('logs', nested(100), { nowMs: NOW_MS })).toMatchObject({ items: 1, rejected: 0 });
    const writer = new ProtoWriter();
    const marks = [writer.begin(1), writer.begin(2), writer.begin(2), writer.begin(5)];
    for (let level = 1; level < 101; level++) marks.push(writer.begin(5), writer.begin(1));
    for (const mark of marks.reverse()) writer.end(mark);
    expect(validateRequest('logs', writer.finish(), { nowMs: NOW_MS })).toMatchObject({
      status: 'malformed',
      message: expect.stringContaining('deeper than 100 levels'),
    });
  });

  test('but long texts of every script are sound', () => {
    for (const text of ['a', 'ä', '日本語', '😀', '߿', 'ࠀ', '￿', '𐀀']) {
      for (const length of [1, 60, 90, 300]) {
        const request = traceRequest({ ...SPAN, name: text.repeat(length) });
        expect(validateRequest('traces', request, { nowMs: NOW_MS })).toMatchObject({ items: 1 });
      }
    }
  });
});

describe('a request of another signal is recognised:', () => {
  const requests = {
    traces: makeTraceRequest({ spans: 5, nowMs: NOW_MS }),
    logs: makeLogRequest({ records: 5, nowMs: NOW_MS }),
    metrics: makeMetricRequest({ points: 25, nowMs: NOW_MS }),
  };
  test.each([
    ['traces', 'logs'],
    ['traces', 'metrics'],
    ['logs', 'traces'],
    ['logs', 'metrics'],
    ['metrics', 'traces'],
    ['metrics', 'logs'],
  ] as const)('%s sent to the path of %s', (actual, posted) => {
    expect(validateRequest(posted, requests[actual], { nowMs: NOW_MS })).toEqual({
      status: 'wrong-signal',
      actual,
      message: `this is a ${actual} request, sent to /v1/${posted}; send it to /v1/${actual}`,
    });
  });

  test('but not where a span is merely empty', () => {
    expect(validateRequest('traces', traceRequest({}), { nowMs: NOW_MS })).toMatchObject({
      items: 0,
      rejected: 1,
    });
  });
});
