import { createRemoteWriter } from '@sluice/backends/mimir/remote-writer';
import { encodeSnappy } from '@sluice/backends/snappy';
import { decodeEnvelope } from '@sluice/core/envelope';
import { inflateGzip } from '@sluice/core/gzip';
import type { TenantId } from '@sluice/core/ids';
import { silentLogger } from '@sluice/core/logger';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createHurriedClock } from '@sluice/core/testing/hurried-clock';
import { DEFAULT_METRICS_SETTINGS } from '@sluice/metrics/metrics-settings';
import type { SeriesSnapshot } from '@sluice/metrics/model/snapshot';
import { encodeMetadataV1 } from '@sluice/metrics/remote-write/encode-v1';
import { createSeriesExpander } from '@sluice/metrics/remote-write/expand-series';
import { planPush } from '@sluice/metrics/remote-write/plan-push';
import {
  makeCounter,
  makeGauge,
  makeHistogram,
  makeSnapshot,
  TICK_MS,
} from '@sluice/metrics/testing/make-snapshot';
import { translateMetrics } from '@sluice/metrics/translate/translate-metrics';
import { decodeMetrics } from '@sluice/otlp/decode-metrics';
import { ProtoWriter } from '@sluice/otlp/proto-writer';
import { validateRequest } from '@sluice/otlp/validate';
import { describe, expect, test } from 'vitest';
import { createMemoryQueue } from '../testing/memory-queue.ts';
import { createWriteApp, isRemoteWrite } from './write-app.ts';

const URL_TEXT = 'http://sluice/api/v1/write';

function createSetup(maxInflatedBytes = 1_000_000) {
  const queue = createMemoryQueue('metrics');
  const clock = createHurriedClock(TICK_MS);
  const app = createWriteApp({
    queue,
    keys: { required: false },
    limits: { maxWireBytes: 500_000, maxInflatedBytes },
    nowMs: () => clock.nowMs(),
    selfMetrics: createSelfMetrics(),
    logger: silentLogger,
  });
  const post = (body: Uint8Array, headers: Record<string, string> = {}): Promise<Response> =>
    Promise.resolve(
      app.request(URL_TEXT, {
        method: 'POST',
        body: body as Uint8Array<ArrayBuffer>,
        headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', ...headers },
      }),
    );
  /** Pushes as a Prometheus server would, with our own sender. */
  const push = async (series: readonly SeriesSnapshot[], protocol: '1.0' | '2.0') => {
    const expander = createSeriesExpander();
    const { levels } = planPush(makeSnapshot(series), { expander, announcedTickMs: TICK_MS });
    const writer = createRemoteWriter({
      url: URL_TEXT,
      protocol,
      clock,
      random: () => 0,
      fetch: async (url, init) => app.request(url, init),
    });
    const options = { signal: new AbortController().signal, symbols: expander.symbols() };
    return writer.write('default' as TenantId, levels, options);
  };
  /** What the reducer will see of everything on the queue. */
  const points = async () => {
    const all = await Promise.all(
      queue.sent.map(async (message) => {
        const envelope = decodeEnvelope(message);
        const bytes = await inflateGzip(envelope.gzip);
        expect(validateRequest('metrics', bytes, { nowMs: TICK_MS })).toMatchObject({
          status: 'ok',
          items: envelope.items,
          rejected: 0,
        });
        const translated = translateMetrics(decodeMetrics(bytes), DEFAULT_METRICS_SETTINGS, {
          receivedAtMs: TICK_MS,
        });
        expect(translated.rejected).toEqual([]);
        return translated.points;
      }),
    );
    return all.flat();
  };
  return { app, queue, post, push, points };
}

interface RawSeries {
  readonly labels: readonly (readonly [string, string])[];
  readonly value?: number;
  readonly timeMs?: number;
  readonly isHistogram?: boolean;
}

function encodeV1(series: readonly RawSeries[]): Uint8Array {
  const writer = new ProtoWriter();
  for (const { labels, value = 1, timeMs = TICK_MS, isHistogram = false } of series) {
    const own = writer.begin(1);
    for (const [name, text] of labels) {
      const label = writer.begin(1);
      writer.string(1, name);
      writer.string(2, text);
      writer.end(label);
    }
    const sample = writer.begin(isHistogram ? 4 : 2);
    if (!isHistogram) writer.double(1, value);
    if (!isHistogram) writer.uint(2, timeMs);
    writer.end(sample);
    writer.end(own);
  }
  return encodeSnappy(writer.finish());
}

const name = (text: string): readonly [string, string] => ['__name__', text];

describe.each(['1.0', '2.0'] as const)('remote write %s', (protocol) => {
  test('arrives with names, labels and values as they were sent', async () => {
    const setup = createSetup();
    const sent = [
      makeCounter('node__cpu_seconds_total', { level: 12.5, labels: { cpu: '0', _odd: 'x' } }),
      makeGauge('job:load:avg', { last: -3 }),
      makeHistogram('rpc', { bounds: [0.5], buckets: [2, 3], sum: 4 }),
    ];
    expect(await setup.push(sent, protocol)).toEqual({ status: 'ok', written: 6, refused: [] });
    const seen = (await setup.points()).map((point) => [
      point.series.labels.map(({ name: label, value }) => `${label}=${value}`).join(' '),
      point.series.family.kind,
      point.type === 'number' ? point.value : point.type,
    ]);
    const ids = 'instance=i-1 job=shop/cart';
    expect(seen.sort()).toEqual(
      [
        [`__name__=node__cpu_seconds_total _odd=x cpu=0 ${ids}`, 'counter', 12.5],
        [`__name__=job:load:avg ${ids}`, 'gauge', -3],
        [`__name__=rpc_bucket ${ids} le=0.5`, 'counter', 2],
        [`__name__=rpc_bucket ${ids} le=+Inf`, 'counter', 3],
        [`__name__=rpc_count ${ids}`, 'counter', 3],
        [`__name__=rpc_sum ${ids}`, 'gauge', 4],
      ].sort(),
    );
  });

  test('a stale marker is the end of the series, and a resend has the same message ids', async () => {
    const setup = createSetup();
    const ended = makeCounter('c_total', { level: 1, changedTickMs: TICK_MS - 3_600_000 });
    await setup.push([ended], protocol);
    await setup.push([ended], protocol);
    expect((await setup.points()).map(({ type }) => type)).toEqual(['stale', 'stale']);
    expect(new Set(setup.queue.sent.map(({ attributes }) => attributes.id)).size).toBe(1);
  });
});

test('metadata of 1.0 tells counters and gauges apart for the requests after it', async () => {
  const { post, points } = createSetup();
  const families = new Map([
    ['weird', { kind: 'counter', help: 'Says so.', unit: '' } as const],
    ['falling_total', { kind: 'gauge', help: '', unit: '' } as const],
  ]);
  expect((await post(encodeSnappy(encodeMetadataV1(families)))).status).toBe(204);
  await post(encodeV1([{ labels: [name('weird')] }, { labels: [name('falling_total')] }]));
  const kinds = (await points()).map(({ series }) => [
    series.family.name,
    series.family.kind,
    series.family.help,
  ]);
  expect(kinds).toEqual([
    ['weird', 'counter', 'Says so.'],
    ['falling_total', 'gauge', ''],
  ]);
});

test.each([
  ['without a name', { labels: [['a', 'b']] as const }, 'series-without-name'],
  ['with a label twice', { labels: [name('x'), ['a', '1'], ['a', '2']] as const }, 'duplicate-label'],
  ['with a nameless label', { labels: [name('x'), ['', '1']] as const }, 'label-without-name'],
  ['whose sample has no time', { labels: [name('x')], timeMs: 0 }, 'sample-without-time'],
  ['that is a native histogram', { labels: [name('x')], isHistogram: true }, 'native-histogram-not-taken'],
  [
    'with too many labels',
    { labels: [name('x'), ...Array.from({ length: 200 }, (_, i) => [`l${i}`, '1'] as const)] },
    'too-many-labels',
  ],
])('a series %s is left out by name, and the rest is stored', async (_what, bad, reason) => {
  const { post, points } = createSetup();
  const response = await post(encodeV1([{ labels: [name('good')] }, bad]));
  expect([response.status, await response.text()]).toEqual([400, expect.stringContaining(`1 × ${reason}`)]);
  expect((await points()).map(({ series }) => series.family.name)).toEqual(['good']);
});

test.each([
  ['another type', encodeV1([]), { 'content-type': 'application/json' }, 415],
  ['another message', encodeV1([]), { 'content-type': 'application/x-protobuf;proto=some.Other' }, 415],
  ['another coding', encodeV1([]), { 'content-encoding': 'gzip' }, 415],
  ['no snappy', Buffer.from('\xff\xff\xff\xff\xff\xff\xff'), {}, 413],
  ['a damaged block', Buffer.from([5, 0xff, 0xff]), {}, 400],
  ['no protobuf', encodeSnappy(Buffer.from('hello, world')), {}, 400],
  ['a bomb', encodeSnappy(new Uint8Array(2_000_000)), {}, 413],
  ['too much on the wire', new Uint8Array(600_000), {}, 413],
  [
    'a message of 1.0 under the name of 2.0',
    encodeV1([{ labels: [name('x')] }]),
    { 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' },
    400,
  ],
  [
    'symbols that are not there',
    encodeSnappy(Buffer.from([0x22, 0, 0x2a, 4, 0x0a, 2, 1, 2])),
    { 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' },
    400,
  ],
])('%s is refused with the reason, and nothing is queued', async (_what, body, headers, status) => {
  const { post, queue } = createSetup();
  const response = await post(body, headers as Record<string, string>);
  expect(response.status).toBe(status);
  expect((await response.text()).length).toBeGreaterThan(20);
  expect(queue.sent).toEqual([]);
});

test('other methods are refused, and only this path is taken', async () => {
  const { app } = createSetup();
  const response = await app.request(URL_TEXT);
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  expect(isRemoteWrite({ url: `${URL_TEXT}/` })).toBe(true);
  expect(isRemoteWrite({ url: 'http://sluice/v1/metrics' })).toBe(false);
});
