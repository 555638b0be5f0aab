import { decodeLogs } from '@sluice/otlp/decode-logs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeLogs, type Plain, type PlainLogs, type PlainRecord } from '../testing/log-requests.ts';
import { referenceRecord } from '../testing/reference-log-record.ts';
import { createByteBuffer, writtenBytes } from './byte-buffer.ts';
import { createLogShaper } from './shape-logs.ts';
import { shapeToText } from './shape-to-text.ts';

const TIME_NS = 1_767_225_600_123_456_789n;

/** The JSON part of a line: what follows is `name=value` text. */
function recordOf(line: string): Record<string, unknown> {
  for (let end = line.lastIndexOf('}'); end > 0; end = line.lastIndexOf('}', end - 1)) {
    try {
      return JSON.parse(line.slice(0, end + 1)) as Record<string, unknown>;
    } catch {
      // A brace of the tail.
    }
  }
  throw new Error(`no record in ${line}`);
}

function shape(
  record: PlainRecord,
  group: Omit<PlainLogs, 'records'> = {},
): { line: string; record: Record<string, unknown> } {
  const [shaped] = shapeToText(encodeLogs([{ ...group, records: [record] }]), 0);
  return { line: shaped!.line, record: recordOf(shaped!.line) };
}

test('a record as it is described', () => {
  const { line } = shape(
    {
      timeNs: TIME_NS,
      severityNumber: 17,
      severityText: 'ERROR',
      body: 'payment failed',
      traceId: '0102030405060708090a0b0c0d0e0f10',
      spanId: '0102030405060708',
      attributes: {
        'request.path': '/pay',
        'request.duration': 1.5,
        'exception.type': 'CardError',
        'exception.message': 'declined',
        'exception.stacktrace': 'CardError: declined\n  at pay()',
        device_id: 'DEV-001',
        batch_id: 'BATCH 1',
      },
    },
    {
      resource: { 'service.name': 'api-gateway', 'service.version': '1.2', 'host.name': 'a' },
      scope: { name: 'app.payments', version: '3' },
    },
  );
  expect(line).toBe(
    '{"@timestamp":"2026-01-01T00:00:00.123Z","@level":"ERROR","timestamp":"2026-01-01T00:00:00.123Z","level":"ERROR",' +
      '"message":"payment failed","service":"api-gateway","version":"1.2",' +
      '"trace_id":"0102030405060708090a0b0c0d0e0f10","span_id":"0102030405060708","tracking_id":"0102030405060708090a0b0c0d0e0f10",' +
      '"request":{"path":"/pay","duration":1.5},' +
      '"error":{"type":"CardError","message":"declined","stack":"CardError: declined\\n  at pay()"},' +
      '"device_id":"DEV-001","batch_id":"BATCH 1",' +
      '"scope":{"name":"app.payments","version":"3"},"resource":{"host":{"name":"a"}}}' +
      ' tracking_id="0102030405060708090a0b0c0d0e0f10" error_type="CardError" device_id=DEV-001 batch_id="BATCH 1"',
  );
});

const LEVELS: readonly [string, PlainRecord, string][] = [
  ['a number', { severityNumber: 14 }, 'WARN'],
  ['a text alone', { severityText: 'Warning' }, 'WARN'],
  ['AUDIT over a number', { severityNumber: 9, severityText: 'AUDIT' }, 'AUDIT'],
  ['SECURITY as text', { severityText: 'security' }, 'SECURITY'],
  ['the attribute level', { attributes: { level: 'error' } }, 'ERROR'],
  ['an exception', { attributes: { 'exception.type': 'E' } }, 'ERROR'],
  ['the first word of the message', { body: 'FATAL out of memory' }, 'FATAL'],
  ['a word in brackets', { body: '[warn] disk is filling' }, 'WARN'],
  ['the third word of the message', { body: '2026-01-01 12:00:00 ERROR no answer' }, 'ERROR'],
  ['logfmt', { body: 'ts=1 level=debug msg=x' }, 'DEBUG'],
  ['a Python stack trace', { body: 'Traceback (most recent call last):\n  File "a.py"' }, 'ERROR'],
  ['a JSON body', { body: '{"level":"critical","msg":"x"}' }, 'FATAL'],
  ['a number in a JSON body', { body: '{"level":50,"msg":"INFO x"}' }, 'ERROR'],
  ['the record over a number in its body', { severityNumber: 5, body: '{"level":50}' }, 'DEBUG'],
  ['a JSON body with a number that is no level', { body: '{"level":7,"msg":"WARN x"}' }, 'WARN'],
  [
    'a JSON body with AUDIT over a number',
    { severityNumber: 9, body: '{"level":"AUDIT","message":"x"}' },
    'AUDIT',
  ],
  ['nothing that looks like a level', { body: 'the error counter was reset to zero by hand' }, 'INFO'],
  ['nothing at all', {}, 'INFO'],
];
test.each(LEVELS)('the level comes from %s', (_name, record, level) => {
  const shaped = shape(record).record;
  expect([shaped['@level'], shaped.level]).toEqual([level, level]);
});

test('what a level does not say of the severity is kept beside it', () => {
  expect(shape({ severityNumber: 10, severityText: 'notice' }).record).toMatchObject({
    level: 'INFO',
    severity_text: 'notice',
    severity_number: 10,
  });
});

const TRACKING: readonly [string, PlainRecord, string | undefined][] = [
  [
    'the attribute tracking_id',
    { attributes: { 'x-tracking-id': 'b', tracking_id: 'a' }, traceId: 'ff'.repeat(16) },
    'a',
  ],
  ['a number', { attributes: { tracking_id: 42n } }, '42'],
  [
    'a captured header',
    { attributes: { 'http.request.header.x-tracking-id': ['from header'] } },
    'from header',
  ],
  ['baggage', { attributes: { baggage: 'user=1, tracking_id=a%20b;prop' } }, 'a b'],
  ['the trace', { traceId: 'ab'.repeat(16) }, 'ab'.repeat(16)],
  ['nowhere', { body: 'x', traceId: '00'.repeat(16) }, undefined],
];
test.each(TRACKING)('the tracking id comes from %s', (_name, record, id) => {
  const { line, record: shaped } = shape(record);
  expect(shaped.tracking_id).toBe(id);
  expect(line.endsWith(id === undefined ? '}' : ` tracking_id="${id}"`)).toBe(true);
});

const DURATIONS: readonly [string, Plain, unknown][] = [
  ['request.duration', 1.25, { request: { duration: 1.25 } }],
  ['request.duration', '250ms', { request: { duration: 0.25 } }],
  ['request.duration', '1m30.5s', { request: { duration: 90.5 } }],
  ['request.duration', '0.75', { request: { duration: 0.75 } }],
  ['request.duration', 3n, { request: { duration: 3 } }],
  ['request.duration', 'long', { request: { duration: 'long' } }],
  ['request.duration_ms', 1500n, { request: { duration_ms: 1500, duration: 1.5 } }],
  ['duration_us', 250, { duration_us: 250, duration: 0.00025 }],
  ['duration_ns', 'x', { duration_ns: 'x', duration: null }],
];
test.each(DURATIONS)('%s = %s is a number of seconds', (key, value, expected) => {
  expect(shape({ attributes: { [key]: value } }).record).toMatchObject(expected as object);
});

const NESTED_DURATIONS: readonly [string, Plain, unknown][] = [
  ['a text', { duration: '250ms' }, { duration: 0.25 }],
  ['a number', { duration: 1.5, path: '/' }, { duration: 1.5, path: '/' }],
  ['another unit', { duration_ms: 1500n }, { duration_ms: 1500, duration: 1.5 }],
  ['both', { duration_ms: 1500n, duration: '2s' }, { duration_ms: 1500, duration: 2 }],
  ['what is none', { duration: 'long', durations: '1s' }, { duration: 'long', durations: '1s' }],
  ['deeper ones', { db: { duration: '1m' } }, { db: { duration: 60 } }],
];
describe('durations of nested objects are seconds', () => {
  test.each(NESTED_DURATIONS)('of an attribute: %s', (_name, request, expected) => {
    expect(shape({ attributes: { request } }).record.request).toEqual(expected);
  });
  test('of a JSON body', () => {
    const { record } = shape({ body: '{"msg":"slow","request":{"duration":"2.5s","path":"/pay"}}' });
    expect(record).toMatchObject({ message: 'slow', request: { duration: 2.5, path: '/pay' } });
  });
});

describe('names', () => {
  test('a name that is also a prefix moves to "value"', () => {
    expect(shape({ attributes: { user: 'bob', 'user.id': 1n, 'user.value': 'v' } }).record.user).toEqual({
      value: 'v',
      id: 1,
      value_: 'bob',
    });
  });
  test('a name that Sluice writes itself goes under "attributes"', () => {
    expect(
      shape({ body: 'x', attributes: { message: 'm', 'service.name': 's', '@timestamp': 't' } }).record,
    ).toMatchObject({
      message: 'x',
      attributes: { message: 'm', service: { name: 's' }, '@timestamp': 't' },
    });
  });
  test('names with empty segments stay whole', () => {
    expect(shape({ attributes: { 'a..b': 1n, '.c': 2n, '': 3n } }).record).toMatchObject({
      'a..b': 1,
      '.c': 2,
      '': 3,
    });
  });
  test('of a name given twice the last counts', () => {
    const raw = Buffer.concat([encodeLogs([{ records: [{ attributes: { a: 1n } }] }])]);
    expect(recordOf(shapeToText(raw, 0)[0]!.line).a).toBe(1);
  });
  test('an explicit error.type wins over exception.type', () => {
    expect(shape({ attributes: { 'exception.type': 'A', 'error.type': 'B' } }).record).toMatchObject({
      error: { type: 'B' },
      exception: { type: 'A' },
    });
  });
});

describe('structured bodies', () => {
  test('fields of a JSON line become fields, its message the message, its level the level', () => {
    const body =
      '{"timestamp":"then","service":"own","level":"warning","message":"slow","workflow_id":"wf-1","request":{"duration":2.5,"path":"/a"},"n":[1,{"b":null}],"big":-1.5}';
    expect(shape({ body, attributes: { workflow_id: 'wins' } }).record).toMatchObject({
      level: 'WARN',
      message: 'slow',
      workflow_id: 'wins',
      request: { duration: 2.5, path: '/a' },
      n: [1, { b: null }],
      big: -1.5,
      attributes: { timestamp: 'then', service: 'own' },
    });
  });
  test('a JSON line without a message is its own message', () => {
    expect(shape({ body: '{"a":1}' }).record).toMatchObject({ message: '{"a":1}', a: 1 });
  });
  test('a kvlist is unfolded like a JSON line', () => {
    expect(shape({ body: { msg: 'hello', 'a.b': 1n, level: 'ERROR' } }).record).toMatchObject({
      message: 'hello',
      a: { b: 1 },
      level: 'ERROR',
    });
  });
  test.each(['{"a":', '[1]', '{not json}', '"text"', '12'])('%s is a message like any other', (body) => {
    expect(shape({ body }).record.message).toBe(body);
  });
  test('an array and a number are their JSON text', () => {
    expect(shape({ body: [1n, 'a'] }).record.message).toBe('[1,"a"]');
    expect(shape({ body: 1.5 }).record.message).toBe('1.5');
  });
  test('a multi-line message stays one line and whole', () => {
    const body = 'first\n\tat second()\r\n\u001b[31mthird\u0000';
    const { line, record } = shape({ body });
    expect(['\n', '\r', '\u001b', '\u0000'].filter((character) => line.includes(character))).toEqual([]);
    expect(record.message).toBe(body);
  });
});

describe('bad input', () => {
  test('10,000 attributes: 120 are fields, the others one text, nothing is lost', () => {
    const attributes = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`key${i}`, BigInt(i)]));
    const { record } = shape({ attributes });
    const own = Object.keys(record).filter((key) => key.startsWith('key'));
    expect(own).toHaveLength(120);
    expect({
      ...Object.fromEntries(own.map((key) => [key, record[key]])),
      ...JSON.parse(String(record.overflow)),
    }).toEqual(Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`key${i}`, i])));
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key${i}`, BigInt(i)]));
    expect(shape({ attributes: many }).line.length).toBeLessThan(262_144);
  });
  test('a structure with too many leaves is one field of JSON text', () => {
    const list = Array.from({ length: 300 }, (_, i) => BigInt(i));
    expect(shape({ attributes: { list, small: [1n] } }).record).toMatchObject({
      list: JSON.stringify(list.map(Number)),
      small: [1],
    });
  });
  test('nesting 100 deep is cut at 16', () => {
    let value: Plain = 'deep';
    for (let i = 0; i < 100; i++) value = { a: value };
    expect(JSON.stringify(shape({ attributes: { value } }).record)).toContain(
      '[nested deeper than 16 levels]',
    );
  });
  test('bytes that are no UTF-8 become U+FFFD, around them nothing changes', () => {
    const raw = Buffer.from(encodeLogs([{ records: [{ body: 'ok ?? end' }] }]));
    raw.fill(0xff, raw.indexOf('??'), raw.indexOf('??') + 2);
    expect(recordOf(shapeToText(raw, 0)[0]!.line).message).toBe('ok \uFFFD\uFFFD end');
  });
  test.each([
    [0n, '1970-01-01T00:00:05.000Z'],
    [1_000_000n, '1970-01-01T00:00:00.001Z'],
    [4_102_444_800_000_000_000n, '2100-01-01T00:00:00.000Z'],
    [2n ** 64n - 1n, '2554-07-21T23:34:33.709Z'],
  ])('the time %s is %s', (timeNs, expected) => {
    expect(recordOf(shapeToText(encodeLogs([{ records: [{ timeNs }] }]), 5000)[0]!.line)['@timestamp']).toBe(
      expected,
    );
  });
  test('without its tail a line is JSON and nothing else, and the level is told beside it', () => {
    const out = createByteBuffer();
    const raw = encodeLogs([
      { records: [{ body: 'x', severityText: 'SECURITY', attributes: { order_id: 'o' } }] },
    ]);
    const levels: string[] = [];
    createLogShaper({ withTail: false }).shape(raw, 0, {
      begin: () => out,
      end: ({ level }) => void levels.push(level),
    });
    expect(JSON.parse(Buffer.from(writtenBytes(out)).toString())).toMatchObject({ order_id: 'o' });
    expect(levels).toEqual(['SECURITY']);
  });
  test('a JSON body of any depth, and bodies of 10 MB, stay one line', () => {
    const deep = `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`;
    expect(shape({ body: deep }).record).toMatchObject({ message: deep });
    const { line, record } = shape({ body: 'y'.repeat(10_000_000) });
    expect([line.length <= 262_144, record.truncated]).toEqual([true, true]);
  });
  test('very long names and values are cut until the line fits', () => {
    const { line, record } = shape({
      body: 'm'.repeat(100_000),
      attributes: { ['k'.repeat(100_000)]: 'v'.repeat(300_000) },
    });
    expect(line.length).toBeLessThanOrEqual(262_144);
    expect(record.truncated).toBe(true);
    expect(record.message).toBe('m'.repeat(100_000));
  });
  test('control characters in bulk, six times as long as JSON, still fit', () => {
    expect(shape({ body: '\u0001'.repeat(250_000) }).line.length).toBeLessThanOrEqual(262_144);
  });
});

const key = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'a.b',
    'a.b.c',
    'a.c',
    'b.a',
    'message',
    'level',
    'resource.x',
    'user.id',
    'order_id',
    'exception.message',
    '..',
    'ü.ö',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.boolean(),
  fc.maxSafeInteger().map(BigInt),
  fc.double(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 5 }),
);
const { value: anyValue } = fc.letrec<{ value: Plain }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3 }),
  ),
}));
const attributes = fc.dictionary(key, anyValue, { maxKeys: 8 });
const group = fc.record({
  resource: fc.dictionary(fc.oneof(key, fc.constantFrom('service.name', 'service.version')), anyValue, {
    maxKeys: 5,
  }),
  scope: fc.record({
    name: fc.string({ maxLength: 5 }),
    version: fc.string({ maxLength: 3 }),
    attributes: fc.dictionary(fc.constantFrom('x', 'y.z'), leaf, { maxKeys: 2 }),
  }),
  records: fc.array(
    fc.record({
      timeNs: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
      severityNumber: fc.integer({ min: 1, max: 24 }),
      severityText: fc.constantFrom('', 'INFO', 'audit', 'Custom'),
      body: fc.oneof(
        fc.string({ unit: 'binary' }).filter((text) => !text.startsWith('{')),
        fc.array(leaf, { maxLength: 3 }),
      ),
      attributes,
      traceId: fc
        .uint8Array({ minLength: 16, maxLength: 16 })
        .map((bytes) => Buffer.from(bytes).toString('hex')),
      flags: fc.nat({ max: 255 }),
      eventName: fc.constantFrom('', 'user.login'),
      droppedAttributesCount: fc.nat({ max: 5 }),
    }),
    { maxLength: 4 },
  ),
});

test('lines agree with the description on any values', () => {
  fc.assert(
    fc.property(fc.array(group, { maxLength: 3 }), (groups) => {
      const raw = encodeLogs(groups as readonly PlainLogs[]);
      const expected = decodeLogs(raw).flatMap(({ resource, scopes }) =>
        scopes.flatMap(({ scope, records }) =>
          records.map((record) => referenceRecord(record, resource, scope)),
        ),
      );
      const lines = shapeToText(raw, 0);
      expect(lines.map(({ line }) => sorted(recordOf(line)))).toEqual(expected.map(sorted));
    }),
    { numRuns: Number(process.env.SLUICE_FUZZ_RUNS ?? 300), seed: 1 },
  );
});

/** -0 is 0 in JSON. */
function sorted(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
