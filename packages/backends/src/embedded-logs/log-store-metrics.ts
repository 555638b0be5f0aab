/** What the embedded log store tells of itself: how much it holds, and what it had to let go. */
import { METRIC } from '@sluice/core/names';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import type { LogTables } from './log-tables.ts';
import type { EvictionReason } from './log-upkeep.ts';

/** Answers whom to tell of evicted lines. */
export function observeLogStore(
  selfMetrics: SelfMetrics,
  tables: Pick<LogTables, 'totals'>,
): (lines: number, reason: EvictionReason) => void {
  const bytes = selfMetrics.gauge(METRIC.logStoreBytes, 'Compressed bytes in the embedded log store.');
  const lines = selfMetrics.gauge(METRIC.logStoreLines, 'Lines in the embedded log store.');
  const evicted = selfMetrics.counter(
    METRIC.logStoreEvicted,
    'Lines that left the embedded log store, by reason: their retention ended, or its size was reached.',
  );
  // An alert on the rate needs the series before the first eviction.
  for (const reason of ['retention', 'size'] as const) evicted.add(0, { reason });
  selfMetrics.onCollect(() => {
    const totals = tables.totals();
    bytes.set(totals.storedBytes);
    lines.set(totals.lines);
  });
  return (count, reason) => evicted.add(count, { reason });
}
