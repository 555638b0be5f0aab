import type { TenantId } from '@sluice/core/ids';
import type { PushResult, TelemetryPart } from '@sluice/core/ports/sink';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { afterEach, describe, expect, test } from 'vitest';
import { createFakeLoki, type FakeLoki, type FakeLokiOptions } from '../testing/fake-loki.ts';
import { encodeLogs, makeShopLogs, type PlainRecord } from '../testing/log-requests.ts';
import { makePart } from '../testing/telemetry-part.ts';
import { createLokiSink, type LokiSinkOptions } from './loki-sink.ts';

const NOW_MS = 1_767_225_600_000;
const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
const HOUR_NS = 3_600_000_000_000n;
const TENANT = 'default' as TenantId;

const open: FakeLoki[] = [];
afterEach(async () => {
  for (const loki of open.splice(0)) await loki.close();
});

async function setUp(fake: FakeLokiOptions = {}, options: Partial<LokiSinkOptions> = {}) {
  const loki = await createFakeLoki({ nowMs: () => NOW_MS, ...fake });
  open.push(loki);
  const clock = createFakeClock(NOW_MS);
  const sink = createLokiSink({ url: loki.url, fetch, clock, timeoutMs: 20_000, ...options });
  const push = (...parts: readonly TelemetryPart[]): Promise<PushResult> =>
    sink.push(TENANT, parts, { signal: new AbortController().signal });
  return { loki, push };
}

function part(records: readonly PlainRecord[], service = 'api-gateway'): TelemetryPart {
  const raw = encodeLogs([{ resource: { 'service.name': service, 'service.namespace': 'loom' }, records }]);
  return makePart(raw, { signal: 'logs', receivedAtMs: NOW_MS, items: records.length });
}

test('records arrive with labels, ids beside the line and the time of the record', async () => {
  const { loki, push } = await setUp();
  const record = {
    timeNs: NOW_NS + 123_456_789n,
    severityNumber: 17,
    body: 'payment failed',
    attributes: { device_id: 'DEV-001', tracking_id: 'abc123' },
    traceId: '0102030405060708090a0b0c0d0e0f10',
    spanId: '0102030405060708',
  };
  expect(await push(part([record]))).toEqual({ status: 'ok' });
  const [entry] = loki.entries();
  expect(entry?.labels).toBe('{app="loom", job="api-gateway", namespace="loom", service="api-gateway"}');
  expect(entry?.timeNs).toBe(record.timeNs);
  expect(entry?.structuredMetadata).toEqual([
    ['trace_id', record.traceId],
    ['span_id', record.spanId],
    ['tracking_id', 'abc123'],
  ]);
  expect(entry?.line).toContain('"message":"payment failed"');
  expect(entry?.line).toMatch(/\} tracking_id="abc123" device_id=DEV-001$/);
});

test('where a label tells tenants apart, every stream has it, late ones too', async () => {
  const { loki, push } = await setUp({ maxBehindMs: 3_600_000 }, { tenancy: 'label' });
  await push(part([{ timeNs: NOW_NS, body: 'now' }]));
  expect(await push(part([{ timeNs: NOW_NS - 3n * HOUR_NS, body: 'then' }]))).toMatchObject({ status: 'ok' });
  const labels = loki.entries().map((entry) => entry.labels);
  expect(labels).toHaveLength(2);
  for (const text of labels) expect(text).toContain('sluice_tenant="default"');
  expect(labels.filter((text) => text.includes('late="true"'))).toHaveLength(1);
});

test('the same message pushed twice is the same bytes and one set of lines', async () => {
  const { loki, push } = await setUp();
  const raw = makeShopLogs({ records: 200, seed: 7, startNs: NOW_NS - HOUR_NS / 4n });
  const message = makePart(raw, { signal: 'logs', receivedAtMs: NOW_MS });
  await push(message);
  await push(message);
  expect(loki.entries()).toHaveLength(200);
  expect(loki.duplicates()).toBe(200);
  expect(Buffer.compare(loki.bodies()[0]!, loki.bodies()[1]!)).toBe(0);
});

test('a message gives the same entries alone and joined with others', async () => {
  const { loki, push } = await setUp();
  const first = part([{ timeNs: NOW_NS, body: 'a' }, { timeNs: NOW_NS, body: 'a' }, { body: 'no time' }]);
  const second = part([
    { timeNs: NOW_NS, body: 'a' },
    { timeNs: NOW_NS - 5n, body: 'b' },
    { body: 'no time either' },
  ]);
  await push(first);
  await push(second);
  const alone = loki.entries().length;
  await push(second, first);
  expect(loki.entries()).toHaveLength(alone);
});

test('equal lines at one time within a message are all kept, a nanosecond apart', async () => {
  const { loki, push } = await setUp();
  const tick = { timeNs: NOW_NS, body: 'tick' };
  await push(part([tick, { timeNs: NOW_NS, body: 'tock' }, tick, tick]));
  expect(loki.entries().map(({ timeNs, line }) => [timeNs - NOW_NS, /t[io]ck/.exec(line)?.[0]])).toEqual([
    [0n, 'tick'],
    [0n, 'tock'],
    [1n, 'tick'],
    [2n, 'tick'],
  ]);
});

test('records without a time get that of the observation, then that of the receipt, in order', async () => {
  const { loki, push } = await setUp();
  await push(part([{ body: 'first' }, { body: 'second' }, { observedNs: NOW_NS - 60n, body: 'observed' }]));
  expect(loki.entries().map(({ timeNs }) => timeNs - NOW_NS)).toEqual([-60n, 0n, 1n]);
});

test('entries of a stream are sent in the order of their times', async () => {
  const { loki, push } = await setUp({ maxBehindMs: 3_600_000 });
  await push(
    part(
      [5n, 3n, 4n, 1n, 2n].map((minute) => ({
        timeNs: NOW_NS - HOUR_NS + minute * 60_000_000_000n,
        body: `m${minute}`,
      })),
    ),
  );
  const sent = loki.entries();
  expect(sent.map(({ line }) => /m\d/.exec(line)?.[0])).toEqual(['m1', 'm2', 'm3', 'm4', 'm5']);
});

test('lines of 127 bytes to 200 KB are framed rightly', async () => {
  const { loki, push } = await setUp();
  const bodies = [0, 1, 60, 128, 15_900, 16_100, 16_400, 70_000, 200_000].map((size) => 'x'.repeat(size));
  await push(part(bodies.map((body, i) => ({ timeNs: NOW_NS + BigInt(i), body }))));
  expect(loki.entries().map(({ line }) => JSON.parse(line).message)).toEqual(bodies);
});

describe('entries that Loki refuses', () => {
  test('too far behind: they go to a stream with late="true", the others stay, nothing is doubled', async () => {
    const { loki, push } = await setUp();
    await push(part([{ timeNs: NOW_NS, body: 'head' }]));
    const result = await push(
      part([
        { timeNs: NOW_NS - 3n * HOUR_NS, body: 'late 1' },
        { timeNs: NOW_NS - 2n * HOUR_NS, body: 'late 2' },
        { timeNs: NOW_NS - 1n, body: 'in time' },
      ]),
      part([{ timeNs: NOW_NS - 4n * HOUR_NS, body: 'other service' }], 'workflow-agent'),
    );
    expect(result).toEqual({
      status: 'ok',
      warning: '2 lines went to streams with late="true": too far behind',
    });
    const byStream = loki
      .entries()
      .map(({ labels, line }) => [
        labels.includes('late="true"'),
        JSON.parse(line.replace(/\}[^}]*$/, '}')).message,
      ]);
    expect(byStream).toEqual([
      [false, 'other service'],
      [true, 'late 1'],
      [true, 'late 2'],
      [false, 'in time'],
      [false, 'head'],
    ]);
  });

  test('too far behind in several streams at once: each is found', async () => {
    const { loki, push } = await setUp();
    const heads = ['a', 'b', 'c'].map((service) => part([{ timeNs: NOW_NS, body: 'head' }], service));
    await push(...heads);
    const late = ['a', 'b', 'c'].map((service) =>
      part([{ timeNs: NOW_NS - 5n * HOUR_NS, body: 'late' }], service),
    );
    expect((await push(...late)).status).toBe('ok');
    expect(loki.entries().filter(({ labels }) => labels.includes('late="true"'))).toHaveLength(3);
    expect(loki.entries()).toHaveLength(6);
  });

  test('too far behind even the late stream: tried again once that may have been flushed', async () => {
    const { push } = await setUp();
    await push(part([{ timeNs: NOW_NS, body: 'head' }]));
    await push(part([{ timeNs: NOW_NS - 2n * HOUR_NS, body: 'late' }]));
    const result = await push(part([{ timeNs: NOW_NS - 20n * HOUR_NS, body: 'later' }]));
    expect(result).toMatchObject({ status: 'retryable', retryAfterMs: 1_800_000 });
  });

  test('too old: permanent, while the other entries of the push are taken', async () => {
    const { loki, push } = await setUp();
    const result = await push(
      part([
        { timeNs: NOW_NS - 200n * HOUR_NS, body: 'ancient' },
        { timeNs: NOW_NS, body: 'fresh' },
      ]),
    );
    expect(result.status).toBe('permanent');
    expect(result).toHaveProperty('reason', expect.stringContaining('timestamp too old'));
    expect(loki.entries()).toHaveLength(1);
  });

  test('a clock that is 30 minutes ahead is waited for, one that is a day ahead is not', async () => {
    const { push } = await setUp();
    expect(await push(part([{ timeNs: NOW_NS + HOUR_NS / 2n, body: 'soon' }]))).toMatchObject({
      status: 'retryable',
      retryAfterMs: 1_800_000,
    });
    expect(await push(part([{ timeNs: NOW_NS + 24n * HOUR_NS, body: 'tomorrow' }]))).toMatchObject({
      status: 'permanent',
    });
  });

  test('a 10 MB line is cut to what Loki takes, with a mark', async () => {
    const { loki, push } = await setUp();
    expect(await push(part([{ timeNs: NOW_NS, body: 'ä'.repeat(5_000_000) }]))).toEqual({ status: 'ok' });
    const record = JSON.parse(loki.entries()[0]!.line);
    expect(record.truncated).toBe(true);
    expect(record.message).toMatch(/^ä+…\[\d+ bytes cut\]$/);
  });
});

describe('answers', () => {
  const cases: readonly [string, FakeLokiOptions, Partial<LokiSinkOptions>, object][] = [
    [
      'a wrong key is a matter of the set-up',
      { authorization: 'Bearer right' },
      { auth: 'wrong' },
      { status: 'retryable', misconfigured: true },
    ],
    [
      'a missing tenant is a matter of the set-up',
      { isMultiTenant: true },
      {},
      { status: 'retryable', misconfigured: true },
    ],
    [
      'a tenant and a key are sent',
      { isMultiTenant: true, authorization: 'Bearer right' },
      { auth: 'right', tenancy: 'org-id' },
      { status: 'ok' },
    ],
    ['a push above the rate limit is too large', { rateBytes: 100 }, {}, { status: 'too-large' }],
    ['a body above the limit is too large', { maxBodyBytes: 10 }, {}, { status: 'too-large' }],
    ['a lower limit on lines is permanent', { maxLineBytes: 50 }, {}, { status: 'permanent' }],
  ];
  test.each(cases)('%s', async (_name, fake, options, expected) => {
    const { push } = await setUp(fake, options);
    expect(await push(part([{ timeNs: NOW_NS, body: 'hello' }]))).toMatchObject(expected);
  });

  test.each([
    'rate-limited',
    'unavailable',
    'bad-gateway',
    'internal-error',
    'timeout',
    'reset',
    'reset-after',
  ] as const)('after %s a second try brings the lines, once', async (fault) => {
    const { loki, push } = await setUp();
    // Impatient only where nothing comes: a busy machine is no outage.
    const timeoutMs = fault === 'timeout' ? 50 : 20_000;
    const first = createLokiSink({ url: loki.url, fetch, clock: createFakeClock(NOW_MS), timeoutMs });
    loki.faults.failNext(fault);
    const message = part([{ timeNs: NOW_NS, body: 'hello' }]);
    const { status } = await first.push(TENANT, [message], { signal: new AbortController().signal });
    expect(status).toBe('retryable');
    expect(await push(message)).toEqual({ status: 'ok' });
    expect(loki.entries()).toHaveLength(1);
  });

  test('a line limit set lower on our side fits a Loki with lower limits', async () => {
    const { loki, push } = await setUp({ maxLineBytes: 2048 }, { maxLineBytes: 2048 });
    expect(await push(part([{ timeNs: NOW_NS, body: 'x'.repeat(10_000) }]))).toEqual({ status: 'ok' });
    expect(loki.entries()[0]!.line.length).toBeLessThanOrEqual(2048);
  });
});

test('bytes that are no OTLP are permanent', async () => {
  const { push } = await setUp();
  expect(await push(makePart(Uint8Array.of(0x0a, 0xff), { signal: 'logs' }))).toMatchObject({
    status: 'permanent',
  });
});

test('a message without records needs no push', async () => {
  const { loki, push } = await setUp();
  expect(await push(makePart(encodeLogs([]), { signal: 'logs' }))).toEqual({ status: 'ok' });
  expect(loki.requests()).toBe(0);
});

test('a web page in the place of an answer is no success: the address may be wrong', async () => {
  const { loki, push } = await setUp();
  loki.faults.failNext('garbage');
  const message = part([{ timeNs: NOW_NS, body: 'a' }]);
  expect(await push(message)).toMatchObject({
    status: 'retryable',
    misconfigured: true,
    reason: expect.stringContaining('web page'),
  });
  expect(await push(message)).toEqual({ status: 'ok' });
});
