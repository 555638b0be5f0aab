/** HTTP requests as all five systems count and time them, with the labels of all of them. */
import { around, times } from './amounts.ts';
import { type Activity, type Amount, amountAt, type Effect, type Labels, type MetricSpec } from './system.ts';

/**
 * One list for all, since buckets of different systems meet in `sum by (le)`: bounds of the systems' own
 * lists, and 0.2, the threshold of an alert.
 */
const BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5, 10];

export const HTTP_METRICS = {
  http_requests_total: { kind: 'counter', help: 'HTTP requests by status' },
  http_request_duration_seconds: {
    kind: 'histogram',
    help: 'Time to answer HTTP requests',
    unit: 's',
    bounds: BOUNDS,
  },
  http_requests_in_progress: { kind: 'gauge', help: 'HTTP requests that are being answered' },
} as const satisfies Record<string, MetricSpec>;

export interface Route {
  readonly method: string;
  /** With its placeholders. */
  readonly path: string;
  readonly perSecond: Amount;
  readonly medianSeconds: Amount;
  /** Shares of the requests, 0 to 1, by statuses other than 200. */
  readonly shares?: Readonly<Record<string, Amount>>;
  readonly labels?: Labels;
}

export function httpActivities(routes: readonly Route[]): readonly Activity[] {
  return routes.flatMap((route) => {
    const { method, path, perSecond, medianSeconds, shares = {}, labels } = route;
    const common = { method, endpoint: path, path, ...labels };
    const good: Amount = (moment) =>
      1 - Object.values(shares).reduce<number>((sum, share) => sum + amountAt(share, moment), 0);
    return Object.entries({ ...shares, 200: good }).map(
      ([status, share]): Activity => ({
        perSecond: times(perSecond, share),
        effects: [
          ['http_requests_total', { ...common, status }],
          ['http_request_duration_seconds', common, around(medianSeconds)],
        ],
      }),
    );
  });
}

/** Requests in progress are arrivals times time (Little's law). */
export function httpInProgress(routes: readonly Route[]): readonly Effect[] {
  return routes.map(({ path, method, perSecond, medianSeconds, labels }) => [
    'http_requests_in_progress',
    { method, endpoint: path, ...labels },
    (moment) => Math.ceil(amountAt(perSecond, moment) * amountAt(around(medianSeconds), moment)),
  ]);
}
