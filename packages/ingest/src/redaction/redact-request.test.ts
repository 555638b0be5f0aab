import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createRandom } from '@sluice/core/testing/random';
import { decodeLogs } from '@sluice/otlp/decode-logs';
import { decodeMetrics } from '@sluice/otlp/decode-metrics';
import { decodeTraces } from '@sluice/otlp/decode-traces';
import { encodeJsonRequest } from '@sluice/otlp/encode-json';
import { OtlpFormatError } from '@sluice/otlp/format-error';
import { convertJsonRequest } from '@sluice/otlp/json-request';
import { makeLogRequest, makeMetricRequest, makeTraceRequest } from '@sluice/otlp/testing/requests';
import { createRedactor } from '@sluice/redaction/redactor';
import { DEFAULT_REDACTION, parseRedactionSettings } from '@sluice/redaction/settings';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRequestRedactor } from './redact-request.ts';
import { bytesField, editFields } from './wire-edit.ts';

type Signal = 'traces' | 'logs' | 'metrics';
const NOW_MS = Date.UTC(2026, 0, 1, 12);
const TRACE_ID = '41111111111111114111111111111111';
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.dGhpcy1pcy1hLXNpZw';

function build(section?: unknown, secret?: string) {
  const selfMetrics = createSelfMetrics();
  const options = { selfMetrics, ...(secret === undefined ? {} : { secret }) };
  const redact = createRequestRedactor(parseRedactionSettings(section), options)!;
  return { selfMetrics, redact };
}

const encode = (signal: Signal, request: object): Uint8Array =>
  convertJsonRequest(signal, Buffer.from(JSON.stringify(request))).bytes;
const decode = (signal: Signal, bytes: Uint8Array): unknown => JSON.parse(encodeJsonRequest(signal, bytes));
const text = (key: string, value: string) => ({ key, value: { stringValue: value } });

function logs(record: object, resource: readonly object[] = []): object {
  return {
    resourceLogs: [{ resource: { attributes: resource }, scopeLogs: [{ scope: {}, logRecords: [record] }] }],
  };
}

test('log bodies, attributes and resources lose their secrets, everything else stays', () => {
  const { redact } = build();
  const request = (clean: boolean): object => {
    const hide = (value: string, put = '[redacted]'): string => (clean ? put : value);
    return logs(
      {
        timeUnixNano: '1767225600000000001',
        severityNumber: 9,
        traceId: TRACE_ID,
        spanId: '4111111111111111',
        body: {
          kvlistValue: {
            values: [
              text('message', `card ${hide('4111111111111111', '[redacted:card]')} taken`),
              { key: 'credentials', value: { arrayValue: { values: [{ stringValue: hide('x') }] } } },
              { key: 'password', value: clean ? { stringValue: '[redacted]' } : { intValue: '1234' } },
              { key: 'n', value: { doubleValue: 1.5 } },
            ],
          },
        },
        attributes: [
          text('db.password', hide('hunter2')),
          text('order_id', '4111111111111111'),
          { key: 'raw.token', value: clean ? { stringValue: '[redacted]' } : { bytesValue: 'AAEC' } },
          { key: 'is_secret', value: { boolValue: true } },
          {
            key: 'user',
            value: { kvlistValue: { values: [text('apiKey', hide('k')), text('name', 'ann')] } },
          },
        ],
      },
      [text('service.name', 'shop'), text('dsn', `pg://${hide('u:p')}@db/`)],
    );
  };
  const result = redact('logs', encode('logs', request(false)));
  expect(decode('logs', result)).toEqual(decode('logs', encode('logs', request(true))));
  expect(decodeLogs(result)).toHaveLength(1);
  expect(redact('logs', result)).toBe(result);
});

test('spans: names, status, events and links', () => {
  const { redact, selfMetrics } = build({ signals: ['traces'] });
  const request = (clean: boolean): object => {
    const hide = (value: string, put = '[redacted]'): string => (clean ? put : value);
    return {
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                {
                  traceId: TRACE_ID,
                  spanId: '4111111111111111',
                  name: `GET /a?token=${hide('abc')}`,
                  kind: 3,
                  startTimeUnixNano: '1767225600000000001',
                  endTimeUnixNano: '1767225600000000002',
                  attributes: [
                    text('url.full', `https://${hide('ann:pw')}@h/?sig=${hide('x')}&a=1`),
                    {
                      key: 'http.request.header.authorization',
                      value: { arrayValue: { values: [{ stringValue: hide('Bearer abc') }] } },
                    },
                  ],
                  events: [
                    {
                      name: 'exception',
                      attributes: [text('exception.message', `got ${hide(JWT, '[redacted:jwt]')}`)],
                    },
                  ],
                  links: [
                    {
                      traceId: TRACE_ID,
                      spanId: '4111111111111111',
                      attributes: [
                        text(
                          'x',
                          `k=AKIA${hide('IOSFODNN7EXAMPLE')}`.replace('AKIA[redacted]', '[redacted:token]'),
                        ),
                      ],
                    },
                  ],
                  status: { code: 2, message: `Bearer ${hide('abcdef123456')}` },
                },
              ],
            },
          ],
        },
      ],
    };
  };
  const result = redact('traces', encode('traces', request(false)));
  expect(decode('traces', result)).toEqual(decode('traces', encode('traces', request(true))));
  expect(decodeTraces(result)).toHaveLength(1);
  return expect(selfMetrics.render()).resolves.toContain(
    'sluice_ingest_redactions_total{rule="key-value"} 2',
  );
});

test('metrics are touched only where the settings say so', () => {
  const raw = encode('metrics', {
    resourceMetrics: [
      {
        scopeMetrics: [
          {
            metrics: [
              {
                name: 'x',
                gauge: {
                  dataPoints: [{ timeUnixNano: '1', asDouble: 1, attributes: [text('token', 'abc')] }],
                },
              },
            ],
          },
        ],
      },
    ],
  });
  expect(build().redact('metrics', raw)).toBe(raw);
  const result = build({ signals: ['metrics'] }).redact('metrics', raw);
  expect(JSON.stringify(decode('metrics', result))).toContain('[redacted]');
  expect(decodeMetrics(result)).toHaveLength(1);
});

test('ordinary requests pass as they came', () => {
  const { redact } = build({ signals: ['traces', 'logs', 'metrics'] });
  for (const [signal, bytes] of [
    ['traces', makeTraceRequest({ spans: 200, nowMs: NOW_MS })],
    ['logs', makeLogRequest({ records: 200, nowMs: NOW_MS })],
    ['metrics', makeMetricRequest({ points: 200, nowMs: NOW_MS })],
  ] as const) {
    expect(redact(signal, bytes)).toBe(bytes);
  }
});

test('names may be dropped or become pseudonyms, ignored ones stay whole', () => {
  const { redact } = build({ allow: ['a', 'u*'], hash: ['user.email'], ignore: ['x.password'] }, 'secret');
  const record = {
    body: { stringValue: 'token=abc' },
    attributes: [
      text('a', 'token=1'),
      text('b', 'gone'),
      text('user.email', 'ann'),
      text('x.password', 'shown'),
    ],
  };
  const [group] = decodeLogs(redact('logs', encode('logs', logs(record))));
  const { body, attributes } = group!.scopes[0]!.records[0]!;
  expect(body).toEqual({ type: 'string', value: 'token=[redacted]' });
  expect(attributes.map(({ key, value }) => [key, 'value' in value ? value.value : undefined])).toEqual([
    ['a', 'token=[redacted]'],
    ['user.email', expect.stringMatching(/^hmac:/)],
    ['x.password', 'shown'],
  ]);
});

test('off is off', () => {
  const { selfMetrics } = build();
  for (const section of [{ enabled: false }, { signals: [] }]) {
    expect(createRequestRedactor(parseRedactionSettings(section), { selfMetrics })).toBeUndefined();
  }
});

describe('on any request', () => {
  const leaf = fc.oneof(
    fc.constantFrom('plain', 'password=abc', JWT, 'card 4111111111111111', 'a@b', '', '{"token":"x"}'),
    fc.string({ unit: 'binary', maxLength: 30 }),
  );
  const key = fc.constantFrom('a', 'token', 'order_id', 'n.password', 'long'.repeat(50));
  const { value } = fc.letrec<{ value: object }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf.map((stringValue) => ({ stringValue })),
      fc.integer().map((intValue) => ({ intValue })),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((doubleValue) => ({ doubleValue })),
      fc.boolean().map((boolValue) => ({ boolValue })),
      fc.array(tie('value'), { maxLength: 3 }).map((values) => ({ arrayValue: { values } })),
      fc
        .array(fc.tuple(key, tie('value')), { maxLength: 3 })
        .map((entries) => ({ kvlistValue: { values: entries.map(([k, v]) => ({ key: k, value: v })) } })),
    ),
  }));
  const attributes = fc
    .array(fc.tuple(key, value), { maxLength: 4 })
    .map((entries) => entries.map(([k, v]) => ({ key: k, value: v })));

  test('the wire holds what the redactor makes of the values', () => {
    const { redact } = build();
    const plain = createRedactor(DEFAULT_REDACTION);
    const clean = (node: unknown, name?: string): unknown => {
      const own = node as Record<string, unknown>;
      if (typeof own.stringValue === 'string') {
        return {
          stringValue: plain.string(own.stringValue, name === undefined ? 'scan' : plain.ruleOf(name)),
        };
      }
      return node;
    };
    fc.assert(
      fc.property(attributes, leaf, (pairs, body) => {
        const bytes = encode('logs', logs({ body: { stringValue: body }, attributes: pairs }));
        const result = redact('logs', bytes);
        // Sound OTLP, the same records, and a second time changes nothing.
        const [group] = decodeLogs(result);
        expect(group!.scopes[0]!.records[0]!.attributes.map((pair) => pair.key)).toEqual(
          pairs.map((pair) => pair.key),
        );
        expect(redact('logs', result)).toBe(result);
        const shown = decode('logs', result) as {
          resourceLogs: {
            scopeLogs: { logRecords: { body?: object; attributes: { value: object }[] }[] }[];
          }[];
        };
        const record = shown.resourceLogs[0]!.scopeLogs[0]!.logRecords[0]!;
        expect(record.body ?? { stringValue: '' }).toEqual(clean({ stringValue: body.toWellFormed() }));
        pairs.forEach((pair, i) => {
          const flat = pair.value as Record<string, unknown>;
          if (typeof flat.stringValue !== 'string') return;
          const before = { stringValue: flat.stringValue.toWellFormed() };
          expect(record.attributes[i]!.value).toEqual(clean(before, pair.key));
        });
        expect(JSON.stringify(shown).includes(JWT)).toBe(false);
      }),
      { numRuns: Number(process.env.SLUICE_FUZZ_RUNS ?? 300), seed: 1 },
    );
  });

  test('malformed bytes are refused or left, never looped over', () => {
    const { redact } = build({ allow: ['a'] });
    const random = createRandom(7);
    const base = encode('logs', logs({ body: { stringValue: 'token=abc' }, attributes: [text('a', 'b')] }));
    for (let i = 0; i < 500; i++) {
      const bytes = base.slice(0, 1 + random.below(base.length));
      bytes[random.below(bytes.length)] = random.below(256);
      try {
        redact('logs', bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(OtlpFormatError);
      }
    }
  });
});

test('groups in unknown fields are copied', () => {
  const bytes = Uint8Array.of(0x9b, 0x01, 0x08, 0x05, 0x13, 0x14, 0x9c, 0x01, 0x0a, 0x01, 0x61);
  const edited = editFields(bytes, { start: 0, end: bytes.length }, ({ number }) =>
    number === 1 ? bytesField(1, Uint8Array.of(0x62, 0x63)) : undefined,
  );
  expect([...edited!]).toEqual([...bytes.subarray(0, 8), 0x0a, 0x02, 0x62, 0x63]);
  expect(() => editFields(bytes.subarray(0, 5), { start: 0, end: 5 }, () => undefined)).toThrow(
    'does not end',
  );
});
