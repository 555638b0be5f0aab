/** The validated walk over realistic requests, in MB per CPU second. */

import type { Signal } from '@sluice/core/names';
import { type Bench, type Figure, leastCpuMs } from '@sluice/core/testing/bench';
import { makeLogRequest, makeMetricRequest, makeTraceRequest } from './testing/requests.ts';
import { validateRequest } from './validate.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const CALLS = 100;

export const bench: Bench = {
  name: 'otlp',
  async run() {
    return [
      await walkFigure('traces', makeTraceRequest({ spans: 500, nowMs: NOW_MS }), 500),
      await walkFigure('logs', makeLogRequest({ records: 500, nowMs: NOW_MS }), 500),
      await walkFigure('metrics', makeMetricRequest({ points: 500, nowMs: NOW_MS }), 500),
    ];
  },
};

async function walkFigure(signal: Signal, bytes: Uint8Array, items: number): Promise<Figure> {
  const work = (): void => {
    const result = validateRequest(signal, bytes, { nowMs: NOW_MS });
    if (result.status !== 'ok' || result.items !== items || result.rejected > 0) {
      throw new Error(`the bench's own ${signal} request is not valid: ${JSON.stringify(result)}`);
    }
  };
  const ms = await leastCpuMs(work, { rounds: 10, callsPerRound: CALLS, warmup: 10 });
  return {
    name: `validated walk, ${signal} (${items} items, ${Math.round(bytes.length / 1024)} KiB)`,
    value: bytes.length / 1e3 / ms,
    unit: 'MB/s',
    limit: { kind: 'at least', value: 500 },
  };
}
