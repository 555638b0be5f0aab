/** What holds for any text: secrets do not survive, ids do, twice is once, and the work is linear. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createByteScan } from './byte-scan.ts';
import { isLuhn } from './matchers/card-number.ts';
import { createRedactor } from './redactor.ts';
import { DEFAULT_REDACTION, parseRedactionSettings } from './settings.ts';

const runs = { numRuns: Number(process.env.SLUICE_FUZZ_RUNS ?? 250), seed: 1 };
const all = parseRedactionSettings({ patterns: { email: 'on', ip: 'on' } });
const redactor = createRedactor(all);

const chars = (alphabet: string, length: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: length, maxLength: length + 10 });
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const WORD = `${LETTERS}0123456789`;
const DIGITS = '0123456789';

const [KEY_BEGIN, KEY_END] = ['BEGIN', 'END'].map((edge) => `-----${edge} EC PRIVATE KEY-----`);

const card = fc
  .string({ unit: fc.constantFrom(...DIGITS), minLength: 14, maxLength: 14 })
  .map((digits) => `4${digits}`)
  .map((digits) => digits + [...DIGITS].find((check) => isLuhn(digits + check))!);
/** The text that carries the secret, and the part of it that must not be found again. */
const secret: fc.Arbitrary<readonly [text: string, core: string]> = fc.oneof(
  chars(WORD, 12).map((value) => [`password=${value}`, value] as const),
  chars(WORD, 12).map((value) => [`"client_secret": "${value}"`, value] as const),
  chars(WORD, 12).map((value) => [`X-Api-Key: ${value}`, value] as const),
  chars(UPPER, 16).map((value) => [`AKIA${value}`, value] as const),
  chars(WORD, 36).map((value) => [`ghp_${value}`, value] as const),
  chars(WORD, 36).map((value) => [`slk_${value}`, value] as const),
  chars(WORD, 30).map((value) => [`Bearer ${value}`, value] as const),
  chars(WORD, 12).map((value) => [`amqp://user:${value}@host/`, value] as const),
  fc
    .tuple(chars(WORD, 12), chars(WORD, 12), chars(WORD, 12))
    .map(([a, b, c]) => [`eyJ${a}.${b}.${c}`, b] as const),
  chars(WORD, 20).map((value) => [`${KEY_BEGIN}\n${value}\n${KEY_END}`, value] as const),
  card.map((value) => [value, value] as const),
  chars(LETTERS, 8).map((value) => [`${value}@mail.test`, value] as const),
);
const plain = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: fc.constantFrom(...' ="\':,{}[]\\/@.-abcdt0149'), maxLength: 30 }),
);
/** What may stand right beside a secret: a letter or a digit would make another word of it. */
const border = fc.constantFrom(' ', '\n', '\t', ', ', ' "', ' (', '; ');

test('no secret survives, wherever it stands', () => {
  fc.assert(
    fc.property(plain, border, secret, border, plain, (before, left, [text, core], right, after) => {
      const inText = redactor.text(before + left + text + right + after);
      expect(inText.includes(core) && !(before + after).includes(core)).toBe(false);
      const inJson = redactor.text(JSON.stringify({ list: [{ note: ` ${text} ` }] }));
      expect(inJson.includes(core)).toBe(false);
      expect(JSON.stringify(redactor.attributes({ a: [{ b: text }] })).includes(core)).toBe(false);
    }),
    runs,
  );
});

test('ids survive as attributes, in texts and in JSON', () => {
  const hex = (bytes: number) =>
    fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((id) => Buffer.from(id).toString('hex'));
  const number = fc.bigInt({ min: 1n, max: 10n ** 18n }).map(String);
  const id = fc.oneof(hex(16), hex(8), fc.uuid(), number, card);
  const name = fc.constantFrom('trace_id', 'span_id', 'tracking_id', 'order.id', 'requestId', 'user_ids');
  fc.assert(
    fc.property(name, id, (key, value) => {
      expect(redactor.attributes({ [key]: value, n: { [key]: [value] } })).toEqual({
        [key]: value,
        n: { [key]: [value] },
      });
      const json = JSON.stringify({ [key]: value });
      expect(redactor.text(json)).toBe(json);
      if (key !== 'user_ids')
        expect(redactor.text(`done ${key}=${value} ok`)).toBe(`done ${key}=${value} ok`);
    }),
    runs,
  );
});

test('twice is once, and JSON stays JSON', () => {
  const anyText = fc
    .array(
      fc.oneof(
        plain,
        secret.map(([text]) => text),
        border,
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(anyText, fc.json(), (text, json) => {
      const once = redactor.text(text);
      expect(redactor.text(once)).toBe(once);
      JSON.parse(redactor.text(JSON.stringify({ text, json, inner: { json: JSON.parse(json) } })));
    }),
    runs,
  );
});

test('bytes that the quick look lets pass have nothing to redact', () => {
  const cautious = createRedactor(DEFAULT_REDACTION);
  const scan = createByteScan(DEFAULT_REDACTION);
  let passed = 0;
  fc.assert(
    fc.property(
      plain,
      fc.oneof(
        plain,
        secret.map(([text]) => text),
      ),
      plain,
      (before, middle, after) => {
        const text = before + middle + after;
        if (scan(Buffer.from(text))) return;
        passed += 1;
        expect(cautious.text(text)).toBe(text);
      },
    ),
    runs,
  );
  expect(passed).toBeGreaterThan(runs.numRuns / 10);
});

test('the quick look finds every secret and name, and lets ordinary telemetry pass', () => {
  const scan = createByteScan(DEFAULT_REDACTION);
  fc.assert(
    fc.property(plain, secret, ([, ...before], [text]) => {
      if (!text.endsWith('@mail.test')) expect(scan(Buffer.from(before.join('') + text))).toBe(true);
    }),
    runs,
  );
  for (const name of [
    'Set-Cookie',
    'apiKey',
    'API-KEY',
    'userPassword',
    'x.cvv\x12',
    '?Sig=',
    'AWS_SECRET_ACCESS_KEY',
  ]) {
    expect([name, scan(Buffer.from(name))]).toEqual([name, true]);
  }
  for (const text of [
    'GET /cart 200 user-42 ORD-123456 2026-01-01T00:00:00.123Z',
    'npm install @scope/name@1.2.3 from ann@mail.test',
    'https://example.test/a/b?c=d@e',
    '1234-5678 9012',
  ]) {
    expect([text, scan(Buffer.from(text))]).toEqual([text, false]);
  }
  expect(scan(Buffer.from(`://${'a'.repeat(2000)}@`))).toBe(true);
  for (const section of [{ allow: ['a'] }, { deny: ['*'] }, { patterns: { ip: 'on' } }]) {
    expect(createByteScan(parseRedactionSettings(section))(Buffer.from('x'))).toBe(true);
  }
  const none = Object.fromEntries(Object.keys(DEFAULT_REDACTION.patterns).map((name) => [name, 'off']));
  const quiet = createByteScan(
    parseRedactionSettings({ patterns: none, builtin_keys: false, deny: ['zip*'] }),
  );
  expect([quiet(Buffer.from('4111111111111111 a@b.test token')), quiet(Buffer.from('zip_code'))]).toEqual([
    false,
    true,
  ]);
  const mails = createByteScan(parseRedactionSettings({ patterns: { email: 'on' } }));
  expect(mails(Buffer.from('to ann@mail.test'))).toBe(true);
});

/** Texts that make matchers with back-tracking or restarts quadratic. */
const ADVERSARIAL = [
  'a',
  '=',
  ':',
  'a=',
  '@',
  'a@a.',
  'a.a',
  '://',
  '://@',
  '://a@',
  'eyJ',
  'eyJ.',
  'eyJaaaaaaaaaa.',
  '-----BEGIN ',
  '-----BEGIN PRIVATE KEY----',
  '-----BEGIN CERTIFICATE-----',
  '1',
  '4111 ',
  '4111-',
  '1.1.1.',
  'a:1',
  'ghp_',
  'ghp_-',
  'AKIA',
  'sk-ant-',
  'SG.',
  'Bearer ',
  'bearer a.',
  'basic=',
  'password=""',
  'password:"\\',
  'password={',
  'password=[',
  'cookie:a=b',
  '--password -',
  '--token ',
  '\\"token\\":\\',
  '{"a":',
  '["a",',
  '[',
  '{"token":"',
  '?sig=&',
  '[redacted',
  'token=[redacted',
];

test.each(ADVERSARIAL)('the work on a long row of %j grows with its length', (unit) => {
  const steps = (size: number): number => {
    const text = unit.repeat(Math.ceil(size / unit.length));
    return countSteps(() => redactor.text(text));
  };
  const small = steps(8_192);
  const large = steps(32_768);
  // Quadratic work would be sixteen times as much.
  expect(large).toBeLessThan(small * 5 + 10_000);
});

/** With SLUICE_FUZZ_RUNS set, of every row. */
const EVERY = process.env.SLUICE_FUZZ_RUNS === undefined ? 9 : 1;
test.each(ADVERSARIAL.filter((_, i) => i % EVERY === 0))(
  'a megabyte of %j takes few steps a character',
  (unit) => {
    const text = unit.repeat(1_048_576 / unit.length);
    expect(countSteps(() => redactor.text(text)) / text.length).toBeLessThan(60);
  },
);

/** Characters that the matchers look at: through charCodeAt, and what searches and comparisons go through. */
function countSteps(work: () => void): number {
  const { charCodeAt, indexOf, slice } = String.prototype;
  let steps = 0;
  String.prototype.charCodeAt = function (at) {
    steps += 1;
    return charCodeAt.call(this, at);
  };
  String.prototype.indexOf = function (search, from = 0) {
    const found = indexOf.call(this, search, from);
    steps += (found < 0 ? this.length : found) - from + 1;
    return found;
  };
  String.prototype.slice = function (from, to) {
    const part = slice.call(this, from, to);
    // Copies are cheaper than looks by far, but may not pile up either.
    steps += part.length / 16;
    return part;
  };
  try {
    work();
  } finally {
    Object.assign(String.prototype, { charCodeAt, indexOf, slice });
  }
  return steps;
}
