/** What an answer must be like, in words that name what is wrong with it. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import type { Signal } from '@sluice/core/names';
import {
  type DecodedExport,
  decodeExportMessage,
  decodeStatusMessage,
  REJECTED_FIELD,
} from './response-schema.ts';
import type { Answer } from './target.ts';

export type Encoding = 'protobuf' | 'json';
export const ENCODINGS: readonly Encoding[] = ['protobuf', 'json'];

export const CONTENT_TYPE: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

export interface ExpectedExport {
  readonly signal?: Signal;
  readonly encoding?: Encoding;
  /** Default 0. */
  readonly rejected?: number;
  /** What the sentence of partial_success must say; `'none'`: it must be empty. Default: anything. */
  readonly says?: RegExp | 'none';
}

/** 200 with an export response in the encoding of the request. */
export function expectExport(answer: Answer, expected: ExpectedExport = {}): void {
  const { signal = 'traces', encoding = 'protobuf', rejected = 0, says } = expected;
  strictEqual(answer.status, 200, `status ${answer.status}: ${excerpt(answer)}`);
  expectType(answer, encoding);
  const decoded = encoding === 'protobuf' ? decodeExportMessage(answer.body) : parseExport(answer, signal);
  strictEqual(decoded.rejected, rejected, `rejected ${decoded.rejected} items: ${decoded.message}`);
  if (rejected > 0) ok(decoded.message !== '', 'items were rejected without a reason in error_message');
  if (says === 'none') {
    strictEqual(decoded.message, '', 'a full success has an error_message');
    ok(!decoded.hasPartialSuccess, 'a full success has partial_success set (OTLP spec: it must be unset)');
  } else if (says !== undefined) {
    ok(says.test(decoded.message), `error_message ${JSON.stringify(decoded.message)} does not match ${says}`);
  }
}

export interface ExpectedRefusal {
  readonly status: number | readonly number[];
  /** Default protobuf. */
  readonly encoding?: Encoding;
  /** What the message must say. */
  readonly says?: RegExp;
}

/** 4xx or 5xx with a google.rpc.Status in the encoding of the request. */
export function expectRefusal(
  answer: Answer,
  { status, encoding = 'protobuf', says }: ExpectedRefusal,
): void {
  const allowed = typeof status === 'number' ? [status] : status;
  ok(
    allowed.includes(answer.status),
    `status ${answer.status}, not ${allowed.join(' or ')}: ${excerpt(answer)}`,
  );
  expectType(answer, encoding);
  const { message } = encoding === 'protobuf' ? decodeStatusMessage(answer.body) : parseStatus(answer);
  ok(message !== '', 'the Status has no message');
  if (says !== undefined) ok(says.test(message), `message ${JSON.stringify(message)} does not match ${says}`);
  if (answer.status === 429 || answer.status === 503) expectRetryAfter(answer);
}

/** Either taken or put off, as an endpoint under load may; everything else is a fault. */
export function expectTakenOrPutOff(answer: Answer): void {
  if (answer.status === 200) expectExport(answer);
  else expectRefusal(answer, { status: [429, 503] });
}

function expectRetryAfter({ headers }: Answer): void {
  const value = headers['retry-after'];
  ok(value !== undefined, 'a refusal that asks for a retry has no Retry-After');
  ok(
    /^\d+$/.test(value) && Number(value) >= 1,
    `Retry-After ${JSON.stringify(value)} is not a number of seconds`,
  );
}

function expectType({ headers }: Answer, encoding: Encoding): void {
  const type = headers['content-type']?.split(';')[0]?.trim();
  strictEqual(type, CONTENT_TYPE[encoding], `content-type ${JSON.stringify(type)}`);
}

function parseExport(answer: Answer, signal: Signal): DecodedExport {
  const { partialSuccess, ...rest } = parseObject(answer);
  deepStrictEqual(rest, {}, 'the answer has fields that an export response has not');
  if (partialSuccess === undefined) return { hasPartialSuccess: false, rejected: 0, message: '' };
  const {
    [REJECTED_FIELD[signal]]: rejected = 0,
    errorMessage = '',
    ...more
  } = partialSuccess as Record<string, unknown>;
  deepStrictEqual(more, {}, 'partialSuccess has fields that it has not in OTLP/JSON');
  ok(/^\d+$/.test(String(rejected)), `${REJECTED_FIELD[signal]} is ${JSON.stringify(rejected)}`);
  return { hasPartialSuccess: true, rejected: Number(rejected), message: String(errorMessage) };
}

function parseStatus(answer: Answer): { readonly message: string } {
  const { code, message = '', details, ...rest } = parseObject(answer);
  deepStrictEqual(rest, {}, 'the answer has fields that google.rpc.Status has not');
  ok(code === undefined || Number.isInteger(code), `code is ${JSON.stringify(code)}, not a number`);
  ok(details === undefined || Array.isArray(details), 'details is not an array');
  strictEqual(typeof message, 'string', 'message is not a string');
  return { message: String(message) };
}

function parseObject({ body }: Answer): Record<string, unknown> {
  const value: unknown = JSON.parse(body.toString());
  ok(typeof value === 'object' && value !== null && !Array.isArray(value), 'the answer is not a JSON object');
  return value as Record<string, unknown>;
}

function excerpt({ body }: Answer): string {
  return body
    .subarray(0, 200)
    .toString()
    .replaceAll(/[^\x20-\x7e]/g, '.');
}
