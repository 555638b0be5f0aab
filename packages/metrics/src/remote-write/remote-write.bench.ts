/** CPU of making remote-write requests out of a snapshot: planned, encoded and compressed. */
import { type Bench, type Figure, leastCpuMs } from '@sluice/core/testing/bench';
import { snappyCompressor } from 'hysnappy';
import type { SeriesSnapshot } from '../model/snapshot.ts';
import { MINUTE_MS, makeCounter, makeHistogram, makeSnapshot, TICK_MS } from '../testing/make-snapshot.ts';
import { createEncoderV1 } from './encode-v1.ts';
import { createEncoderV2 } from './encode-v2.ts';
import { createSeriesExpander } from './expand-series.ts';
import { packRequests } from './pack-requests.ts';
import { planPush } from './plan-push.ts';

const ROUTES = 40;
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];
const STATUSES = ['200', '201', '400', '404', '500'];

/** A counter and a histogram of 12 buckets for each route, method and status: 15 points each. */
function makeShop(): readonly SeriesSnapshot[] {
  const series: SeriesSnapshot[] = [];
  const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
  for (let route = 0; route < ROUTES; route++) {
    for (const method of METHODS) {
      for (const status of STATUSES) {
        const labels = {
          http_route: `/api/v1/shop/${route}/items`,
          http_request_method: method,
          http_response_status_code: status,
          otel_scope_name: '@opentelemetry/instrumentation-http',
          otel_scope_version: '0.57.1',
          service_namespace: 'shop',
        };
        const buckets = bounds.map((_, i) => route * 1000 + i * 37);
        series.push(makeCounter('http_server_requests_total', { level: route * 977, labels }));
        series.push(
          makeHistogram('http_server_request_duration_seconds', {
            bounds,
            buckets: [...buckets, route * 1000 + 500],
            sum: route * 13.7,
            labels,
          }),
        );
      }
    }
  }
  return series;
}

export const bench: Bench = {
  name: 'remote-write',
  async run() {
    const snapshot = makeSnapshot(makeShop());
    const compress = snappyCompressor();
    const figures: Figure[] = [];
    for (const version of ['1.0', '2.0'] as const) {
      const encodeV1 = createEncoderV1();
      const encodeV2 = createEncoderV2();
      const push = (expander: ReturnType<typeof createSeriesExpander>): number => {
        const { levels } = planPush(snapshot, { expander, announcedTickMs: TICK_MS - MINUTE_MS });
        for (const request of packRequests(levels)) {
          compress(version === '1.0' ? encodeV1(request) : encodeV2(request, expander.symbols()));
        }
        return levels.length;
      };
      const kept = createSeriesExpander();
      const points = push(kept);
      const warmMs = await leastCpuMs(() => void push(kept), { callsPerRound: 10 });
      const coldMs = await leastCpuMs(() => void push(createSeriesExpander()), { callsPerRound: 3 });
      figures.push(
        {
          name: `remote write ${version}, labels known`,
          value: points / warmMs,
          unit: 'k points/cpu-s',
          limit: { kind: 'at least', value: 250 },
        },
        {
          name: `remote write ${version}, labels new`,
          value: points / coldMs,
          unit: 'k points/cpu-s',
          limit: { kind: 'at least', value: 50 },
        },
      );
    }
    return figures;
  },
};
