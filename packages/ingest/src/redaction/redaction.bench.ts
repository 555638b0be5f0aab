/** What redaction costs: the quick look at requests without secrets, and the rewriting of one full of them. */
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { type Bench, type Figure, leastCpuMs } from '@sluice/core/testing/bench';
import { makeLogRequest, makeTraceRequest } from '@sluice/otlp/testing/requests';
import { DEFAULT_REDACTION } from '@sluice/redaction/settings';
import { createRequestRedactor } from './redact-request.ts';

const ITEMS = 1000;

export const bench: Bench = {
  name: 'ingest: redaction',
  async run() {
    const redact = createRequestRedactor(
      { ...DEFAULT_REDACTION, signals: ['logs', 'traces'] },
      { selfMetrics: createSelfMetrics() },
    )!;
    const spans = makeTraceRequest({ spans: ITEMS, services: 3, seed: 1 });
    const logs = makeLogRequest({ records: ITEMS, seed: 1 });
    const request = Buffer.from(spans);
    // One value in each span that looks like a key: as many bytes, so that the framing holds.
    const secrets = Buffer.from(request.toString('latin1').replaceAll('http.', 'eyJh.'), 'latin1');
    const figure = async (name: string, bytes: Uint8Array, limit: number): Promise<Figure> => ({
      name: `${name} (${Math.round(bytes.length / 1024)} KiB)`,
      value: await leastCpuMs(() => void redact(name.includes('log') ? 'logs' : 'traces', bytes), {
        callsPerRound: 20,
      }),
      unit: 'cpu-ms',
      limit: { kind: 'at most', value: limit },
    });
    return [
      await figure(`${ITEMS} spans without secrets`, spans, 1.8),
      await figure(`${ITEMS} log records without secrets`, logs, 1.2),
      await figure(`${ITEMS} spans that are looked through`, secrets, 15),
    ];
  },
};
