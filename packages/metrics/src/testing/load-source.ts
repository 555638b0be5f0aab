/** A process as load: counters, gauges and histograms of an HTTP service, a message a minute. */
import { createRandom, type Random } from '@sluice/core/testing/random';
import type { MetricSpec, PointSpec, RequestSpec } from './encode-metrics.ts';

export interface LoadShape {
  readonly points: number;
  readonly temporality: 'delta' | 'cumulative';
}

const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const POINTS_A_METRIC = 16;
const NAMES = [
  'http.server.requests',
  'orders.placed',
  'db.client.operations',
  'cache.lookups',
  'queue.messages',
];

export function createLoadSource(number: number, { points, temporality }: LoadShape, bornMs: number) {
  const random = createRandom(number + 1);
  const totals = new Map<string, bigint>();
  const isDelta = temporality === 'delta';
  return (nowMs: number): RequestSpec => {
    const metrics: MetricSpec[] = [];
    for (let first = 0; first < points; first += POINTS_A_METRIC) {
      const place = first / POINTS_A_METRIC;
      const size = Math.min(POINTS_A_METRIC, points - first);
      const base = { timeMs: nowMs, startMs: isDelta ? nowMs - 60_000 : bornMs };
      metrics.push(toMetric({ place, size, base, random, totals, isDelta }));
    }
    return {
      resource: {
        'service.name': 'storefront',
        'service.namespace': 'shop',
        'service.version': '2.14.0',
        'service.instance.id': `storefront-${number}`,
        'deployment.environment.name': 'production',
      },
      scope: { name: '@opentelemetry/instrumentation-http', version: '0.205.0' },
      metrics,
    };
  };
}

interface MetricShape {
  readonly place: number;
  readonly size: number;
  readonly base: Pick<PointSpec, 'timeMs' | 'startMs'>;
  readonly random: Random;
  readonly totals: Map<string, bigint>;
  readonly isDelta: boolean;
}

/** Of five metrics one is a gauge and one a histogram. */
function toMetric({ place, size, base, random, totals, isDelta }: MetricShape): MetricSpec {
  const name = `${NAMES[place % NAMES.length]}.${Math.floor(place / NAMES.length)}`;
  const rise = (key: string, amount: number): bigint => {
    const before = isDelta ? 0n : (totals.get(key) ?? 0n);
    totals.set(key, before + BigInt(amount));
    return before + BigInt(amount);
  };
  const temporality = isDelta ? 1 : 2;
  const pointsOf = (makeValue: (key: string) => Partial<PointSpec>): PointSpec[] =>
    Array.from({ length: size }, (_, index) => ({
      ...base,
      attributes: {
        'http.request.method': index % 2 === 0 ? 'GET' : 'POST',
        'http.route': `/api/v1/resource/${index % 8}`,
        'http.response.status_code': index < 8 ? 200n : 500n,
      },
      ...makeValue(`${name}/${index}`),
    }));
  if (place % 5 === 3) {
    return {
      name,
      unit: 'By',
      type: 'gauge',
      points: pointsOf(() => ({ value: random.below(1_000_000) / 7 })),
    };
  }
  if (place % 5 === 4) {
    const points = pointsOf((key) => {
      const counts = Array.from({ length: BOUNDS.length + 1 }, (_, at) =>
        rise(`${key}/${at}`, at > 2 && at < 9 ? random.below(30) : 0),
      );
      const count = counts.reduce((sum, own) => sum + own, 0n);
      return { bounds: BOUNDS, counts, count, sum: Number(count) * 0.125 };
    });
    return { name, unit: 's', type: 'histogram', temporality, points };
  }
  const points = pointsOf((key) => ({ value: rise(key, random.below(200)) }));
  return { name, unit: '{request}', type: 'sum', temporality, isMonotonic: true, points };
}
