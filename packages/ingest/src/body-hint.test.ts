import { gzipSync, zstdCompressSync } from 'node:zlib';
import { makeTraceRequest } from '@sluice/otlp/testing/requests';
import { expect, test } from 'vitest';
import { hintOf } from './body-hint.ts';

const protobuf = makeTraceRequest({ spans: 2 });
const json = Buffer.from(' {"resourceSpans":[]}\n');

test.each([
  ['gzip, as JSON', gzipSync(json), 'json', 'content-encoding: gzip'],
  ['gzip, as protobuf', gzipSync(protobuf), 'protobuf', 'content-encoding: gzip'],
  ['zstd', zstdCompressSync(protobuf), 'protobuf', 'content-encoding: zstd'],
  ['JSON as protobuf', json, 'protobuf', 'content-type: application/json'],
  ['protobuf as JSON', protobuf, 'json', 'content-type: application/x-protobuf'],
] as const)('%s: the header to send is named', (_, bytes, encoding, header) => {
  expect(hintOf({ signal: 'traces', bytes, encoding })).toContain(`"${header}"`);
});

test.each([
  ['JSON that is broken', '{"resourceSpans":', 'json'],
  ['text', 'hello', 'protobuf'],
  ['nothing', '', 'json'],
] as const)('%s: nothing is guessed', (_, text, encoding) => {
  expect(hintOf({ signal: 'traces', bytes: Buffer.from(text), encoding })).toBe('');
});
