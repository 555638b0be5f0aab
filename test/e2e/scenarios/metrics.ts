/** Points become series with the sums that were sent, and a burst of errors becomes a page that ends. */
import { expect } from 'vitest';
import { BURST, eventuallyAtTick, type Pipeline, queryValue } from '../pipeline.ts';
import { type Count, encodeCounts, postCounts } from './counters.ts';
import type { Scenario } from './scenario.ts';

const DELTA = 1;
const CUMULATIVE = 2;

export const METRIC_SCENARIOS: readonly Scenario[] = [
  {
    name: 'deltas of many processes and a counter that only grows become exact sums, however often they are sent',
    async run(pipeline) {
      const metric = `sums_${pipeline.seed}`;
      const nowMs = pipeline.nowMs();
      let wanted = 0;
      const requests: string[] = [];
      for (let process = 0; process < 5; process++) {
        const value = 7 * process + 3;
        wanted += value;
        const count: Count = { value, attributes: { route: '/orders' } };
        const resource = { 'service.name': 'summing', 'service.instance.id': String(process) };
        requests.push(encodeCounts({ metric, temporality: DELTA, counts: [count], resource, nowMs }));
      }
      for (const value of [11, 25]) {
        const resource = { 'service.name': 'growing' };
        const counts: Count[] = [{ value, attributes: { route: '/orders' } }];
        const at = nowMs + value;
        requests.push(encodeCounts({ metric, temporality: CUMULATIVE, counts, resource, nowMs: at }));
      }
      for (const body of [...requests, ...requests]) expect(await postCounts(pipeline, body)).toBe(200);
      const sum = (job: string): Promise<number | undefined> =>
        queryValue(pipeline, `sum(${metric}_total{job="${job}"})`);
      await eventuallyAtTick(pipeline, 'the sums', async () =>
        (await sum('summing')) === wanted && (await sum('growing')) === 25 ? true : undefined,
      );
      // What comes twice would have been added by now.
      await pipeline.tick();
      await pipeline.tick();
      expect([await sum('summing'), await sum('growing')]).toEqual([wanted, 25]);
      const pushed = await eventuallyAtTick(pipeline, 'the series in Mimir', async () =>
        lastPushed(pipeline, metric),
      );
      expect(pushed).toEqual({ summing: wanted, growing: 25 });
      expect(pipeline.mimir.violations()).toEqual([]);
    },
  },
  {
    name: 'a burst of errors fires the rule, pages once, and resolves when it is over',
    async run(pipeline) {
      const { webhook } = pipeline;
      const send = async (counts: Readonly<Record<string, number>>): Promise<void> => {
        const body = encodeCounts({
          metric: BURST.metric.replace(/_total$/, ''),
          temporality: DELTA,
          counts: Object.entries(counts).map(([status, value]) => ({ value, attributes: { status } })),
          resource: { 'service.name': 'gateway' },
          nowMs: pipeline.nowMs(),
        });
        expect(await postCounts(pipeline, body)).toBe(200);
      };
      const told = (status: string) =>
        webhook.bodies.filter(
          (body) => body.status === status && body.alerts[0]?.labels.alertname === BURST.alert,
        );
      await send({ 200: 900, 500: 100 });
      const [page] = await eventuallyAtTick(
        pipeline,
        'the page',
        async () => (told('firing').length > 0 ? told('firing') : undefined),
        80,
      );
      expect(page).toMatchObject({ version: '4', receiver: 'hook', truncatedAlerts: 0 });
      expect(page!.alerts[0]!.labels).toMatchObject({ alertname: BURST.alert, severity: 'critical' });
      // It drowns in good requests.
      await send({ 200: 99_000 });
      await eventuallyAtTick(
        pipeline,
        'the end of the page',
        async () => (told('resolved').length > 0 ? true : undefined),
        80,
      );
      expect(told('firing')).toHaveLength(1);
      expect(new Set(webhook.keys).size).toBe(webhook.keys.length);
    },
  },
];

/** Last values by job; `undefined` until both are there. */
function lastPushed({ mimir }: Pipeline, metric: string): Readonly<Record<string, number>> | undefined {
  const values: Record<string, number> = {};
  for (const [series, points] of mimir.series()) {
    const job = /job="([^"]+)"/.exec(series)?.[1];
    if (series.startsWith(`${metric}_total{`) && job !== undefined)
      values[job] = (values[job] ?? 0) + Number(points.at(-1)!.value);
  }
  return Object.keys(values).length === 2 ? values : undefined;
}
