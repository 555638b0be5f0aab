/**
 * The cases of Prometheus' remote-write sender compliance suite, by their names there, against a receiver
 * that checks every request: headers, framing, labels, order, repeats, times.
 */
import { type FakeMimir, increaseOf } from '@sluice/backends/testing/fake-mimir';
import type { SeriesSnapshot } from '@sluice/metrics/model/snapshot';
import type { WrittenPoint } from '@sluice/metrics/testing/decode-remote-write';
import {
  MINUTE_MS,
  makeCounter,
  makeGauge,
  makeHistogram,
  makeSummary,
  TICK_MS,
} from '@sluice/metrics/testing/make-snapshot';
import { afterEach, describe, expect, test } from 'vitest';
import {
  atMinute,
  closeWorlds,
  counter,
  createRemoteWriteWorld,
  REQUESTS,
  type RemoteWriteWorld,
  timesOf,
  valuesOf,
} from '../testing/remote-write-world.ts';

afterEach(closeWorlds);

const VERSIONS = ['1.0', '2.0'] as const;

describe.each(VERSIONS)('a sender of remote write %s', (protocol) => {
  const cases: Readonly<Record<string, (world: RemoteWriteWorld) => Promise<void>>> = {
    async Headers(world) {
      await world.push(0, [counter(0, 1)]);
      const [{ headers, version }] = world.mimir.requests() as [ReturnType<FakeMimir['requests']>[number]];
      expect(version).toBe(protocol);
      expect(headers).toMatchObject({
        'content-encoding': 'snappy',
        'content-type':
          protocol === '1.0'
            ? 'application/x-protobuf'
            : 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
        'x-prometheus-remote-write-version': protocol === '1.0' ? '0.1.0' : '2.0.0',
        'user-agent': expect.stringMatching(/^sluice\/\d/),
      });
      expect(headers['retry-attempt']).toBeUndefined();
    },
    async SortedLabels(world) {
      await world.push(0, [
        makeGauge('g', { last: 1, labels: { Z: '1', _a: '2', a: '3', aa: '4', ä: '5' } }),
      ]);
      const [series] = world.mimir.requests()[0]!.request.series;
      expect(series!.labels.map(([name]) => name)).toEqual([
        'Z',
        '__name__',
        '_a',
        'a',
        'aa',
        'instance',
        'job',
        'ä',
      ]);
    },
    async RepeatedLabels(world) {
      const series = makeGauge('g', { last: 1 });
      await world.push(0, [{ ...series, labels: [...series.labels, series.labels[1]!] }]);
      expect(world.mimir.requests()[0]!.request.series[0]!.labels).toHaveLength(3);
    },
    async EmptyLabels(world) {
      const series = makeGauge('g', { last: 1 });
      await world.push(0, [{ ...series, labels: [...series.labels, { name: 'zone', value: '' }] }]);
      expect(valuesOf(world, 'g{instance="i-1",job="shop/cart"}')).toEqual([1]);
    },
    async NameLabel(world) {
      await world.push(0, [makeCounter('', { level: 1 }), counter(0, 1)]);
      expect([...world.mimir.series().keys()]).toEqual([REQUESTS]);
      expect(world.lines.join()).toContain('without a metric name');
    },
    async JobLabel(world) {
      await world.push(0, [counter(0, 1)]);
      expect(world.mimir.requests()[0]!.request.series[0]!.labels).toContainEqual(['job', 'shop/cart']);
    },
    async InstanceLabel(world) {
      await world.push(0, [counter(0, 1)]);
      expect(world.mimir.requests()[0]!.request.series[0]!.labels).toContainEqual(['instance', 'i-1']);
    },
    async HonorLabels(world) {
      await world.push(0, [
        makeGauge('g', { last: 1, labels: { job: 'own', instance: 'mine', exported_job: 'x' } }),
      ]);
      expect([...world.mimir.series().keys()]).toEqual(['g{exported_job="x",instance="mine",job="own"}']);
    },
    async Up(world) {
      await world.push(0, [makeGauge('up', { last: 1 })]);
      await world.push(1, [makeGauge('up', { ...atMinute(1), last: 0 })]);
      expect(valuesOf(world, 'up{instance="i-1",job="shop/cart"}')).toEqual([1, 0]);
    },
    async Counter(world) {
      for (const [at, level] of [3, 3, 10, 11].entries()) await world.push(at, [counter(at, level)]);
      expect([valuesOf(world), timesOf(world)]).toEqual([
        [0, 3, 3, 10, 11],
        [-1, 0, 1, 2, 3],
      ]);
      expect(increaseOf(world.mimir.series().get(REQUESTS)!)).toBe(11);
    },
    async Gauge(world) {
      for (const [at, last] of [3, -3, 0.1].entries())
        await world.push(at, [makeGauge('g', { ...atMinute(at), last, resumedTickMs: TICK_MS })]);
      expect(valuesOf(world, 'g{instance="i-1",job="shop/cart"}')).toEqual([3, -3, 0.1]);
    },
    async Histogram(world) {
      const shape = { bounds: [0.5, 1], sum: 2, resumedTickMs: TICK_MS };
      await world.push(0, [makeHistogram('h', { ...shape, buckets: [1, 2, 2] })]);
      await world.push(1, [makeHistogram('h', { ...shape, ...atMinute(1), buckets: [1, 2, 4], sum: 9 })]);
      const shown = [...world.mimir.series()].map(([text, points]) => [
        text.replace('instance="i-1",job="shop/cart"', ''),
        points.map(({ value }) => value),
      ]);
      expect(Object.fromEntries(shown)).toEqual({
        'h_bucket{,le="0.5"}': [0, 1, 1],
        'h_bucket{,le="1.0"}': [0, 2, 2],
        'h_bucket{,le="+Inf"}': [0, 2, 4],
        'h_count{}': [0, 2, 4],
        'h_sum{}': [0, 2, 9],
      });
    },
    async Summary(world) {
      await world.push(0, [
        makeSummary('s', { quantiles: [{ quantile: 0.99, value: 3 }], sum: 9, count: 4 }),
      ]);
      expect([...world.mimir.series().keys()].map((text) => text.split('{')[0])).toEqual([
        's',
        's_count',
        's_sum',
      ]);
    },
    async Metadata(world) {
      await world.push(0, [counter(0, 1)]);
      expect(world.mimir.metadata().get('requests_total')).toEqual({
        type: 1,
        help: 'Requests.',
        unit: '{request}',
      });
    },
    async Timestamps(world) {
      await world.push(0, [counter(0, 1)]);
      await world.push(1, [counter(1, 1)]);
      expect(timesOf(world)).toEqual([-1, 0, 1]);
      const started = world.mimir
        .series()
        .get(REQUESTS)!
        .map(({ startMs }) => startMs > 0);
      expect(started).toEqual(protocol === '1.0' ? [false, false, false] : [false, true, true]);
    },
    async Ordering(world) {
      for (let at = 0; at < 5; at++) await world.push(at, [counter(at, at), counter(at, at, { zone: 'b' })]);
      expect(timesOf(world)).toEqual([-1, 0, 1, 2, 3, 4]);
      expect(world.mimir.statuses()).toEqual(new Map([[204, world.mimir.requests().length]]));
    },
    async Staleness(world) {
      await world.push(0, [counter(0, 7)]);
      const silent = (at: number): SeriesSnapshot => ({
        ...counter(0, 7),
        changedTickMs: TICK_MS,
        id: counter(at, 7).id,
      });
      for (const at of [59, 60, 61, 62]) await world.push(at, [silent(at)]);
      expect(valuesOf(world)).toEqual([0, 7, 7, 'stale']);
    },
    async StalenessOfWhatIsGone(world) {
      await world.push(0, [counter(0, 7), counter(0, 1, { zone: 'b' })]);
      await world.push(1, [counter(1, 8)]);
      await world.push(2, [counter(2, 8)]);
      expect(valuesOf(world, 'requests_total{instance="i-1",job="shop/cart",zone="b"}')).toEqual([
        0,
        1,
        'stale',
      ]);
    },
    async Exemplar(world) {
      const labels = [{ name: 'trace_id', value: 'ab'.repeat(16) }];
      const exemplars = [{ labels, value: 1, timeMs: TICK_MS - 5 }];
      await world.push(0, [makeCounter('requests_total', { level: 1, exemplars })]);
      await world.push(1, [makeCounter('requests_total', { ...atMinute(1), level: 1, exemplars })]);
      expect(world.mimir.exemplars().get(REQUESTS)).toEqual([
        { labels: [['trace_id', 'ab'.repeat(16)]], value: 1, timeMs: TICK_MS - 5 },
      ]);
    },
    async Batching(world) {
      const series = Array.from({ length: 4100 }, (_, i) => counter(0, i, { id: String(i) }));
      expect(await world.push(0, series)).toMatchObject({ status: 'pushed', samples: 8200 });
      const sizes = world.mimir.requests().map(({ request }) => request.series.length);
      expect(sizes.filter((size) => size > 0).sort()).toEqual([100, 100, 2000, 2000, 2000, 2000]);
      expect(world.mimir.series().size).toBe(4100);
    },
    async NativeHistogram(world) {
      const native = {
        scale: 3,
        zeroThreshold: 0,
        zeroCount: 1,
        positive: new Map([[7, 2]]),
        negative: new Map(),
      };
      const series = makeHistogram('h', { bounds: [1], buckets: [1, 3], sum: 4, native });
      await world.push(0, [series]);
      expect([...world.mimir.series().keys()]).toContain('h_bucket{instance="i-1",job="shop/cart",le="1.0"}');
    },
    async EmptyScrape(world) {
      expect(await world.push(0, [])).toEqual({ status: 'pushed', samples: 0 });
      expect(world.mimir.requests()).toEqual([]);
    },
    async UnicodeAndLargeValues(world) {
      const value = `${'ä\u{1f600}"\\\n'.repeat(2000)}`;
      await world.push(0, [makeGauge('g', { last: 1, labels: { text: value } })]);
      expect(world.mimir.requests()[0]!.request.series[0]!.labels.at(-1)).toEqual(['text', value]);
    },
  };
  test.each(Object.entries(cases))('%s', async (_name, run) => {
    const world = await createRemoteWriteWorld({ allowUtf8Names: _name === 'SortedLabels' }, { protocol });
    await run(world);
    expect(world.mimir.violations()).toEqual([]);
  });
});

describe.each(VERSIONS)('faults under remote write %s', (protocol) => {
  const REST = [counter(0, 5)];

  test.each([500, 502, 503, 504])('Retries%i: it is tried again, and says so', async (status) => {
    const world = await createRemoteWriteWorld({}, { protocol });
    world.mimir.answerNext(status);
    world.mimir.answerNext(status);
    expect(await world.push(0, REST)).toMatchObject({ status: 'pushed' });
    const attempts = world.mimir.requests().map(({ headers }) => headers['retry-attempt']);
    expect(attempts.slice(0, 3)).toEqual([undefined, '1', '2']);
    expect(world.clock.slept).toHaveLength(2);
    expect(world.clock.slept[1]!).toBeGreaterThan(world.clock.slept[0]!);
    expect(valuesOf(world)).toEqual([0, 5]);
  });

  test.each([400, 401, 403, 404, 408, 409, 410, 422, 425])(
    'NoRetry%i: it is not tried again',
    async (status) => {
      const world = await createRemoteWriteWorld({}, { protocol });
      await world.push(0, REST);
      const before = world.mimir.requests().length;
      world.mimir.answerNext(status, { body: 'no, because' });
      await world.push(1, [counter(1, 6)]);
      expect(
        world.mimir
          .requests()
          .slice(before)
          .map(({ request }) => request.series.length)
          .filter(Boolean),
      ).toEqual([1]);
      expect(world.clock.slept).toEqual([]);
      expect(world.lines.join()).toContain('no, because');
      await world.push(2, [counter(2, 8)]);
      expect(increaseOf(world.mimir.series().get(REQUESTS)!)).toBe(8);
    },
  );

  test('Retry429: the time that Retry-After names is waited for', async () => {
    const world = await createRemoteWriteWorld({}, { protocol });
    world.mimir.answerNext(429, { retryAfter: '7' });
    await world.push(0, REST);
    expect(world.clock.slept).toEqual([7000]);
    expect(valuesOf(world)).toEqual([0, 5]);
  });

  test('Retry429: more patience than a tick has is left to the next tick', async () => {
    const world = await createRemoteWriteWorld({}, { protocol });
    world.mimir.answerNext(429, { retryAfter: '600' });
    expect(await world.push(0, REST)).toMatchObject({ status: 'failed', retryAfterMs: 600_000 });
    expect(world.clock.slept).toEqual([]);
    await world.push(1, [counter(1, 6)]);
    expect([valuesOf(world), timesOf(world)]).toEqual([
      [0, 6],
      [-1, 1],
    ]);
  });

  test('RetriesEnd: after two retries the next tick sends the totals', async () => {
    const world = await createRemoteWriteWorld({}, { protocol });
    await world.push(0, REST);
    world.mimir.faults.setRandom(1, ['unavailable']);
    expect(await world.push(1, [counter(1, 8)])).toMatchObject({ status: 'failed' });
    expect(world.mimir.faults.counts().get('unavailable')).toBe(3);
    world.mimir.faults.setRandom(0);
    await world.push(2, [counter(2, 9)]);
    expect(valuesOf(world)).toEqual([0, 5, 9]);
    expect(world.lines.filter((line) => line.includes('works again'))).toHaveLength(1);
  });

  test.each(['reset', 'timeout', 'reset-after'] as const)(
    'Network: a connection that ends in %s',
    async (fault) => {
      const world = await createRemoteWriteWorld({}, { protocol, timeoutMs: 150 });
      world.mimir.faults.failNext(fault);
      await world.push(0, REST);
      world.mimir.faults.failNext(fault);
      await world.push(1, [counter(1, 9)]);
      expect(increaseOf(world.mimir.series().get(REQUESTS)!)).toBe(9);
      expect(world.mimir.statuses().get(400)).toBeUndefined();
    },
  );

  test('TooLarge: requests are halved until the receiver takes them', async () => {
    const world = await createRemoteWriteWorld({ maxBodyBytes: 3000 }, { protocol });
    const series = Array.from({ length: 400 }, (_, i) => counter(0, i, { id: String(i * 7919) }));
    expect(await world.push(0, series)).toMatchObject({ status: 'pushed', samples: 800 });
    expect(world.mimir.series().size).toBe(400);
  });

  test.each([true, false])(
    'one bad sample costs no other one (receiver keeps good samples: %s)',
    async (keepsGoodSamples) => {
      const world = await createRemoteWriteWorld({ keepsGoodSamples }, { protocol });
      const many = (at: number) =>
        Array.from({ length: 300 }, (_, i) => counter(at, at * 10 + i, { id: String(i) }));
      await world.push(0, many(0));
      const stray = `requests_total{id="7",instance="i-1",job="shop/cart"}`;
      (world.mimir.series().get(stray) as WrittenPoint[]).push({
        ...world.mimir.series().get(stray)![0]!,
        timeMs: TICK_MS + 5 * MINUTE_MS,
      });
      expect(await world.push(1, many(1))).toMatchObject({ status: 'pushed' });
      const behind = [...world.mimir.series()].filter(
        ([, points]) => points.at(-1)!.timeMs < TICK_MS + MINUTE_MS,
      );
      expect(behind).toEqual([]);
      expect(world.lines.join()).toContain('out of order');
    },
  );

  test('Auth: credentials and tenant travel in headers, and never in the log', async () => {
    const authorization = `Basic ${Buffer.from('12345:s3cret').toString('base64')}`;
    const world = await createRemoteWriteWorld(
      { authorization, isMultiTenant: true },
      { protocol, auth: '12345:s3cret', tenancy: 'org-id' },
    );
    await world.push(0, REST);
    expect(world.mimir.series('default').size).toBe(1);
    const wrong = await createRemoteWriteWorld({ authorization }, { protocol, auth: '12345:wr0ng' });
    expect(await wrong.push(0, REST)).toMatchObject({ status: 'failed' });
    expect(wrong.mimir.statuses()).toEqual(new Map([[401, 1]]));
    expect(wrong.lines.join()).toContain('set up wrongly');
    expect(wrong.lines.join()).not.toContain('wr0ng');
  });
});
