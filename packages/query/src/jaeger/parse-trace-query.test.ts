import { describe, expect, test } from 'vitest';
import { parseTags } from './parse-tags.ts';
import {
  parseDependencyRange,
  parseOptionalRange,
  parseTraceId,
  parseTraceSearch,
} from './parse-trace-query.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
const HOUR_NS = 3_600_000_000_000n;
const search = (text: string) => {
  const parsed = parseTraceSearch(new URLSearchParams(text), NOW_MS);
  if (parsed.kind === 'ids') throw new Error('a search was expected');
  return parsed.query;
};

describe('a search', () => {
  test('reads every parameter', () => {
    const text =
      'service=web&operation=GET+/&tags={"error":"true"}&minDuration=10ms&maxDuration=1s&start=1000000&end=2000000&limit=7';
    expect(search(text)).toEqual({
      service: 'web',
      operation: 'GET /',
      tags: new Map([['error', 'true']]),
      minDurationNs: 10_000_000n,
      maxDurationNs: 1_000_000_000n,
      startNs: 1_000_000_000n,
      endNs: 2_000_000_999n,
      limit: 7,
    });
  });

  test('has the defaults of Jaeger: 100 traces of the last two days', () => {
    const query = search('service=web&operation=&minDuration=&limit=');
    expect(query).toEqual({
      service: 'web',
      limit: 100,
      startNs: NOW_NS + 999_999n - 48n * HOUR_NS,
      endNs: NOW_NS + 999_999n,
    });
  });

  test.each([
    ['lookback=1h', HOUR_NS],
    ['lookback=2d', 48n * HOUR_NS],
    ['lookback=1w', 168n * HOUR_NS],
    ['lookback=custom', 48n * HOUR_NS],
  ])('%s counts back from the end when there is no start', (text, nanos) => {
    const { startNs, endNs } = search(`service=web&${text}&end=${NOW_MS}000`);
    expect(endNs! - startNs!).toBe(nanos);
  });

  test('the operation "all" is any operation', () => {
    expect(search('service=web&operation=all')).not.toHaveProperty('operation');
  });

  test('ids take precedence, and need no service', () => {
    const parsed = parseTraceSearch(new URLSearchParams('traceID=AB&traceID=cd'), NOW_MS);
    expect(parsed).toEqual({ kind: 'ids', traceIds: [`${'0'.repeat(30)}ab`, `${'0'.repeat(30)}cd`] });
  });

  test.each([
    ['', "parameter 'service' is required"],
    ['service=', "parameter 'service' is required"],
    ['service=web&start=now', `unable to parse param 'start': "now" is not a whole number`],
    ['service=web&limit=ten', `unable to parse param 'limit': "ten" is not a whole number`],
    ['service=web&limit=0', "unable to parse param 'limit': 0 is not from 1 to 10000"],
    ['service=web&minDuration=5', `unable to parse param 'minDuration': "5" is not a duration`],
    ['service=web&lookback=ever', `unable to parse param 'lookback': "ever" is not a duration`],
    ['service=web&minDuration=2s&maxDuration=1s', "'maxDuration' should be greater than 'minDuration'"],
    ['service=web&tag=error', "malformed 'tag' parameter, expecting key:value, received: error"],
    ['service=web&tags={"a"', "malformed 'tags' parameter, cannot unmarshal JSON"],
    [
      'service=web&tags={"a":{}}',
      `malformed 'tags' parameter, the value of "a" is neither text, number nor bool`,
    ],
    ['traceID=xyz', 'TraceID is not a hexadecimal number: xyz'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parseTraceSearch(new URLSearchParams(text), NOW_MS)).toThrow(message);
  });
});

describe('tags', () => {
  test.each([
    [
      'JSON',
      [],
      ['{"error":"true","http.status_code":500,"ok":false}'],
      { error: 'true', 'http.status_code': '500', ok: 'false' },
    ],
    [
      'logfmt',
      [],
      ['error=true http.status_code=500 msg="two \\"words\\"" cached'],
      { error: 'true', 'http.status_code': '500', msg: 'two "words"', cached: 'true' },
    ],
    ['key:value', ['error:true', 'url:http://a:80/'], [], { error: 'true', url: 'http://a:80/' }],
    ['both', ['a:1'], ['b=2'], { a: '1', b: '2' }],
    ['none', [], [''], {}],
    ['an empty value', [], ['a= b=1'], { a: '', b: '1' }],
  ])('as %s', (_name, tag, tags, expected) => {
    expect(Object.fromEntries(parseTags(tag, tags))).toEqual(expected);
  });
});

test('a trace id may be short or in capitals, but not long or foreign', () => {
  expect(parseTraceId('00000000000000000000000000000ABC')).toBe('00000000000000000000000000000abc');
  expect(parseTraceId('1')).toBe(`${'0'.repeat(31)}1`);
  expect(() => parseTraceId('0'.repeat(33))).toThrow('cannot be longer than 32 hex characters');
  expect(() => parseTraceId('')).toThrow('not a hexadecimal number');
});

test('times of a look-up are optional', () => {
  expect(parseOptionalRange(new URLSearchParams(''))).toEqual({});
  expect(parseOptionalRange(new URLSearchParams('start=5&end=6'))).toEqual({ startNs: 5000n, endNs: 6999n });
});

test('dependencies look back a day from now, in milliseconds', () => {
  expect(parseDependencyRange(new URLSearchParams(''), NOW_MS)).toEqual({
    startNs: NOW_NS - 24n * HOUR_NS,
    endNs: NOW_NS + 999_999n,
  });
  expect(parseDependencyRange(new URLSearchParams('endTs=5000&lookback=2000'), NOW_MS)).toEqual({
    startNs: 3_000_000_000n,
    endNs: 5_000_999_999n,
  });
});
