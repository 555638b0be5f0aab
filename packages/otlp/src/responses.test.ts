import { ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { describe, expect, test } from 'vitest';
import { OtlpFormatError } from './format-error.ts';
import { ProtoWriter } from './proto-writer.ts';
import {
  decodeExportResponse,
  decodeStatus,
  encodeExportResponse,
  encodeStatus,
  STATUS_CODE,
} from './responses.ts';

const ENCODINGS = ['protobuf', 'json'] as const;

function text(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}

describe.each(ENCODINGS)('an export response in %s', (encoding) => {
  test.each([
    { rejected: 0, message: '' },
    { rejected: 3, message: 'trace_id has 15 bytes' },
    { rejected: 0, message: 'a warning: größe' },
    { rejected: 2 ** 40, message: '' },
  ])('says what it was given: %j', (partial) => {
    for (const signal of ['traces', 'logs', 'metrics'] as const) {
      const bytes = encodeExportResponse(signal, encoding, partial);
      expect(decodeExportResponse(signal, encoding, bytes)).toEqual(partial);
    }
  });

  test('that is no response is refused', () => {
    expect(() => decodeExportResponse('traces', encoding, Uint8Array.of(0x0a, 0x7f))).toThrow(
      OtlpFormatError,
    );
  });
});

test('full success has no partial success at all', () => {
  expect(encodeExportResponse('traces', 'protobuf', { rejected: 0, message: '' })).toHaveLength(0);
  expect(text(encodeExportResponse('traces', 'json', { rejected: 0, message: '' }))).toEqual({});
});

test.each([
  ['traces', 'rejectedSpans'],
  ['logs', 'rejectedLogRecords'],
  ['metrics', 'rejectedDataPoints'],
] as const)('JSON names the rejected items of %s %s', (signal, name) => {
  expect(text(encodeExportResponse(signal, 'json', { rejected: 2, message: 'why' }))).toEqual({
    partialSuccess: { [name]: '2', errorMessage: 'why' },
  });
});

test('the SDK reads our protobuf answers', () => {
  const bytes = encodeExportResponse('traces', 'protobuf', { rejected: 2, message: 'why' });
  expect(ProtobufTraceSerializer.deserializeResponse(bytes)).toEqual({
    partialSuccess: { rejectedSpans: 2, errorMessage: 'why' },
  });
  const logs = encodeExportResponse('logs', 'protobuf', { rejected: 1, message: '' });
  expect(ProtobufLogsSerializer.deserializeResponse(logs)).toMatchObject({
    partialSuccess: { rejectedLogRecords: 1 },
  });
});

describe.each(ENCODINGS)('a status in %s', (encoding) => {
  test.each([
    { code: STATUS_CODE.invalidArgument, message: 'the body is not one JSON object' },
    { code: STATUS_CODE.unavailable, message: '', retryDelayMs: 1_500 },
    { code: STATUS_CODE.resourceExhausted, message: 'quota', retryDelayMs: 5_000 },
    { code: STATUS_CODE.ok, message: 'fine', retryDelayMs: 0 },
  ])('says what it was given: %j', (status) => {
    expect(decodeStatus(encoding, encodeStatus(encoding, status))).toEqual(status);
  });
});

test('a retry delay is a google.rpc.RetryInfo', () => {
  expect(text(encodeStatus('json', { code: 14, message: 'm', retryDelayMs: 1_500 }))).toEqual({
    code: 14,
    message: 'm',
    details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1.5s' }],
  });
});

test('details of another type, unknown fields and strange JSON are passed over', () => {
  const writer = new ProtoWriter();
  writer.uint(1, 3);
  const any = writer.begin(3);
  writer.string(1, 'type.googleapis.com/google.rpc.DebugInfo');
  writer.bytes(2, Uint8Array.of(1, 2, 3));
  writer.uint(9, 1);
  writer.end(any);
  writer.string(12, 'new');
  expect(decodeStatus('protobuf', writer.finish())).toEqual({ code: 3, message: '' });
  const strange = new TextEncoder().encode('{"code":"x","message":7,"details":{}}');
  expect(decodeStatus('json', strange)).toEqual({ code: 0, message: '' });
  expect(decodeExportResponse('logs', 'json', new TextEncoder().encode('{"partialSuccess":null}'))).toEqual({
    rejected: 0,
    message: '',
  });
  expect(() => decodeStatus('json', new TextEncoder().encode('7'))).toThrow('not a JSON object');
});

test('a lone surrogate in a message does not break the answer', () => {
  for (const encoding of ENCODINGS) {
    const bytes = encodeStatus(encoding, { code: 3, message: `bad ${'\ud800'}` });
    expect(decodeStatus(encoding, bytes).message).toBe('bad \ufffd');
  }
});
