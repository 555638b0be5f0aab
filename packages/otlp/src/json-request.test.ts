import type { Signal } from '@sluice/core/names';
import { createRandom } from '@sluice/core/testing/random';
import { describe, expect, test } from 'vitest';
import { decodeLogs } from './decode-logs.ts';
import { decodeMetrics } from './decode-metrics.ts';
import { decodeTraces } from './decode-traces.ts';
import { encodeJsonRequest } from './encode-json.ts';
import { OtlpFormatError } from './format-error.ts';
import { convertJsonRequest } from './json-request.ts';
import type { AnyValue } from './model.ts';
import { REQUEST_SCHEMA } from './schema.ts';
import { NOW_MS, NOW_NANO, SPAN, SPAN_ID, TRACE_ID } from './testing/from-json.ts';
import { makeRandomMessage } from './testing/random-message.ts';
import { makeLogRequest, makeMetricRequest, makeTraceRequest } from './testing/requests.ts';
import { validateRequest } from './validate.ts';

function convert(signal: Signal, text: string) {
  return convertJsonRequest(signal, new TextEncoder().encode(text));
}

/** The error of converting `text`, as far as callers see it. */
function errorOf(
  signal: Signal,
  text: string | Uint8Array,
): Pick<OtlpFormatError, 'message' | 'path' | 'actual'> {
  try {
    convertJsonRequest(signal, typeof text === 'string' ? new TextEncoder().encode(text) : text);
  } catch (error) {
    if (error instanceof OtlpFormatError) return error;
    throw error;
  }
  throw new Error('accepted');
}

/** A log request whose record's body is `value`, given as JSON text. */
function bodyOf(value: string): AnyValue {
  const { bytes } = convert('logs', `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${value}}]}]}]}`);
  return decodeLogs(bytes)[0]!.scopes[0]!.records[0]!.body;
}

function spanJson(fields: string): string {
  return `{"resourceSpans":[{"scopeSpans":[{"spans":[{${fields}}]}]}]}`;
}

function spanOf(fields: string) {
  return decodeTraces(convert('traces', spanJson(fields)).bytes)[0]!.scopes[0]!.spans[0]!;
}

describe('a value', () => {
  test.each<[string, AnyValue]>([
    ['{"stringValue":"größe \\ud83d\\ude00"}', { type: 'string', value: 'größe 😀' }],
    ['{"stringValue":"\\ud83d"}', { type: 'string', value: '\ufffd' }],
    ['{"boolValue":false}', { type: 'bool', value: false }],
    ['{"intValue":"-9223372036854775808"}', { type: 'int', value: -(2n ** 63n) }],
    ['{"intValue":9007199254740993}', { type: 'int', value: 9_007_199_254_740_993n }],
    ['{"intValue":-9223372036854775808}', { type: 'int', value: -(2n ** 63n) }],
    ['{"intValue":3.0}', { type: 'int', value: 3n }],
    ['{"intValue":1e3}', { type: 'int', value: 1000n }],
    ['{"intValue":"1e3"}', { type: 'int', value: 1000n }],
    ['{"intValue":"-2.0"}', { type: 'int', value: -2n }],
    ['{"doubleValue":0.1}', { type: 'double', value: 0.1 }],
    ['{"doubleValue":-0.0}', { type: 'double', value: -0 }],
    ['{"doubleValue":"NaN"}', { type: 'double', value: Number.NaN }],
    ['{"doubleValue":"-Infinity"}', { type: 'double', value: Number.NEGATIVE_INFINITY }],
    ['{"doubleValue":"2.5e-3"}', { type: 'double', value: 0.0025 }],
    ['{"doubleValue":9223372036854775808}', { type: 'double', value: 2 ** 63 }],
    ['{"bytesValue":"AQL/"}', { type: 'bytes', value: Uint8Array.of(1, 2, 255) }],
    ['{"bytesValue":"-_8"}', { type: 'bytes', value: Uint8Array.of(0xfb, 0xff) }],
    [
      '{"arrayValue":{"values":[{"intValue":1},{}]}}',
      { type: 'array', values: [{ type: 'int', value: 1n }, { type: 'empty' }] },
    ],
    ['{"arrayValue":{}}', { type: 'array', values: [] }],
    [
      '{"kvlistValue":{"values":[{"key":"k","value":{"boolValue":true}}]}}',
      { type: 'kvlist', entries: [{ key: 'k', value: { type: 'bool', value: true } }] },
    ],
    ['{}', { type: 'empty' }],
    ['null', { type: 'empty' }],
    ['{"stringValue":null}', { type: 'empty' }],
    ['{"stringValue":"a","unknown":{"deep":[1]}}', { type: 'string', value: 'a' }],
    ['{"stringValue":"first","stringValue":"last"}', { type: 'string', value: 'last' }],
  ])('%s is read', (json, value) => {
    const body = bodyOf(json);
    expect(body.type === 'bytes' ? { ...body, value: new Uint8Array(body.value) } : body).toEqual(value);
  });
});

describe('a span', () => {
  test('has its ids in hex of any case and its numbers as text or number', () => {
    const span = spanOf(
      `"traceId":"${TRACE_ID.toUpperCase()}","spanId":"${SPAN_ID}","kind":3,"startTimeUnixNano":1767225600000000001,"endTimeUnixNano":"1767225600000000002","droppedEventsCount":"7","flags":257`,
    );
    expect(span).toMatchObject({
      traceId: TRACE_ID,
      spanId: SPAN_ID,
      kind: 3,
      startTimeUnixNano: 1_767_225_600_000_000_001n,
      endTimeUnixNano: 1_767_225_600_000_000_002n,
      droppedEventsCount: 7,
      flags: 257,
    });
  });

  test.each([
    ['in snake_case', '"trace_id":"ab"', '.trace_id: is in snake_case; OTLP/JSON names it "traceId"'],
    ['with the name of an enum value', '"kind":"SPAN_KIND_CLIENT"', '.kind: is the name of an enum value'],
    [
      'with an id in base64',
      '"traceId":"W47/95gDgQPSabYzgT/GDA=="',
      'OTLP/JSON writes trace and span ids as hex, not base64',
    ],
  ])('%s is taken with a warning', (_, fields, warning) => {
    const { warnings } = convert('traces', spanJson(fields));
    expect(warnings).toEqual([expect.stringContaining('$.resourceSpans[0].scopeSpans[0].spans[0].')]);
    expect(warnings[0]).toContain(warning);
  });

  test.each(['zz', 'abc', '日本語!', '0123456789abcdeg', 'x'.repeat(200), 'sixteen letters!'])(
    'with %j as trace id is rejected by validation, and its neighbours are not',
    (traceId) => {
      const request = { resourceSpans: [{ scopeSpans: [{ spans: [SPAN, { ...SPAN, traceId }] }] }] };
      const { bytes } = convert('traces', JSON.stringify(request));
      expect(validateRequest('traces', bytes, { nowMs: NOW_MS })).toMatchObject({
        items: 1,
        rejected: 1,
        rejections: [{ reason: 'invalid-trace-id' }],
      });
    },
  );
});

test('however many ids are wrong, one warning tells the first', () => {
  const spans = ['x1', 'x2', 'x3'].map((traceId) => ({ ...SPAN, traceId }));
  expect(
    convert('traces', JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })).warnings,
  ).toEqual([
    '$.resourceSpans[0].scopeSpans[0].spans[0].traceId: "x1" is not an id in hex; OTLP/JSON writes trace and span ids as hex, not base64 (3 times)',
  ]);
});

test('the names of enum values stand for their numbers', () => {
  const metric = { name: 'm', sum: { aggregationTemporality: 'AGGREGATION_TEMPORALITY_CUMULATIVE' } };
  const { bytes, warnings } = convert(
    'metrics',
    JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [metric, metric] }] }] }),
  );
  expect(decodeMetrics(bytes)[0]?.scopes[0]?.metrics[1]?.data).toMatchObject({ aggregationTemporality: 2 });
  expect(warnings).toEqual([
    expect.stringMatching(/metrics\[0\]\.sum\.aggregationTemporality: .* \(2 times\)$/),
  ]);
});

test('the instrumentation library of early OTLP is taken as the scope, with a warning', () => {
  const library = { instrumentationLibrary: { name: 'lib' }, spans: [SPAN] };
  const { bytes, warnings } = convert(
    'traces',
    JSON.stringify({ resourceSpans: [{ instrumentationLibrarySpans: [library] }] }),
  );
  expect(decodeTraces(bytes)[0]?.scopes[0]).toMatchObject({
    scope: { name: 'lib' },
    spans: [{ traceId: TRACE_ID }],
  });
  expect(warnings).toEqual([
    expect.stringContaining('taken as "scopeSpans"'),
    expect.stringContaining('taken as "scope"'),
  ]);
});

test('a byte-order mark, an empty request and unknown members are taken', () => {
  expect(convert('traces', '\ufeff{}')).toEqual({ bytes: new Uint8Array(), warnings: [] });
  expect(convert('traces', '{"resourceSpans":null}').bytes).toHaveLength(0);
  expect(convert('traces', '{"resourceSpans":[],"__proto__":{"a":1},"more":2}').warnings).toEqual([
    '$.__proto__: is not known to OTLP and is passed over (2 times)',
  ]);
});

describe('refused with the path and the remedy:', () => {
  const span = '$.resourceSpans[0].scopeSpans[0].spans[0]';
  test.each([
    ['a number for text', '"name":1', `${span}.name`, 'must be a string, found the number 1'],
    [
      'text for a boolean',
      '"attributes":[{"value":{"boolValue":"true"}}]',
      `${span}.attributes[0].value.boolValue`,
      'must be true or false, found the string "true"',
    ],
    ['an object for a list', '"attributes":{}', `${span}.attributes`, 'must be a list, found an object'],
    ['a list for an object', '"status":[]', `${span}.status`, 'must be an object, found a list'],
    ['null in a list', '"events":[null]', `${span}.events[0]`, 'must be an object, found null'],
    ['a fraction for a whole number', '"kind":1.5', `${span}.kind`, 'must be a whole number'],
    [
      'a whole number out of range',
      '"flags":4294967296',
      `${span}.flags`,
      'must lie between 0 and 4294967295',
    ],
    ['a negative time', '"endTimeUnixNano":"-1"', `${span}.endTimeUnixNano`, 'must lie between 0'],
    ['a time with a fraction in text', '"endTimeUnixNano":"1.5"', `${span}.endTimeUnixNano`, 'whole number'],
    [
      'a time of a thousand digits',
      `"endTimeUnixNano":"${'9'.repeat(1000)}"`,
      `${span}.endTimeUnixNano`,
      `"${'9'.repeat(40)}…"`,
    ],
    [
      'an unknown name of an enum value',
      '"kind":"CLIENT"',
      `${span}.kind`,
      '"CLIENT" is not a value of SpanKind; send its number',
    ],
    [
      'a number for an id',
      '"traceId":12',
      `${span}.traceId`,
      'must be an id in hex digits, found the number 12',
    ],
    [
      'text that is not base64',
      '"attributes":[{"value":{"bytesValue":"a*"}}]',
      `${span}.attributes[0].value.bytesValue`,
      'must be bytes in base64',
    ],
    [
      'text for a number',
      '"attributes":[{"value":{"doubleValue":"fast"}}]',
      `${span}.attributes[0].value.doubleValue`,
      'must be a number, "NaN", "Infinity" or "-Infinity", found the string "fast"',
    ],
    ...['1e999', '"-1e999"'].map((number) => [
      `${number} for a double`,
      `"attributes":[{"value":{"doubleValue":${number}}}]`,
      `${span}.attributes[0].value.doubleValue`,
      'beyond what a double can hold',
    ]),
    [
      'a fraction in text for a whole number',
      '"attributes":[{"value":{"intValue":"1e-1"}}]',
      `${span}.attributes[0].value.intValue`,
      'must be a whole number',
    ],
  ])('%s', (_, fields, path, message) => {
    const error = errorOf('traces', spanJson(fields));
    expect(error.path).toBe(path);
    expect(error.message).toContain(`${path}: `);
    expect(error.message).toContain(message);
  });

  test.each([
    ['no text at all', '', 'it is empty'],
    ['text that is not JSON', '{"resourceSpans":[}', 'line 1, column 19'],
    ['two lines of JSON', '{}\n{}', 'line 2, column 1'],
    ['text that is open at a line end', '{\n  "a": "b\n}', 'line 2, column 10'],
    ['an escape that does not exist', '{"a":"\\x"}', 'line 1, column 8'],
    ['a text of megabytes that does not end', `{"a":"${'b\\n'.repeat(1_000_000)}`, 'it ends too early'],
    ['a comma too many', '{"a":[1,2,]}', 'line 1, column 11'],
    ['a member without a name', '{"a":1,}', 'line 1, column 8'],
    ['a member without a colon', '{"a" 1}', 'line 1, column 6'],
    ['two members without a comma', '{"a":1 "b":2}', 'line 1, column 8'],
    ['brackets that do not match', '{"a":[1}', 'line 1, column 8'],
    ['single quotes', "{'a':1}", 'line 1, column 2'],
    ['a number with a leading zero', '{"a":01}', 'line 1, column 7'],
    ['JSON that ends too early', '{"resourceSpans":[', 'it ends too early'],
    ['a list of requests', '[]', 'must be one object with "resourceSpans", found a list'],
    ['a single string', '"a"', 'found the string "a"'],
    ['bytes that are not UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d), 'not valid UTF-8'],
    ['brackets 1001 levels deep', `${'['.repeat(1001)}${']'.repeat(1001)}`, 'deeper than 1000'],
  ])('%s', (_, text, message) => {
    const error = errorOf('traces', text);
    expect(error.message).toContain(message);
    expect(error.path).toBe('$');
  });

  test('attribute values 101 levels deep, while 100 levels are taken', () => {
    const nested = (levels: number): string =>
      `${'{"arrayValue":{"values":['.repeat(levels - 1)}{"intValue":1}${']}}'.repeat(levels - 1)}`;
    expect(bodyOf(nested(100)).type).toBe('array');
    expect(() => bodyOf(nested(101))).toThrow('deeper than 100 levels');
  });

  test('brackets inside text do not count as nesting', () => {
    expect(spanOf(`"name":"${'[{'.repeat(2000)}\\"["`).name).toHaveLength(4002);
  });
});

describe('a body of another signal names the right path:', () => {
  test.each([
    ['traces', 'logs', '{"resourceLogs":[]}'],
    ['logs', 'metrics', '{"resource_metrics":[]}'],
    ['metrics', 'traces', '{"resourceSpans":[]}'],
  ] as const)('sent to %s, it is %s', (posted, actual, text) => {
    expect(errorOf(posted, text)).toMatchObject({
      actual,
      message: `this is a ${actual} request, sent to /v1/${posted}; send it to /v1/${actual}`,
    });
  });
});

describe('to JSON and back', () => {
  const decode = { traces: decodeTraces, logs: decodeLogs, metrics: decodeMetrics } as const;
  const back = (signal: Signal, bytes: Uint8Array) => convert(signal, encodeJsonRequest(signal, bytes));

  test.each([
    ['traces', makeTraceRequest({ spans: 20 })],
    ['logs', makeLogRequest({ records: 20 })],
    ['metrics', makeMetricRequest({ points: 40 })],
  ] as const)('%s stay the same, without a warning', (signal, bytes) => {
    const { bytes: again, warnings } = back(signal, bytes);
    expect(decode[signal](again)).toEqual(decode[signal](bytes));
    expect(warnings).toEqual([]);
  });

  test('random requests of every signal stay the same', () => {
    const random = createRandom(5);
    for (let i = 0; i < 300; i++) {
      const signal = random.pick(['traces', 'logs', 'metrics'] as const);
      const bytes = makeRandomMessage(REQUEST_SCHEMA[signal], random);
      expect(decode[signal](back(signal, bytes).bytes)).toEqual(decode[signal](bytes));
    }
  });

  test('the text is that of the OTLP/JSON mapping', () => {
    const request = {
      resourceSpans: [
        {
          resource: {
            attributes: [
              { key: 'n', value: { intValue: '1' } },
              { key: 'd', value: { doubleValue: 'Infinity' } },
            ],
          },
          scopeSpans: [
            {
              scope: { name: 's' },
              spans: [
                {
                  ...SPAN,
                  status: { code: 2 },
                  attributes: [
                    { key: 'b', value: { bytesValue: 'AQI=' } },
                    { key: 'e', value: { stringValue: '' } },
                    { key: 'z', value: { doubleValue: 0 } },
                  ],
                  flags: 1,
                },
              ],
            },
          ],
        },
      ],
    };
    expect(JSON.parse(encodeJsonRequest('traces', convert('traces', JSON.stringify(request)).bytes))).toEqual(
      request,
    );
  });

  test('defaults are left out, except where presence says something', () => {
    const point = { timeUnixNano: NOW_NANO, asInt: '0', flags: 0 };
    const histogram = { timeUnixNano: NOW_NANO, sum: 0, count: '0' };
    const metrics = [
      { name: 'g', unit: '', gauge: { dataPoints: [point] } },
      { name: 'h', histogram: { dataPoints: [histogram], aggregationTemporality: 0 } },
    ];
    const { bytes } = convert(
      'metrics',
      JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }),
    );
    expect(
      JSON.parse(encodeJsonRequest('metrics', bytes)).resourceMetrics[0].scopeMetrics[0].metrics,
    ).toEqual([
      { name: 'g', gauge: { dataPoints: [{ timeUnixNano: NOW_NANO, asInt: '0' }] } },
      { name: 'h', histogram: { dataPoints: [{ timeUnixNano: NOW_NANO, sum: 0 }] } },
    ]);
  });

  test('malformed bytes are refused with their place', () => {
    expect(() => encodeJsonRequest('traces', Uint8Array.of(0x0a, 0x05))).toThrow(OtlpFormatError);
  });
});

test('zeros that are spelled out make the same bytes as such that are left out', () => {
  const short = spanJson(`"traceId":"${TRACE_ID}","spanId":"${SPAN_ID}","name":"a","status":{}`);
  const long = spanJson(
    `"traceId":"${TRACE_ID}","spanId":"${SPAN_ID}","traceState":"","parentSpanId":"","flags":0,"name":"a","kind":0,"startTimeUnixNano":"0","attributes":[],"droppedAttributesCount":0,"events":[],"links":[],"status":{"message":"","code":"STATUS_CODE_UNSET"}`,
  );
  expect(convert('traces', long).bytes).toEqual(convert('traces', short).bytes);
});

test('zeros that say something are kept', () => {
  const { bytes } = convert(
    'metrics',
    '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"h","histogram":{"dataPoints":[{"sum":0,"min":0,"bucketCounts":["0",0],"explicitBounds":[0]}]}},{"name":"g","gauge":{"dataPoints":[{"asInt":"0"},{"asDouble":-0.0}]}}]}]}]}',
  );
  const [histogram, gauge] = decodeMetrics(bytes)[0]!.scopes[0]!.metrics.map(({ data }) => data);
  expect(histogram).toMatchObject({
    points: [{ sum: 0, min: 0, bucketCounts: [0n, 0n], explicitBounds: [0] }],
  });
  expect(gauge).toMatchObject({
    points: [{ value: { type: 'int', value: 0n } }, { value: { type: 'double', value: -0 } }],
  });
});
