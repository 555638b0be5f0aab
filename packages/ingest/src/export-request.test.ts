import { systemClock } from '@sluice/core/ports/clock';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { describe, expect, test } from 'vitest';
import { type ExportDeps, takeExport } from './export-request.ts';
import { DEFAULT_BODY_LIMITS } from './ingest-limits.ts';
import { createRequestMetrics } from './request-metrics.ts';
import { createMemoryQueue } from './testing/memory-queue.ts';

const deps: ExportDeps = {
  signal: 'traces',
  queue: createMemoryQueue('traces'),
  keys: { required: false },
  deadline: { clock: systemClock, timeoutMs: 30_000 },
  limits: DEFAULT_BODY_LIMITS,
  metrics: createRequestMetrics(createSelfMetrics()),
  nowMs: () => systemClock.nowMs(),
};

function take(headers: Record<string, string>, body: Uint8Array<ArrayBuffer> | string = '') {
  return takeExport(new Request('http://sluice.test/v1/traces', { method: 'POST', headers, body }), deps);
}

describe('a refusal says what would have been taken', () => {
  test.each([
    [
      { 'content-type': 'text/plain' },
      415,
      'content-type "text/plain" is not taken: use application/x-protobuf',
    ],
    [
      { 'content-type': 'application/json', 'content-encoding': 'br' },
      415,
      'content-encoding "br" is not taken',
    ],
  ])('%j', async (headers, httpStatus, message) => {
    expect(await take(headers)).toMatchObject({ httpStatus, message: expect.stringContaining(message) });
  });

  test('a content type that is missing is told to be missing', async () => {
    expect(await take({}, Buffer.from('x'))).toMatchObject({
      message: expect.stringContaining('is missing'),
    });
  });

  test('a header that never ends is cut in the answer', async () => {
    const outcome = await take({ 'content-type': `text/${'x'.repeat(5000)}` });
    expect(outcome.status === 'refused' && outcome.message.length).toBeLessThan(300);
  });

  test('JSON that is malformed is told with its path', async () => {
    const outcome = await take({ 'content-type': 'application/json' }, '{"resourceSpans":7}');
    expect(outcome).toMatchObject({ httpStatus: 400, message: expect.stringContaining('resourceSpans') });
  });
});

describe('a request without items', () => {
  const messageOf = async (body: unknown): Promise<string> => {
    const outcome = await take({ 'content-type': 'application/json' }, JSON.stringify(body));
    if (outcome.status !== 'ok') throw new Error(outcome.message);
    return outcome.partial.message;
  };

  test('is told where the first member stands that nobody reads', async () => {
    expect(await messageOf({ resourceSpans: [{ spans: [{ name: 'n' }], other: 1 }] })).toBe(
      'accepted with warnings: no span was found; $.resourceSpans[0].spans is not known to OTLP and is passed over',
    );
  });

  test('is taken without a word when all of it is known', async () => {
    expect(await messageOf({ resourceSpans: [{ scopeSpans: [{ spans: [] }] }] })).toBe('');
  });
});

test('warnings about the JSON itself come before those about what it says', async () => {
  const span = {
    trace_id: 'a1'.repeat(16),
    spanId: 'b2'.repeat(8),
    name: 'n',
    startTimeUnixNano: '1',
    endTimeUnixNano: '2',
  };
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
  const outcome = await take({ 'content-type': 'application/json' }, body);
  expect(outcome.status === 'ok' && outcome.partial.rejected).toBe(0);
  expect(outcome.status === 'ok' && outcome.partial.message).toMatch(
    /warnings: .*(snake_case|trace_id).*; .*old/,
  );
});
