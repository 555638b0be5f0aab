import { METRIC } from '@sluice/core/names';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { expect, test } from 'vitest';
import { createEmbeddedMetrics } from './embedded-metrics.ts';

test('a report holds what was added since the last one, and gauges at their worst', async () => {
  const selfMetrics = createSelfMetrics();
  const lines: string[] = [];
  const report = createEmbeddedMetrics({
    selfMetrics,
    dimensions: { stage: 'dev', function: 'ingest' },
    write: (line) => void lines.push(line),
    nowMs: () => 1_000,
  });
  await report();
  expect(lines).toEqual([]);
  const items = selfMetrics.counter(METRIC.itemsAccepted, 'Items.');
  items.add(3, { tenant: 'a' });
  items.add(4, { tenant: 'b' });
  selfMetrics.gauge(METRIC.misconfigured, 'Destinations.').set(1, { sink: 'x} 9' });
  selfMetrics.counter('sluice_of_no_interest_total', 'Nothing.').add(1);
  await report();
  items.add(5, { tenant: 'a' });
  await report();
  const [first, second] = lines.map((line) => JSON.parse(line));
  expect(first).toMatchObject({
    _aws: {
      Timestamp: 1_000,
      CloudWatchMetrics: [{ Namespace: 'Sluice', Dimensions: [['stage', 'function']] }],
    },
    stage: 'dev',
    function: 'ingest',
    [METRIC.itemsAccepted]: 7,
    [METRIC.misconfigured]: 1,
  });
  expect(first).not.toHaveProperty('sluice_of_no_interest_total');
  expect(second).toMatchObject({ [METRIC.itemsAccepted]: 5, [METRIC.misconfigured]: 1 });
});
