import { describe, expect, test } from 'vitest';
import { createRedactor, type Value } from './redactor.ts';
import { DEFAULT_REDACTION, parseRedactionSettings } from './settings.ts';

const redactor = createRedactor(DEFAULT_REDACTION);
const strict = createRedactor(parseRedactionSettings({ patterns: { email: 'on', ip: 'on' } }));
const SECRET = 'test-secret';
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.dGhpcy1pcy1hLXNpZw';
/** Put together here, so that no scanner of repositories takes them for real. */
const AWS_KEY = ['AKIA', 'IOSFODNN7EXAMPLE'].join('');
const [KEY_BEGIN, KEY_END] = ['BEGIN', 'END'].map((edge) => `-----${edge} RSA PRIVATE KEY-----`);
const HEX = '0123456789abcdef0123456789abcdef';

const TEXTS: readonly [string, string][] = [
  ['login with password=hunter2 ok', 'login with password=[redacted] ok'],
  ["db_password: 's3cr et', x=1", "db_password: '[redacted]', x=1"],
  ['{"user":"bob","apiKey":"abc"}', '{"user":"bob","apiKey":"[redacted]"}'],
  ['got {"api-key":"abc"} from it', 'got {"api-key":"[redacted]"} from it'],
  [
    String.raw`body="{\"password\":\"a\\\"b\",\"n\":1}"`,
    String.raw`body="{\"password\":\"[redacted]\",\"n\":1}"`,
  ],
  ['Authorization: Bearer abc.def-123', 'Authorization: [redacted]'],
  ['Authorization: Basic dXNlcjpwdw== next', 'Authorization: [redacted] next'],
  ['authorization: Digest username="a", response="b"\nnext', 'authorization: [redacted]\nnext'],
  ['sent Bearer abcdef123456', 'sent Bearer [redacted]'],
  ['sent basic dXNlcjpwYXNzd29yZA==', 'sent basic [redacted]'],
  ['Cookie: a=1; b=2\nHost: x', 'Cookie: [redacted]\nHost: x'],
  ['mysql --password hunter2 --host db', 'mysql --password [redacted] --host db'],
  ['postgres://app:p%40ss@db:5432/x', 'postgres://[redacted]@db:5432/x'],
  ['https://ghp@github.test/a?b=c@d', 'https://[redacted]@github.test/a?b=c@d'],
  ['GET https://h/a?X-Amz-Signature=abc&b=1', 'GET https://h/a?X-Amz-Signature=[redacted]&b=1'],
  ['/cb?access_token=abc#x', '/cb?access_token=[redacted]#x'],
  [`jwt ${JWT}.`, 'jwt [redacted:jwt].'],
  [`{"n":12345678901234567890, "t":"${JWT}"}`, '{"n":12345678901234567890, "t":"[redacted:jwt]"}'],
  [`key ${AWS_KEY} used`, 'key [redacted:token] used'],
  [`slk_${'a1'.repeat(18)} is a key`, '[redacted:token] is a key'],
  [`ghp_${'Ab1'.repeat(12)}`, '[redacted:token]'],
  ['xoxb-1234567890-abcdefghij', '[redacted:token]'],
  [String.raw`line\nghp_${'Ab1'.repeat(12)}`, String.raw`line\n[redacted:token]`],
  ['card 4111 1111 1111 1111, ok', 'card [redacted:card], ok'],
  ['card 5555-5555-5555-4444', 'card [redacted:card]'],
  ['amex 378282246310005', 'amex [redacted:card]'],
  ['amex 3782 822463 10005', 'amex [redacted:card]'],
  ['7 4111 1111 1111 1111', '7 [redacted:card]'],
  ['{"pan":4111111111111111}', '{"pan":"[redacted:card]"}'],
  [`x ${KEY_BEGIN}\nMIIE\n${KEY_END} y`, 'x [redacted:private-key] y'],
  [`${KEY_BEGIN}\nMIIE cut`, '[redacted:private-key]'],
  ['config {"credentials": {"a":"}","b":[1]}, "c":2} end', 'config {"credentials": [redacted], "c":2} end'],
];
test.each(TEXTS)('%s', (text, expected) => {
  expect(redactor.text(text)).toBe(expected);
  expect(redactor.text(expected)).toBe(expected);
});

test.each([
  'nothing to see',
  `trace_id=${HEX} span_id=0123456789abcdef tracking_id=4111111111111111`,
  '{"order_id":"4111111111111111","requestId":"5555555555554444"}',
  'orderId: 4111111111111111',
  'number 4111111111111112 fails the check digit',
  'at 1767225600123 and 1767225600123456789',
  'uuid 41111111-1111-4111-8111-111111111111 41111111-1111-1111-1111-111111111111',
  'v4111111111111111 4111111111111111.5',
  'Bearer of good news, Basic authentication failed, bearer token',
  'password reset requested; token: null; secret=""; password=***',
  'Unexpected token: } in JSON',
  'input_tokens=15 tokens: 12',
  'see https://example.test/a@b and user@example.test from 192.0.2.7',
  '-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----',
  'signature: ok, sig=abc',
  'eyJ.eyJ.x AKIA ghp_short',
  'a -- b --verbose 3',
  '{"a": [1, {"b": null}], "c": true}',
  '{not json password',
])('untouched: %s', (text) => {
  expect(redactor.text(text)).toBe(text);
});

const ADDRESSES: readonly [string, string][] = [
  ['mail to=ann.o+x@mail.example.test!', 'mail to=[redacted:email]!'],
  ['<a@b.test>, c@localhost, @me, x@y.z1', '<[redacted:email]>, c@localhost, @me, x@y.z1'],
  ['from 192.0.2.77:8080 to 10.1.2.3.', 'from 192.0.2.0:8080 to 10.1.2.0.'],
  ['2001:db8:1:2:3:4:5:6 and [2001:db8:aa::1]', '2001:db8:1:: and [2001:db8:aa::]'],
  ['::ffff:192.0.2.9 fe80::1%eth0', '::ffff:192.0.2.0 fe80:0:0::%eth0'],
  [
    '12:34:56 00:1a:2b:3c:4d:5e std::vector 300.1.1.1 1.2.3 1.2.3.4.5 ::',
    '12:34:56 00:1a:2b:3c:4d:5e std::vector 300.1.1.1 1.2.3 1.2.3.4.5 ::',
  ],
];
test.each(ADDRESSES)('addresses, where asked for: %s', (text, expected) => {
  expect(strict.text(text)).toBe(expected);
  expect(strict.text(expected)).toBe(expected);
});

describe('attributes', () => {
  test('values go by their names, whatever they are made of', () => {
    const attributes = {
      'http.request.header.authorization': ['Bearer x'],
      'db.password': 1234,
      credentials: { user: 'a', more: [{ x: true, y: null }], raw: new Uint8Array([1]) },
      'user.token': '',
      setCookie: 'a=b',
      'http.route': '/a',
    };
    expect(redactor.attributes(attributes)).toEqual({
      'http.request.header.authorization': ['[redacted]'],
      'db.password': '[redacted]',
      credentials: { user: '[redacted]', more: [{ x: true, y: null }], raw: '[redacted]' },
      'user.token': '',
      setCookie: '[redacted]',
      'http.route': '/a',
    });
  });
  test('ids stay, but a credential under the name of an id does not', () => {
    const ids = {
      trace_id: '4111111111111111',
      'order.id': 4111111111111111,
      correlationIds: ['5555555555554444'],
      trackingId: 'password=1',
    };
    expect(redactor.attributes(ids)).toBe(ids);
    expect(redactor.value(JWT, 'session.id')).toBe('[redacted:jwt]');
    expect(redactor.value(4111111111111111n, 'pan')).toBe('[redacted:card]');
  });
  test('names inside a value count as well', () => {
    expect(redactor.attributes({ request: { headers: [{ cookie: 'x', host: 'h' }] } })).toEqual({
      request: { headers: [{ cookie: '[redacted]', host: 'h' }] },
    });
  });
  test('what counts or names tokens and secrets is none', () => {
    const attributes = { 'gen_ai.usage.input_tokens': 5, 'aws.secretsmanager.secret.arn': 'arn:aws:x' };
    expect(redactor.attributes(attributes)).toBe(attributes);
  });
  test('unchanged parts are the same objects', () => {
    const list: Value = [1, 'a', { b: 2n }];
    const result = redactor.attributes({ list, password: 'x' });
    expect(result.list).toBe(list);
    expect(redactor.value(list)).toBe(list);
    expect(redactor.value(undefined)).toBe(undefined);
  });
  test('nesting without end is cut', () => {
    let deep: Value = 'password=x';
    for (let i = 0; i < 100; i++) deep = { a: deep };
    expect(JSON.stringify(redactor.value(deep))).toContain('[redacted:too-deep]');
    expect(redactor.text(`${'['.repeat(100)}"password=x"${']'.repeat(100)}`)).toContain(
      'password=[redacted]',
    );
  });
});

describe('settings', () => {
  test('deny, ignore, allow and hash lists of names', () => {
    const settings = parseRedactionSettings({
      deny: ['user.*.phone', 'internal*'],
      ignore: ['demo.password'],
      allow: ['http.*', 'user.*', 'demo.*'],
      hash: ['user.email'],
    });
    const own = createRedactor(settings, { secret: SECRET });
    const input = {
      'http.route': '/card/4111111111111111',
      'user.home.phone': '1',
      'demo.password': 'shown',
      'user.email': 'a@b.test',
      'internal.note': 'x',
      other: 'y',
      'user.nested': { any: 'stays', count: 4111111111111111 },
    };
    const once = own.attributes(input);
    expect(once).toEqual({
      'http.route': '/card/[redacted:card]',
      'user.home.phone': '[redacted]',
      'demo.password': 'shown',
      'user.email': expect.stringMatching(/^hmac:[0-9a-f]{32}$/),
      'internal.note': '[redacted]',
      'user.nested': { any: 'stays', count: '[redacted:card]' },
    });
    expect(own.attributes(once)).toBe(once);
    expect(own.report()).toMatchObject({ deny: 2, hash: 1, drop: 1, card: 2 });
    expect(own.string('x', 'drop')).toBe('');
  });
  test('pseudonyms are the same for the same value and secret only', () => {
    const settings = parseRedactionSettings({ hash: ['user'], patterns: { email: 'hash' } });
    const [a, b] = ['one', 'two'].map((secret) => createRedactor(settings, { secret }));
    expect(a!.value('ann', 'user')).toBe(a!.value('ann', 'user'));
    expect(a!.value('ann', 'user')).not.toBe(b!.value('ann', 'user'));
    expect(a!.value(42, 'user')).toMatch(/^hmac:/);
    expect(a!.text('Ann@Mail.test')).toBe(a!.text('ann@mail.test'));
    expect(() => createRedactor(settings)).toThrow('SLUICE_REDACTION_SECRET');
  });
  test('keys of one own maker, and no built-in names', () => {
    const own = createRedactor(
      parseRedactionSettings({
        tokens: [{ prefix: 'corp_', min_chars: 4 }],
        builtin_keys: false,
        deny: ['x'],
        patterns: { card: false, jwt: 'off' },
      }),
    );
    expect(own.text('corp_abcd corp_abc password=1 x=1 4111111111111111')).toBe(
      '[redacted:token] corp_abc password=1 x=[redacted] 4111111111111111',
    );
  });
  test('no section means the defaults', () => {
    expect(parseRedactionSettings(undefined)).toBe(DEFAULT_REDACTION);
    expect(parseRedactionSettings({ enabled: false, signals: ['metrics'] })).toMatchObject({
      enabled: false,
      signals: ['metrics'],
    });
  });
  test.each([
    [[], 'redaction: [] is not a mapping'],
    [{ denny: [] }, 'redaction.denny: "denny" is not a setting: use enabled'],
    [{ deny: 'a' }, 'redaction.deny: "a" is not a list of names'],
    [{ deny: ['x'.repeat(300)] }, 'is not a name of 1-256 characters'],
    [{ enabled: 'yes' }, 'redaction.enabled: "yes" is neither true nor false'],
    [{ signals: ['log'] }, 'redaction.signals: "log" is not one of traces, logs, metrics'],
    [{ patterns: { cards: 'on' } }, 'redaction.patterns.cards: "cards" is not one of private-key'],
    [{ patterns: { card: 'hash' } }, 'redaction.patterns.card: "hash" is neither on nor off'],
    [{ patterns: { email: 1 } }, 'redaction.patterns.email: 1 is not one of on, off, hash'],
    [{ tokens: 'x' }, 'redaction.tokens: "x" is not a list of {prefix, min_chars}'],
    [{ tokens: [{ prefix: 'a' }] }, 'redaction.tokens[0].prefix: "a" is not a text of at least 3'],
    [{ tokens: [{ prefix: 'abc', min_chars: 0 }] }, 'redaction.tokens[0].min_chars: 0 is not a whole'],
    [{ tokens: [{ prefix: 'abc', max: 1 }] }, 'redaction.tokens[0].max: "max" is neither'],
  ])('%j is refused with place and remedy', (section, message) => {
    expect(() => parseRedactionSettings(section)).toThrow(message);
  });
});
