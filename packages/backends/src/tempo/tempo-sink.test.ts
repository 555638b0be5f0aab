import { gzipSync } from 'node:zlib';
import { PermanentError } from '@sluice/core/errors';
import { parseTenantId } from '@sluice/core/ids';
import { systemClock } from '@sluice/core/ports/clock';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createRandom } from '@sluice/core/testing/random';
import { makeTraceRequest } from '@sluice/otlp/testing/requests';
import { afterEach, describe, expect, test } from 'vitest';
import { createFakeTempo, type FakeTempo, type FakeTempoOptions } from '../testing/fake-tempo.ts';
import { makePart } from '../testing/telemetry-part.ts';
import { probeGzipJoin } from './probe-gzip-join.ts';
import { createTempoSink, type TempoSinkOptions } from './tempo-sink.ts';

const tenant = parseTenantId('acme');
const open: FakeTempo[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((tempo) => tempo.close()));
});

async function startTempo(options: FakeTempoOptions = {}): Promise<FakeTempo> {
  const tempo = await createFakeTempo(options);
  open.push(tempo);
  return tempo;
}

const sinkTo = (tempo: FakeTempo, options: Partial<TempoSinkOptions> = {}) =>
  createTempoSink({ url: tempo.url, fetch, clock: systemClock, timeoutMs: 5000, ...options });
const parts = (count: number, spans = 20) =>
  Array.from({ length: count }, (_, index) =>
    makePart(makeTraceRequest({ spans, seed: index + 1 }), { items: spans }),
  );
const signal = new AbortController().signal;

describe('the Tempo sink', () => {
  test.each([
    ['compressed anew', false],
    ['joined as they are', true],
  ])('every span of several messages arrives once, %s', async (_name, joinGzip) => {
    const tempo = await startTempo();
    expect(await sinkTo(tempo, { joinGzip }).push(tenant, parts(5), { signal })).toEqual({ status: 'ok' });
    expect([tempo.spans().length, tempo.duplicates(), tempo.requests()]).toEqual([100, 0, 1]);
  });

  test('what a reader of one gzip member gets shows why joining is an option', async () => {
    const tempo = await startTempo({ readsOneMember: true });
    await sinkTo(tempo, { joinGzip: true }).push(tenant, parts(5), { signal });
    expect(tempo.spans()).toHaveLength(20);
  });

  test('signs in, and names the tenant where the destination has several', async () => {
    const tempo = await startTempo({ authorization: 'Bearer t0ken', isMultiTenant: true });
    const sink = sinkTo(tempo, { auth: 't0ken', tenancy: 'org-id' });
    expect(await sink.push(tenant, parts(1), { signal })).toEqual({ status: 'ok' });
    expect(tempo.spans('acme')).toHaveLength(20);
    const stranger = await sinkTo(tempo, { auth: 'wr0ng' }).push(tenant, parts(1), { signal });
    expect(stranger).toMatchObject({ status: 'retryable', misconfigured: true });
  });

  test('a push above the size limit is too large, and so is one with a trace that has outgrown its limit', async () => {
    const small = await startTempo({ maxBodyBytes: 10_000 });
    expect(await sinkTo(small).push(tenant, parts(5), { signal })).toMatchObject({ status: 'too-large' });
    const strict = await startTempo({ maxBytesPerTrace: 1000 });
    expect(await sinkTo(strict).push(tenant, parts(1), { signal })).toMatchObject({
      status: 'too-large',
      reason: expect.stringContaining('TRACE_TOO_LARGE'),
    });
    const busy = await startTempo({ maxLiveTraces: 2 });
    expect(await sinkTo(busy).push(tenant, parts(1), { signal })).toMatchObject({ status: 'retryable' });
    const narrow = await startTempo({ burstBytes: 1000 });
    expect(await sinkTo(narrow).push(tenant, parts(1), { signal })).toMatchObject({ status: 'too-large' });
  });

  test('rejected spans are reported, and nothing is sent again', async () => {
    const tempo = await startTempo({ rejectSpan: ({ kind }) => kind === 1 });
    const result = await sinkTo(tempo).push(tenant, parts(1, 50), { signal });
    expect(result).toMatchObject({
      status: 'ok',
      warning: expect.stringMatching(/rejected \d+ of 50 spans/),
    });
  });

  test.each([
    ['rate-limited', { status: 'retryable', retryAfterMs: 2000 }],
    ['unavailable', { status: 'retryable' }],
    ['bad-gateway', { status: 'retryable' }],
    ['internal-error', { status: 'retryable' }],
    ['bad-request', { status: 'permanent' }],
    ['unauthorized', { status: 'retryable', misconfigured: true }],
    ['reset', { status: 'retryable' }],
    ['reset-after', { status: 'retryable' }],
    ['garbage', { status: 'retryable', misconfigured: true }],
  ] as const)('%s means %j', async (fault, expected) => {
    const tempo = await startTempo();
    tempo.faults.failNext(fault);
    const sink = sinkTo(tempo);
    expect(await sink.push(tenant, parts(2), { signal })).toMatchObject(expected);
    expect(await sink.push(tenant, parts(2), { signal })).toEqual({ status: 'ok' });
    expect(tempo.spans()).toHaveLength(40);
  });

  test('an answer that does not come in time is a fault that time can cure', async () => {
    const tempo = await startTempo();
    tempo.faults.failNext('timeout');
    expect(await sinkTo(tempo, { timeoutMs: 100 }).push(tenant, parts(1), { signal })).toEqual({
      status: 'retryable',
      reason: 'tempo: no answer within 100 ms',
    });
  });

  test('a stop in mid-flight leaves the messages for later', async () => {
    const tempo = await startTempo();
    tempo.faults.failNext('timeout');
    const stop = new AbortController();
    const push = sinkTo(tempo).push(tenant, parts(1), { signal: stop.signal });
    setTimeout(() => stop.abort(), 20);
    expect(await push).toEqual({ status: 'retryable', reason: 'tempo: stopped before the answer came' });
  });

  test('nobody listening is retryable, without credentials in the reason', async () => {
    const sink = createTempoSink({ url: 'http://me:hidden@127.0.0.1:1', fetch, clock: systemClock });
    const result = await sink.push(tenant, parts(1), { signal });
    expect(result.status).toBe('retryable');
    expect(JSON.stringify(result)).not.toContain('hidden');
  });

  test('a redirect is not followed', async () => {
    const sink = createTempoSink({
      url: 'http://tempo.example.com',
      clock: systemClock,
      fetch: async (_url, init) => {
        expect(init.redirect).toBe('manual');
        return new Response(null, { status: 302, headers: { location: 'http://elsewhere' } });
      },
    });
    expect(await sink.push(tenant, parts(1), { signal })).toMatchObject({ misconfigured: true });
  });

  test('a message that cannot be opened is refused for good; other faults are thrown', async () => {
    const tempo = await startTempo();
    const push = (error: Error) =>
      sinkTo(tempo).push(tenant, [{ ...parts(1)[0]!, raw: () => Promise.reject(error) }], { signal });
    expect(await push(new PermanentError('not gzip'))).toEqual({
      status: 'permanent',
      reason: 'tempo: not gzip',
    });
    await expect(push(new Error('disk fault'))).rejects.toThrow('disk fault');
  });

  test('under random faults, sending again until ok brings every span', async () => {
    const tempo = await startTempo({ seed: 7 });
    tempo.faults.setRandom(0.6, [
      'rate-limited',
      'unavailable',
      'reset',
      'reset-after',
      'garbage',
      'unauthorized',
    ]);
    const sink = sinkTo(tempo);
    for (const part of parts(15, 8)) {
      for (let attempt = 0; (await sink.push(tenant, [part], { signal })).status !== 'ok'; attempt++) {
        expect(attempt).toBeLessThan(100);
      }
    }
    expect(tempo.spans()).toHaveLength(120);
    expect(tempo.faults.counts().size).toBe(6);
  });
});

describe('the probe of joined gzip', () => {
  const probe = (tempo: FakeTempo, options: { auth?: string } = {}) => {
    const clock = createFakeClock();
    const sleep = async (ms: number) => clock.set(clock.nowMs() + ms);
    return probeGzipJoin({
      url: tempo.url,
      fetch,
      clock: { nowMs: clock.nowMs, sleep },
      random: createRandom(3).next,
      patienceMs: 3000,
      ...options,
    });
  };

  test('proves a destination that reads every member', async () => {
    expect(await probe(await startTempo())).toEqual({ verdict: 'safe' });
  });

  test('finds out one that stops after the first', async () => {
    expect(await probe(await startTempo({ readsOneMember: true }))).toEqual({
      verdict: 'unsafe',
      reason: 'the span in the second gzip member did not arrive',
    });
  });

  test('a refusal of the body counts against joining, a fault of another kind says nothing', async () => {
    const tempo = await startTempo();
    tempo.faults.failNext('bad-request');
    expect(await probe(tempo)).toMatchObject({ verdict: 'unsafe' });
    tempo.faults.failNext('unavailable');
    expect(await probe(tempo)).toMatchObject({ verdict: 'unknown' });
    tempo.faults.failNext('reset');
    expect(await probe(tempo)).toMatchObject({ verdict: 'unknown' });
  });

  test('spans that cannot be looked up prove nothing', async () => {
    const tempo = await startTempo({ rejectSpan: () => false });
    const lost = await probeGzipJoin({
      url: tempo.url,
      queryUrl: 'http://127.0.0.1:1',
      fetch,
      clock: { nowMs: Date.now, sleep: async () => {} },
      random: createRandom(4).next,
      patienceMs: -1,
    });
    expect(lost).toMatchObject({ verdict: 'unknown', reason: expect.stringContaining('neither trace') });
  });
});

test('a part of several gzip members goes out whole either way', async () => {
  const raws = [makeTraceRequest({ spans: 5, seed: 1 }), makeTraceRequest({ spans: 5, seed: 2 })];
  const part = {
    ...makePart(Buffer.concat(raws), { items: 10 }),
    gzip: Buffer.concat(raws.map((raw) => gzipSync(raw))),
  };
  const tempo = await startTempo();
  await sinkTo(tempo).push(tenant, [part], { signal });
  expect(tempo.spans()).toHaveLength(10);
});
