/** What a span costs on its way to Tempo: inflating, compressing anew and posting, or posting joined members. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseTenantId } from '@sluice/core/ids';
import { systemClock } from '@sluice/core/ports/clock';
import { type Bench, leastCpuMs } from '@sluice/core/testing/bench';
import { makeTraceRequest } from '@sluice/otlp/testing/requests';
import { makePart } from '../testing/telemetry-part.ts';
import { createTempoSink } from './tempo-sink.ts';

const SPANS = 500;
const MESSAGES_PER_PUSH = 16;
const PUSHES = 5;

export const bench: Bench = {
  name: 'trace delivery to Tempo',
  async run() {
    // Its share of the work, reading the body off the socket, is counted as well.
    const server = createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(200).end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const parts = Array.from({ length: MESSAGES_PER_PUSH }, (_, index) =>
      makePart(makeTraceRequest({ spans: SPANS, seed: index + 1 }), { items: SPANS }),
    );
    const tenant = parseTenantId('default');
    const { signal } = new AbortController();
    const measure = async (joinGzip: boolean): Promise<number> => {
      const sink = createTempoSink({ url, joinGzip, fetch, clock: systemClock });
      const ms = await leastCpuMs(() => sink.push(tenant, parts, { signal }).then(() => {}), {
        rounds: 8,
        callsPerRound: PUSHES,
      });
      return (ms * 1000) / (MESSAGES_PER_PUSH * SPANS);
    };
    const unit = 'cpu-ms per 1,000 spans';
    const figures = [
      { name: 're-compressed', value: await measure(false), unit, limit: { kind: 'at most', value: 3.5 } },
      { name: 'joined', value: await measure(true), unit, limit: { kind: 'at most', value: 0.3 } },
    ] as const;
    server.closeAllConnections();
    server.close();
    return figures;
  },
};
