import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ContentCoding } from './content-coding.ts';
import { inflateBody } from './inflate.ts';

const TEXT = Buffer.from('spans and logs and points '.repeat(40));
const LIMIT = 1024 * 1024;
const inflate = (body: Uint8Array, coding: ContentCoding, maxBytes = LIMIT) =>
  inflateBody(body, { coding, maxBytes });

const COMPRESS: Readonly<Record<string, readonly [ContentCoding, (bytes: Uint8Array) => Buffer]>> = {
  gzip: ['gzip', (bytes) => zlib.gzipSync(bytes)],
  zstd: ['zstd', (bytes) => zlib.zstdCompressSync(bytes)],
  'deflate (zlib)': ['deflate', (bytes) => zlib.deflateSync(bytes)],
  'deflate (raw)': ['deflate', (bytes) => zlib.deflateRawSync(bytes)],
};

describe.each(Object.entries(COMPRESS))('%s', (_, [coding, compress]) => {
  test('any bytes come back as they were', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), async (bytes) => {
        const result = await inflate(compress(bytes), coding);
        expect(result.status === 'ok' && Buffer.from(result.bytes).equals(bytes)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('large bodies, which the thread pool inflates, come back as they were', async () => {
    const large = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) >> 3));
    const result = await inflate(compress(large), coding);
    expect(result.status === 'ok' && Buffer.from(result.bytes).equals(large)).toBe(true);
  });

  test('exactly the limit passes, one byte more does not', async () => {
    expect(await inflate(compress(TEXT), coding, TEXT.length)).toMatchObject({ status: 'ok' });
    expect(await inflate(compress(TEXT), coding, TEXT.length - 1)).toMatchObject({ httpStatus: 413 });
  });

  test('a bomb stops at the limit', async () => {
    const bomb = compress(Buffer.alloc(LIMIT * 32));
    expect(await inflate(bomb, coding)).toMatchObject({
      httpStatus: 413,
      message: expect.stringContaining(String(LIMIT)),
    });
  });

  test.each([1, 5, 9])('cut short by %d bytes it is refused', async (bytes) => {
    expect(await inflate(compress(TEXT).subarray(0, -bytes), coding)).toMatchObject({ httpStatus: 400 });
  });

  test('other bytes behind it are refused', async () => {
    const followed = Buffer.concat([compress(TEXT), Buffer.from('something else')]);
    expect(await inflate(followed, coding)).toMatchObject({ httpStatus: 400 });
  });

  test('no bytes at all are refused', async () => {
    expect(await inflate(Buffer.alloc(0), coding)).toMatchObject({ httpStatus: 400 });
  });

  test('any damage is answered, never thrown', async () => {
    const whole = compress(TEXT);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const damaged = Buffer.from(whole);
        damaged[at]! ^= flip;
        const result = await inflate(damaged, coding);
        expect(result.status === 'ok' || [400, 413].includes(result.httpStatus)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

describe('what may travel on as it came', () => {
  test('gzip of one or several members', async () => {
    for (const body of [zlib.gzipSync(TEXT), Buffer.concat([zlib.gzipSync(TEXT), zlib.gzipSync('more')])]) {
      const result = await inflate(body, 'gzip');
      expect(result.status === 'ok' && result.gzip === body).toBe(true);
    }
  });

  test('not gzip with zero padding, which stricter readers refuse', async () => {
    const result = await inflate(Buffer.concat([zlib.gzipSync(TEXT), Buffer.alloc(9)]), 'gzip');
    expect(result).toMatchObject({ status: 'ok' });
    expect(result).not.toHaveProperty('gzip');
  });

  test('nothing else', async () => {
    expect(await inflate(zlib.zstdCompressSync(TEXT), 'zstd')).not.toHaveProperty('gzip');
    expect(await inflate(TEXT, 'identity')).not.toHaveProperty('gzip');
  });
});

test('identity hands on the very same bytes, up to the limit', async () => {
  expect(await inflate(TEXT, 'identity')).toEqual({ status: 'ok', bytes: TEXT });
  expect(await inflate(TEXT, 'identity', 10)).toMatchObject({ httpStatus: 413 });
});

describe('zstd frames', () => {
  const frame = zlib.zstdCompressSync('ab');
  test('are joined', async () => {
    const result = await inflate(Buffer.concat([frame, frame, frame]), 'zstd');
    expect(result.status === 'ok' && Buffer.from(result.bytes).toString()).toBe('ababab');
  });

  test('share one limit', async () => {
    expect(await inflate(Buffer.concat([frame, frame, frame]), 'zstd', 5)).toMatchObject({ httpStatus: 413 });
    expect(await inflate(Buffer.concat([frame, frame]), 'zstd', 2)).toMatchObject({ httpStatus: 413 });
  });

  test('that hold nothing are skipped, but not without end', async () => {
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7]);
    const result = await inflate(Buffer.concat([skippable, frame, skippable]), 'zstd');
    expect(result.status === 'ok' && Buffer.from(result.bytes).toString()).toBe('ab');
    const many = Buffer.concat(Array.from({ length: 300 }, () => skippable));
    expect(await inflate(many, 'zstd')).toMatchObject({ httpStatus: 400 });
  });

  test('with a window larger than HTTP allows are refused', async () => {
    const params = { [zlib.constants.ZSTD_c_windowLog]: 26 };
    const wide = zlib.zstdCompressSync(Buffer.alloc(1 << 25, 'x'), { params });
    expect(await inflate(wide, 'zstd', 1 << 26)).toMatchObject({ httpStatus: 400 });
  });
});

test('raw deflate that begins as zlib does is taken for what it is', async () => {
  // A stored block of one byte with 0x78 0x01 in front, then an empty last one (RFC 1951 § 3.2.4).
  const raw = Buffer.from([0x78, 0x01, 0x00, 0xfe, 0xff, 0x41, 0x01, 0x00, 0x00, 0xff, 0xff]);
  const result = await inflate(raw, 'deflate');
  expect(result.status === 'ok' && Buffer.from(result.bytes).toString()).toBe('A');
});

test('a size that lies does not make the first buffer large', async () => {
  const lying = Buffer.from(zlib.gzipSync('small'));
  lying.writeUInt32LE(0xffff_fff0, lying.length - 4);
  expect(await inflate(lying, 'gzip')).toMatchObject({ httpStatus: 400 });
});
