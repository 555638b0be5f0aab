import { describe, expect, test } from 'vitest';
import { toLabels } from './model/labels.ts';
import { QueryError } from './query-error.ts';
import type { SeriesReader } from './series-reader.ts';
import { regularSeries } from './testing/memory-series.ts';
import { notedReader, testEngine } from './testing/noted-series.ts';

const reader = notedReader(`
  x_total{job="a"} 0+60x10
  x_total{job="b"} 0+30x4 _ _ _ stale
  y{job="a"} 1 2 3
  y{job="b"} _ _ 3 4
`);
const range = (query: string, options = { startMs: 0, endMs: 240_000, stepMs: 60_000 }) =>
  testEngine().range(query, { reader, ...options });

describe('what cannot be evaluated is an error of its type', () => {
  test.each([
    [
      'x_total[5m]',
      'bad_data',
      'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    ],
    ['"text"', 'bad_data', 'invalid expression type "string" for range query'],
    [
      'label_replace(y, "job", "z", "", "")',
      'execution',
      'vector cannot contain metrics with the same labelset',
    ],
    ['rate(y[1m * (step() - 60)])', 'bad_data', 'duration must be greater than 0'],
    ['rate(y[1m / (step() - 60)])', 'bad_data', 'division by zero'],
    ['rate(y[1m % (step() - 60)])', 'bad_data', 'modulo by zero'],
    ['rate(y[0 ^ (60 - 2 * step())])', 'bad_data', 'duration is NaN or infinite'],
    ['rate(y[2 ^ step()])', 'bad_data', 'duration is out of range'],
    ['y offset max_of(2 ^ step(), 1)', 'bad_data', 'duration is out of range'],
  ])('%s', async (query, kind, message) => {
    await expect(range(query)).rejects.toMatchObject({ kind, message: expect.stringContaining(message) });
  });

  test.each([
    [{ startMs: 1, endMs: 0, stepMs: 1 }, 'end timestamp must not be before start time'],
    [{ startMs: 0, endMs: 1, stepMs: 0 }, 'zero or negative query resolution step widths are not accepted'],
    [{ startMs: 0, endMs: 11_001, stepMs: 1 }, 'exceeded maximum resolution of 11,000 points per timeseries'],
  ])('range %j', async (options, message) => {
    await expect(range('y', options)).rejects.toMatchObject({
      kind: 'bad_data',
      message: expect.stringContaining(message),
    });
  });

  test('too many samples', async () => {
    const engine = testEngine({ maxSamples: 10 });
    await expect(engine.instant('x_total[10m]', { reader, timeMs: 600_000 })).rejects.toMatchObject({
      kind: 'execution',
      message: 'query processing would load too many samples into memory in query execution',
    });
    await expect(engine.instant('count_over_time(vector(1)[1y:1ms])', { reader, timeMs: 0 })).rejects.toThrow(
      'too many samples',
    );
  });

  test.each([
    ['label_join', (long: string) => `label_join(y, "a", "${long}"${', "job"'.repeat(60)})`],
    [
      'label_replace in itself',
      () => `${'label_replace('.repeat(20)}y${', "job", "$0$0$0$0x", "job", "(.*)")'.repeat(20)}`,
    ],
  ])('too much text in labels that %s makes', async (_name, query) => {
    const engine = testEngine({ maxLabelText: 100_000 });
    const times = { startMs: 0, endMs: 240_000, stepMs: 60_000 };
    await expect(engine.range(query('x'.repeat(2000)), { reader, ...times })).rejects.toMatchObject({
      kind: 'execution',
      message: 'query processing would make more than 100,000 characters of label values',
    });
  });

  test('too many samples or series in all selectors together, before the rest is read', async () => {
    const read: number[] = [];
    const counting: SeriesReader = {
      async select(_matchers, { limits }) {
        read.push(limits.maxSamples);
        return { series: [regularSeries(toLabels({ __name__: 'x' }), [1, 2, 3, 4])] };
      },
    };
    const query = Array.from({ length: 50 }, (_, i) => `x offset ${i + 1}s`).join(' + ');
    await expect(
      testEngine({ maxSamples: 30 }).instant(query, { reader: counting, timeMs: 0 }),
    ).rejects.toThrow('too many samples');
    expect(read.length).toBeLessThan(20);
    expect(Math.min(...read)).toBeLessThan(10);
    await expect(
      testEngine({ maxSeries: 9 }).instant(query, { reader: counting, timeMs: 0 }),
    ).rejects.toThrow('query processing would load more than 9 series');
  });

  test('too much time', async () => {
    let nowMs = 0;
    const engine = testEngine({ clock: { nowMs: () => (nowMs += 1000) }, timeoutMs: 500 });
    await expect(engine.instant('y', { reader, timeMs: 0 })).rejects.toMatchObject({ kind: 'timeout' });
  });

  test('too much time while series are matched', async () => {
    let nowMs = 0;
    const engine = testEngine({ clock: { nowMs: () => (nowMs += 1000) }, timeoutMs: 5000 });
    const slow: SeriesReader = {
      async select(_matchers, { checkTime }) {
        for (let i = 0; i < 1000; i++) checkTime?.();
        return { series: [] };
      },
    };
    await expect(engine.instant('y', { reader: slow, timeMs: 0 })).rejects.toMatchObject({ kind: 'timeout' });
  });

  test.each([
    [`y{${Array.from({ length: 100 }, (_, i) => `a${i}=~"(a{0,900}b?)?${i}"`).join()}}`, 'are too large'],
    [`y{a=~"${'(a|b)*'.repeat(20_000)}"}`, 'has 120000 characters; 100000 are the most'],
  ])('regular expressions without measure (%#)', async (query, message) => {
    await expect(range(query)).rejects.toMatchObject({
      kind: 'bad_data',
      message: expect.stringContaining(message),
    });
  });

  test('a cancelled query, before and while it reads', async () => {
    const signal = AbortSignal.abort();
    await expect(testEngine().instant('y', { reader, timeMs: 0, signal })).rejects.toMatchObject({
      kind: 'canceled',
    });
    const failing: SeriesReader = { select: () => Promise.reject(new Error('gone')) };
    await expect(testEngine().instant('y', { reader: failing, timeMs: 0, signal })).rejects.toMatchObject({
      kind: 'canceled',
    });
  });

  test('a store that fails, with its reason; its own query errors pass as they are', async () => {
    const broken = (error: unknown): SeriesReader => ({ select: () => Promise.reject(error) });
    await expect(
      testEngine().instant('y', { reader: broken(new Error('disk gone')), timeMs: 0 }),
    ).rejects.toMatchObject({
      kind: 'execution',
      message: 'expanding series: disk gone',
    });
    await expect(testEngine().instant('y', { reader: broken('text'), timeMs: 0 })).rejects.toThrow(
      'expanding series: text',
    );
    const own = new QueryError('timeout', 'too slow');
    await expect(testEngine().instant('y', { reader: broken(own), timeMs: 0 })).rejects.toBe(own);
  });
});
