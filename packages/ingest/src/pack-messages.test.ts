import { gunzipSync, gzipSync } from 'node:zlib';
import { SIGNALS, type Signal } from '@sluice/core/names';
import { makeLogRequest, makeMetricRequest, makeTraceRequest } from '@sluice/otlp/testing/requests';
import { validateRequest } from '@sluice/otlp/validate';
import { describe, expect, test } from 'vitest';
import { packMessages } from './pack-messages.ts';

const MAKE: Readonly<Record<Signal, (items: number) => Uint8Array>> = {
  traces: (spans) => makeTraceRequest({ spans }),
  logs: (records) => makeLogRequest({ records }),
  metrics: (points) => makeMetricRequest({ points }),
};

function countItems(signal: Signal, bytes: Uint8Array): number {
  const validation = validateRequest(signal, bytes, { nowMs: Date.UTC(2026, 0, 1) });
  if (validation.status !== 'ok') throw new Error(validation.message);
  return validation.items;
}

test('what fits travels as one part, with the gzip that it came with', async () => {
  const bytes = MAKE.traces(50);
  const gzip = gzipSync(bytes, { level: 9 });
  const { parts, oversized } = await packMessages('traces', bytes, { items: 50, gzip });
  expect(parts).toHaveLength(1);
  expect(parts[0]!.gzip).toBe(gzip);
  expect(oversized).toBe(0);
});

test.each([50, 1000])('%d spans without gzip are gzipped', async (spans) => {
  const bytes = MAKE.traces(spans);
  const { parts } = await packMessages('traces', bytes, { items: spans });
  expect(gunzipSync(parts[0]!.gzip).equals(bytes)).toBe(true);
});

describe.each(SIGNALS)('%s too large for one message', (signal) => {
  const bytes = MAKE[signal](400);
  const items = countItems(signal, bytes);
  const maxGzipBytes = Math.floor(gzipSync(bytes).length / 5);

  test('are split into parts that fit and together hold all items', async () => {
    const { parts, oversized } = await packMessages(signal, bytes, { items, maxGzipBytes });
    expect(parts.length).toBeGreaterThanOrEqual(5);
    expect(oversized).toBe(0);
    for (const part of parts) {
      expect(part.gzip.length).toBeLessThanOrEqual(maxGzipBytes);
      expect(gunzipSync(part.gzip).equals(part.bytes)).toBe(true);
      expect(countItems(signal, part.bytes)).toBe(part.items);
    }
    expect(parts.reduce((sum, part) => sum + part.items, 0)).toBe(items);
  });

  test('are split in the same way when they are sent again in another compression', async () => {
    const first = await packMessages(signal, bytes, { items, maxGzipBytes });
    const gzip = gzipSync(bytes, { level: 9 });
    const again = await packMessages(signal, bytes, { items, maxGzipBytes, gzip });
    expect(again.parts.map((part) => Buffer.from(part.bytes).toString('base64'))).toEqual(
      first.parts.map((part) => Buffer.from(part.bytes).toString('base64')),
    );
  });
});

test('an item that no message can hold is counted, the others travel', async () => {
  const bytes = MAKE.traces(20);
  const { parts, oversized } = await packMessages('traces', bytes, { items: 20, maxGzipBytes: 700 });
  const packed = parts.reduce((sum, part) => sum + part.items, 0);
  expect(packed + oversized).toBe(20);
  expect(packed).toBeGreaterThan(0);
  expect(await packMessages('traces', bytes, { items: 20, maxGzipBytes: 10 })).toEqual({
    parts: [],
    oversized: 20,
  });
});
