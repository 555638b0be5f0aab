import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { deflateGzip, inflateGzip } from './gzip.ts';

const text = (size: number) => Buffer.from(Array.from({ length: size }, (_, i) => `${i % 977},`).join(''));

describe('gzip', () => {
  test.each([0, 1, 16_383, 16_384, 200_000, 3_000_000])(
    'what %i items deflate to inflates to them',
    async (size) => {
      const raw = text(size);
      expect(Buffer.compare(await inflateGzip(await deflateGzip(raw)), raw)).toBe(0);
    },
  );

  test('all members of a joined gzip are inflated', async () => {
    const joined = Buffer.concat([gzipSync('first '), gzipSync('second')]);
    expect(Buffer.from(await inflateGzip(joined)).toString()).toBe('first second');
  });

  test('a trailer that lies about the size does no harm', async () => {
    const gzip = gzipSync(text(50_000));
    const grown = Buffer.concat([gzip, gzipSync('')]);
    expect((await inflateGzip(grown)).length).toBe(text(50_000).length);
  });

  test('what inflates to more than the limit is refused', async () => {
    await expect(inflateGzip(gzipSync(text(50_000)), { maxBytes: 1000 })).rejects.toMatchObject({
      code: 'ERR_BUFFER_TOO_LARGE',
    });
  });

  test.each([
    ['no gzip', Buffer.from('plain text, not gzip')],
    ['a gzip cut short', gzipSync(text(50_000)).subarray(0, 500)],
    ['nothing', Buffer.alloc(0)],
  ])('%s is refused with an error of zlib', async (_name, bytes) => {
    await expect(inflateGzip(bytes)).rejects.toMatchObject({ code: expect.stringMatching(/^Z_/) });
  });

  test('the deflated bytes are one plain gzip member', async () => {
    expect(gunzipSync(await deflateGzip(Buffer.from('abc'))).toString()).toBe('abc');
  });
});
