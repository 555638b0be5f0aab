import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeDeadLetter,
  decodeEnvelope,
  decodeRetry,
  type Envelope,
  encodeEnvelope,
  messageIdOf,
  toDeadLetter,
} from './envelope.ts';
import { parseTenantId } from './ids.ts';
import { ATTRIBUTE } from './names.ts';

const tenant = parseTenantId('shop');
const raw = new TextEncoder().encode('spans');
const envelope: Envelope = {
  id: messageIdOf(tenant, 'traces', raw),
  signal: 'traces',
  tenant,
  items: 3,
  receivedAtMs: 1_767_225_600_000,
  gzip: new Uint8Array([31, 139, 8, 255, 0]),
};

describe('an envelope', () => {
  test('is read back as it was written, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (gzip, items) => {
        const { body, attributes } = encodeEnvelope({ ...envelope, gzip, items });
        const read = decodeEnvelope({ body, attributes });
        expect({ ...read, gzip: [...read.gzip] }).toEqual({ ...envelope, items, gzip: [...gzip] });
      }),
    );
  });

  test('takes exactly the bytes of a view into a larger buffer', () => {
    const view = new Uint8Array([9, 1, 2, 9]).subarray(1, 3);
    expect([...decodeEnvelope(encodeEnvelope({ ...envelope, gzip: view }) as never).gzip]).toEqual([1, 2]);
  });

  test.each([
    [ATTRIBUTE.version, '2', /version "2" is not known/],
    [ATTRIBUTE.codec, 'zstd', /codec "zstd" is not known; this build reads "gzip" and "span-counts"/],
    [ATTRIBUTE.codec, 'span-counts', /codec "span-counts" holds no OTLP/],
    [ATTRIBUTE.signal, 'profiles', /signal "profiles"/],
    [ATTRIBUTE.id, 'abc', /"id" is not a SHA-256/],
    [ATTRIBUTE.tenant, 'No Tenant', /"tenant" is not a tenant/],
    [ATTRIBUTE.items, '-1', /"items" is not a count: "-1"/],
    [ATTRIBUTE.items, 'many', /"items" is not a count/],
    [ATTRIBUTE.receivedAtMs, '1.5', /"received_at_ms" is not a count/],
  ])('with the attribute %s = %j is refused for good', (name, value, reason) => {
    const { body, attributes } = encodeEnvelope(envelope);
    const decode = () => decodeEnvelope({ body, attributes: { ...attributes, [name]: value } });
    expect(decode).toThrow(reason);
    expect(decode).toThrow(expect.objectContaining({ name: 'PermanentError' }));
  });

  test.each([
    ATTRIBUTE.version,
    ATTRIBUTE.codec,
    ATTRIBUTE.signal,
    ATTRIBUTE.id,
    ATTRIBUTE.tenant,
    ATTRIBUTE.items,
    ATTRIBUTE.receivedAtMs,
  ])('without the attribute %s is refused by its name', (name) => {
    const { body, attributes } = encodeEnvelope(envelope);
    const { [name]: _, ...rest } = attributes;
    expect(() => decodeEnvelope({ body, attributes: rest })).toThrow(
      `message attribute "${name}" is missing`,
    );
  });
});

describe('a message id', () => {
  test('is the same for the same request and differs by tenant, signal, part and bytes', () => {
    const ids = [
      messageIdOf(tenant, 'traces', raw),
      messageIdOf(parseTenantId('bank'), 'traces', raw),
      messageIdOf(tenant, 'logs', raw),
      messageIdOf(tenant, 'traces', raw, 1),
      messageIdOf(tenant, 'traces', raw.subarray(1)),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(messageIdOf(tenant, 'traces', raw.slice())).toBe(ids[0]);
    expect(ids[0]).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('a message that goes round again', () => {
  const retry = { sink: 'tempo', attempt: 4, firstSeenMs: 1000 };

  test('carries for which sink, how often and since when', () => {
    expect(decodeRetry(encodeEnvelope(envelope, retry).attributes)).toEqual(retry);
    expect(decodeRetry(encodeEnvelope(envelope).attributes)).toBeUndefined();
  });

  test.each(['', '{', 'null', '[]', '{"sink":1,"attempt":1,"firstSeenMs":1}', '{"sink":"a"}'])(
    'starts over when its attribute is %j',
    (text) => {
      expect(decodeRetry({ [ATTRIBUTE.retry]: text })).toBeUndefined();
    },
  );
});

describe('a dead letter', () => {
  const dead = { reason: 'no such tenant', source: 'traces', atMs: 5 };

  test('is the message unchanged, with the reason beside it', () => {
    const message = { ...encodeEnvelope(envelope), groupId: 'shop' };
    const letter = toDeadLetter(message, dead);
    expect(letter).toMatchObject({ body: message.body, groupId: 'shop', attributes: message.attributes });
    expect(decodeDeadLetter(letter.attributes)).toEqual(dead);
    expect('groupId' in toDeadLetter(encodeEnvelope(envelope), dead)).toBe(false);
  });

  test('has a reason of at most 1,000 characters', () => {
    const letter = toDeadLetter(encodeEnvelope(envelope), { ...dead, reason: 'x'.repeat(5000) });
    expect(decodeDeadLetter(letter.attributes)?.reason).toHaveLength(1000);
  });

  test('that carries no reason is read as such', () => {
    expect(decodeDeadLetter({})).toBeUndefined();
    expect(decodeDeadLetter({ [ATTRIBUTE.dead]: '{"reason":1}' })).toBeUndefined();
  });
});
