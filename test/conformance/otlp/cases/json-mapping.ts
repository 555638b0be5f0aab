/** OTLP/JSON: the forms that its values may take (OTLP spec § JSON Protobuf Encoding; protobuf § ProtoJSON). */
import type { Signal } from '@sluice/core/names';
import { type ConformanceCase, post, postJson, type Theme } from '../conformance-case.ts';
import { expectExport, expectRefusal } from '../expect-answer.ts';
import {
  hexSpanId,
  hexTraceId,
  type Json,
  type JsonObject,
  jsonLogRecord,
  jsonMetric,
  jsonPoint,
  jsonRequest,
  jsonSpan,
  nanoText,
  soundJsonRequest,
} from '../json-payloads.ts';
import type { Target } from '../target.ts';

interface Row {
  readonly name: string;
  readonly signal?: Signal;
  readonly basis?: ConformanceCase['basis'];
  readonly json: () => Json | string;
}

const attribute = (value: JsonObject): JsonObject =>
  jsonRequest('traces', jsonSpan({ attributes: [{ key: 'k', value }] }));
const trace = (more: JsonObject): JsonObject => jsonRequest('traces', jsonSpan(more));

const TAKEN: readonly Row[] = [
  {
    name: 'ids in upper-case hex',
    json: () => trace({ traceId: hexTraceId().toUpperCase(), spanId: hexSpanId().toUpperCase() }),
  },
  {
    name: 'times as numbers',
    json: () => trace({ startTimeUnixNano: Date.now() * 1e6, endTimeUnixNano: Date.now() * 1e6 }),
  },
  { name: 'an int value as a string', json: () => attribute({ intValue: '-42' }) },
  { name: 'an int value as a number', json: () => attribute({ intValue: 42 }) },
  { name: 'the largest int value', json: () => attribute({ intValue: '9223372036854775807' }) },
  { name: 'the smallest int value', json: () => attribute({ intValue: '-9223372036854775808' }) },
  {
    name: 'an int value beyond 2^53 as a number',
    json: () =>
      JSON.stringify(attribute({ intValue: 1 })).replace('"intValue":1', '"intValue":9007199254740993'),
  },
  {
    name: 'an int value written with an exponent',
    json: () => JSON.stringify(attribute({ intValue: 1 })).replace('"intValue":1', '"intValue":1e3'),
  },
  { name: 'a double value that is a whole number', json: () => attribute({ doubleValue: 3 }) },
  { name: 'a double value as a string', json: () => attribute({ doubleValue: '2.5' }) },
  { name: 'a double value NaN', json: () => attribute({ doubleValue: 'NaN' }) },
  { name: 'a double value Infinity', json: () => attribute({ doubleValue: 'Infinity' }) },
  { name: 'a double value -Infinity', json: () => attribute({ doubleValue: '-Infinity' }) },
  {
    name: 'a gauge point NaN',
    signal: 'metrics',
    json: () =>
      jsonRequest('metrics', jsonMetric({ gauge: { dataPoints: [jsonPoint({ asDouble: 'NaN' })] } })),
  },
  { name: 'bytes in base64', json: () => attribute({ bytesValue: 'AAH/' }) },
  { name: 'bytes in base64 without padding', json: () => attribute({ bytesValue: 'AAH_Ag' }) },
  { name: 'empty bytes', json: () => attribute({ bytesValue: '' }) },
  { name: 'an empty value', json: () => attribute({}) },
  { name: 'an attribute without a value', json: () => trace({ attributes: [{ key: 'k' }] }) },
  { name: 'an empty array value', json: () => attribute({ arrayValue: {} }) },
  { name: 'an empty key-value list', json: () => attribute({ kvlistValue: { values: [] } }) },
  {
    name: 'null for fields that are not set',
    json: () => trace({ attributes: null, status: null, parentSpanId: null, links: null }),
  },
  {
    name: 'null for a resource',
    json: () => ({ resourceSpans: [{ resource: null, scopeSpans: [{ scope: null, spans: [jsonSpan()] }] }] }),
  },
  { name: 'null for the list of resources', json: () => ({ resourceSpans: null }) },
  {
    name: 'fields that OTLP does not have, inside a span',
    json: () => trace({ notInOtlp: { any: ['thing', 1, null] } }),
  },
  { name: 'an enum value that a newer OTLP may have', json: () => trace({ kind: 77 }) },
  {
    name: 'text with escapes',
    json: () =>
      String.raw`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${hexTraceId()}","spanId":"${hexSpanId()}","name":"a\"b\\c\/d\u00e9\ud83d\ude00\n","startTimeUnixNano":"${nanoText()}","endTimeUnixNano":"${nanoText()}"}]}]}]}`,
  },
  {
    name: 'fields named with escapes',
    json: () => JSON.stringify(soundJsonRequest('traces')).replace('"spans"', String.raw`"sp\u0061ns"`),
  },
  {
    name: 'whitespace between everything',
    json: () => JSON.stringify(soundJsonRequest('traces'), null, '\t').replaceAll('\n', ' \r\n '),
  },
  {
    name: 'a field that comes twice',
    json: () => JSON.stringify(trace({})).replace('"name":', '"name":"first","name":'),
  },
  { name: 'values nested 20 deep', json: () => attribute(nested(20)) },
  { name: 'a span without a kind', json: () => jsonRequest('traces', without(jsonSpan(), 'kind')) },
  {
    name: 'a log record with only a body',
    signal: 'logs',
    json: () => jsonRequest('logs', { timeUnixNano: nanoText(), body: { stringValue: 'x' } }),
  },
  {
    name: 'a log body of key-values',
    signal: 'logs',
    json: () =>
      jsonRequest(
        'logs',
        jsonLogRecord({ body: { kvlistValue: { values: [{ key: 'k', value: { intValue: 1 } }] } } }),
      ),
  },
  {
    name: 'a sum of ints in strings',
    signal: 'metrics',
    json: () =>
      jsonRequest(
        'metrics',
        jsonMetric({
          sum: { dataPoints: [jsonPoint({ asInt: '-5' })], aggregationTemporality: 2, isMonotonic: false },
        }),
      ),
  },
  {
    name: 'a histogram whose counts are numbers',
    signal: 'metrics',
    json: () =>
      jsonRequest(
        'metrics',
        jsonMetric({
          histogram: {
            dataPoints: [jsonPoint({ count: 3, sum: 1.5, bucketCounts: [1, 2], explicitBounds: [1] })],
            aggregationTemporality: 1,
          },
        }),
      ),
  },
];

const WARNED: readonly Row[] = [
  {
    name: 'field names in snake_case',
    json: () => ({
      resource_spans: [
        {
          scope_spans: [
            {
              spans: [
                {
                  trace_id: hexTraceId(),
                  span_id: hexSpanId(),
                  name: 'n',
                  start_time_unix_nano: nanoText(),
                  end_time_unix_nano: nanoText(),
                },
              ],
            },
          ],
        },
      ],
    }),
  },
  { name: 'an enum by its name', json: () => trace({ kind: 'SPAN_KIND_SERVER' }) },
  { name: 'a status code by its name', json: () => trace({ status: { code: 'STATUS_CODE_ERROR' } }) },
  {
    name: 'a severity by its name',
    signal: 'logs',
    json: () => jsonRequest('logs', jsonLogRecord({ severityNumber: 'SEVERITY_NUMBER_WARN' })),
  },
  {
    name: 'a temporality by its name',
    signal: 'metrics',
    json: () =>
      jsonRequest(
        'metrics',
        jsonMetric({
          sum: {
            dataPoints: [jsonPoint()],
            aggregationTemporality: 'AGGREGATION_TEMPORALITY_DELTA',
            isMonotonic: true,
          },
        }),
      ),
  },
  {
    name: 'a field that OTLP does not have at the top',
    json: () => ({ ...soundJsonRequest('traces'), apiVersion: 3 }),
  },
];

const MALFORMED: readonly Row[] = [
  { name: 'an empty body', json: () => '' },
  { name: 'text that is not JSON', json: () => 'not json' },
  { name: 'JSON cut short', json: () => JSON.stringify(soundJsonRequest('traces')).slice(0, -2) },
  { name: 'JSON with something behind it', json: () => `${JSON.stringify(soundJsonRequest('traces'))} x` },
  { name: 'two documents in one body', json: () => '{}{}' },
  { name: 'a trailing comma', json: () => '{"resourceSpans":[],}' },
  { name: 'single quotes', json: () => "{'resourceSpans':[]}" },
  { name: 'a comment', json: () => '{"resourceSpans":[] /* none */}' },
  {
    name: 'NaN without quotes',
    json: () => JSON.stringify(attribute({ doubleValue: 1 })).replace('"doubleValue":1', '"doubleValue":NaN'),
  },
  { name: 'an array in place of the request', json: () => [soundJsonRequest('traces')] },
  { name: 'a string in place of the request', json: () => JSON.stringify('resourceSpans') },
  { name: 'a number in place of the request', json: () => '7' },
  { name: 'an object in place of a list', json: () => ({ resourceSpans: { resource: {} } }) },
  { name: 'a string in place of a list', json: () => ({ resourceSpans: 'none' }) },
  { name: 'a number in place of a span', json: () => jsonRequest('traces', 7) },
  { name: 'a number in place of a name', json: () => trace({ name: 7 }) },
  { name: 'an object in place of a name', json: () => trace({ name: {} }) },
  { name: 'a string in place of a flag', json: () => attribute({ boolValue: 'yes' }) },
  { name: 'an int value that is a fraction', json: () => attribute({ intValue: 1.5 }) },
  { name: 'an int value beyond 64 bits', json: () => attribute({ intValue: '9223372036854775808' }) },
  { name: 'an int value in words', json: () => attribute({ intValue: 'seven' }) },
  { name: 'a time that is negative', json: () => trace({ startTimeUnixNano: '-1' }) },
  { name: 'a time in ISO 8601', json: () => trace({ startTimeUnixNano: '2026-01-01T00:00:00Z' }) },
  { name: 'a double value in words', json: () => attribute({ doubleValue: 'much' }) },
  { name: 'bytes that are not base64', json: () => attribute({ bytesValue: '***' }) },
  { name: 'attributes as an object', json: () => trace({ attributes: { k: 'v' } }) },
  {
    name: 'a control character in a string',
    json: () => JSON.stringify(trace({ name: 'XX' })).replace('XX', 'a\u0001b'),
  },
  { name: 'an enum by a name that does not exist', json: () => trace({ kind: 'SPAN_KIND_SIDEWAYS' }) },
];

const bodyOf = ({ json }: Row): string => {
  const value = json();
  return typeof value === 'string' ? value : JSON.stringify(value);
};

export const jsonMapping: Theme = {
  name: 'OTLP/JSON',
  cases: [
    ...TAKEN.map((row) => ({
      name: `${row.name}: taken`,
      basis: row.basis ?? ('spec' as const),
      run: async (target: Target) => {
        const { signal = 'traces' } = row;
        const answer = await post(target, bodyOf(row), { signal, encoding: 'json' });
        expectExport(answer, { signal, encoding: 'json' });
      },
    })),
    ...WARNED.map((row) => ({
      name: `${row.name}: taken with a warning`,
      basis: 'promise' as const,
      run: async (target: Target) => {
        const { signal = 'traces' } = row;
        const answer = await post(target, bodyOf(row), { signal, encoding: 'json' });
        expectExport(answer, { signal, encoding: 'json', says: /\S/ });
      },
    })),
    ...MALFORMED.map((row) => ({
      name: `${row.name}: 400`,
      basis: row.basis ?? ('spec' as const),
      run: async (target: Target) => {
        const { signal = 'traces' } = row;
        const answer = await post(target, bodyOf(row), { signal, encoding: 'json' });
        expectRefusal(answer, { status: 400, encoding: 'json' });
      },
    })),
    {
      name: 'a byte order mark before the document is passed over',
      basis: 'promise',
      async run(target) {
        const body = Buffer.concat([
          Buffer.from([0xef, 0xbb, 0xbf]),
          Buffer.from(JSON.stringify(soundJsonRequest('traces'))),
        ]);
        expectExport(await post(target, body, { encoding: 'json' }), { encoding: 'json' });
      },
    },
    {
      name: 'a document that is not UTF-8: 400',
      basis: 'spec',
      async run(target) {
        const body = Buffer.from(JSON.stringify(trace({ name: 'XX' })).replace('XX', '\xff\xfe'), 'latin1');
        expectRefusal(await post(target, body, { encoding: 'json' }), { status: 400, encoding: 'json' });
      },
    },
    {
      name: 'a document in UTF-16: 400',
      basis: 'spec',
      async run(target) {
        const body = Buffer.from(JSON.stringify(soundJsonRequest('traces')), 'utf16le');
        expectRefusal(await post(target, body, { encoding: 'json' }), { status: 400, encoding: 'json' });
      },
    },
    {
      name: 'arrays nested 100,000 deep: 400',
      basis: 'promise',
      async run(target) {
        const body = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
        const answer = await post(target, `{"resourceSpans":${body}}`, { encoding: 'json' });
        expectRefusal(answer, { status: 400, encoding: 'json' });
      },
    },
    {
      name: 'values nested 5,000 deep: 400',
      basis: 'promise',
      async run(target) {
        const deep = `${'{"arrayValue":{"values":['.repeat(5000)}{}${']}}'.repeat(5000)}`;
        const body = JSON.stringify(attribute({})).replace('"value":{}', `"value":${deep}`);
        expectRefusal(await post(target, body, { encoding: 'json' }), { status: 400, encoding: 'json' });
      },
    },
    {
      name: 'the message of a 400 names the JSON path of the fault',
      basis: 'promise',
      async run(target) {
        const answer = await postJson(target, trace({ name: 7 }));
        const says = /resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[0\]\.name/;
        expectRefusal(answer, { status: 400, encoding: 'json', says });
      },
    },
    {
      name: '__proto__ as a field is only a field that OTLP does not have',
      basis: 'spec',
      async run(target) {
        const body = JSON.stringify(soundJsonRequest('traces')).replace(
          '{"traceId"',
          '{"__proto__":{"name":1},"traceId"',
        );
        expectExport(await post(target, body, { encoding: 'json' }), { encoding: 'json' });
      },
    },
  ],
};

function nested(depth: number): JsonObject {
  let value: JsonObject = { stringValue: 'core' };
  for (let i = 0; i < depth; i++) value = { arrayValue: { values: [value] } };
  return value;
}

function without(object: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
}
