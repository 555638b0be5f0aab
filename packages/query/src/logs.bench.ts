/** What reading a million log records costs: text search, counting and Insights over the embedded store. */
import { createEmbeddedLogStore } from '@sluice/backends/embedded-logs/embedded-log-store';
import { makeShopLogs } from '@sluice/backends/testing/log-requests';
import { makePart } from '@sluice/backends/testing/telemetry-part';
import type { MessageId, TenantId } from '@sluice/core/ids';
import { type Bench, cpuMs, type Figure } from '@sluice/core/testing/bench';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { createEmbeddedInsights } from './insights/embedded-insights.ts';
import { LOG_GROUPS } from './insights/log-insights-backend.ts';
import { createQueryStats, runLogQuery } from './logql/log-query.ts';
import { evaluateMetric } from './logql/metric-query.ts';
import { parseLogql } from './logql/parse-logql.ts';

const RECORDS = 1_000_000;
const PER_MESSAGE = 2000;
/** So many messages differ; more are the same again under other ids, at the same times. */
const DISTINCT = 100;
const TENANT = 'default' as TenantId;
const NOW_MS = 1_767_225_600_000;
const HOUR_NS = 3_600_000_000_000n;
const END_NS = BigInt(NOW_MS) * 1_000_000n;

export const bench: Bench = {
  name: 'reading a million logs',
  async run() {
    const clock = createFakeClock(NOW_MS);
    const database = createMemoryDatabase();
    const store = createEmbeddedLogStore({ database, clock, retentionMs: 1e12, maxBytes: 1e12 });
    const { signal } = new AbortController();
    const messages = Array.from({ length: DISTINCT }, (_, i) =>
      makePart(
        makeShopLogs({
          records: PER_MESSAGE,
          seed: i + 1,
          startNs: END_NS - HOUR_NS + (BigInt(i) * HOUR_NS) / BigInt(DISTINCT),
        }),
        { signal: 'logs', receivedAtMs: NOW_MS },
      ),
    );
    const ingestMs = await cpuMs(async () => {
      for (let i = 0; i < RECORDS / PER_MESSAGE; i++) {
        const messageId = i.toString(16).padStart(64, '0') as MessageId;
        await store.push(TENANT, [{ ...messages[i % DISTINCT]!, messageId }], { signal });
      }
    });
    const insights = createEmbeddedInsights(store, { clock });
    const range = { startNs: END_NS - 2n * HOUR_NS, endNs: END_NS };
    const source = { reader: store, tenant: TENANT, signal };

    const search = (query: string) => async (): Promise<void> => {
      const expr = parseLogql(query);
      if (expr.kind !== 'logs') throw new Error('no log query');
      await runLogQuery(expr, source, {
        ...range,
        limit: 1000,
        direction: 'backward',
        stats: createQueryStats(),
      });
    };
    const count = (query: string) => async (): Promise<void> => {
      const expr = parseLogql(query);
      if (expr.kind === 'logs') throw new Error('no metric query');
      await evaluateMetric(expr, { source, stats: createQueryStats(), timesMs: [NOW_MS] });
    };
    const ask = (query: string) => async (): Promise<void> => {
      await insights.run({ query, ...range, limit: 10_000, groups: LOG_GROUPS }, { tenant: TENANT, signal });
    };
    const figures: Figure[] = [
      {
        name: 'ingest: read, shape, compress, store, merge',
        value: RECORDS / (ingestMs / 1000),
        unit: 'lines/s/core',
        limit: { kind: 'at least', value: 50_000 },
      },
    ];
    const works: readonly (readonly [string, number, () => Promise<void>])[] = [
      ['|= of a text that no line has', 1, search('{service="checkout"} |= "no such thing"')],
      ['|= of an id that few lines have', 1, search('{service="checkout"} |= "ORD-777"')],
      ['|= of a text that many lines have', 1, search('{service="checkout"} |= "POST"')],
      ['count_over_time of all lines', 3, count('sum(count_over_time({service="checkout"}[2h]))')],
      ['count_over_time |= "ERROR"', 3, count('sum(count_over_time({service="checkout"} |= "ERROR" [2h]))')],
      ['Insights: stats count() by bin(5m)', 3, ask('stats count() by bin(5m)')],
      ['Insights: stats avg(request.duration) by bin(5m)', 3, ask('stats avg(request.duration) by bin(5m)')],
      [
        'Insights: stats pct by route and bin(5m)',
        3,
        ask('stats pct(request.duration, 95) by http.route, bin(5m)'),
      ],
      [
        'Insights: filter error, sort, limit',
        3,
        ask('fields @timestamp, message | filter level = "ERROR" | sort @timestamp desc | limit 20'),
      ],
    ];
    for (const [name, seconds, work] of works) {
      let least = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 3; round++) least = Math.min(least, await cpuMs(work));
      figures.push({ name, value: least / 1000, unit: 's', limit: { kind: 'at most', value: seconds } });
    }
    await database.close();
    return figures;
  },
};
