import { expect, test } from 'vitest';
import { parseMediaType } from './media-type.ts';

test.each([
  ['application/x-protobuf', 'protobuf'],
  ['application/protobuf', 'protobuf'],
  [' APPLICATION/X-PROTOBUF ', 'protobuf'],
  ['application/x-protobuf; messageType="a.b;c"', 'protobuf'],
  ['application/x-protobuf; charset=latin1', 'protobuf'],
  ['application/json', 'json'],
  ['Application/Json;charset=UTF-8', 'json'],
  ['application/json ; charset="utf8" ;', 'json'],
  ['application/json; charset=us-ascii', 'json'],
])('%s is %s', (header, encoding) => {
  expect(parseMediaType(header)).toBe(encoding);
});

test.each([
  null,
  undefined,
  '',
  'json',
  'text/plain',
  'application/json2',
  'application/json; charset=utf-16',
  'application/json, text/plain',
  'application/json; =x',
  'constructor/prototype',
])('%s is not taken', (header) => {
  expect(parseMediaType(header)).toBeUndefined();
});
