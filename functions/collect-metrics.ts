/** Function `collect-metrics`: the queue of metrics into blocks in the table. */
import { CLOUD_ENV } from '@sluice/core/names';
import { createCollectHandler } from '@sluice/delivery/metrics/collect-handler';
import { noteCollectLag } from '@sluice/delivery/metrics/collect-lag';
import { readMetricsSettings } from '@sluice/metrics/metrics-settings';
import { openProcess } from './aws/process.ts';
import { toQueueHandler } from './aws/queue-door.ts';
import { openQueues } from './aws/queues.ts';
import { openTables } from './aws/tables.ts';

const own = openProcess(process.env);
const { queue } = openQueues(own);
const consumed = queue(CLOUD_ENV.metricsQueue);
const table = openTables(own).table(CLOUD_ENV.metricsTable);
const consumer = createCollectHandler({
  ...own,
  table,
  settings: readMetricsSettings(own.env),
  queue: consumed,
  deadLetter: queue(CLOUD_ENV.metricsDead),
  random: Math.random,
});

export const handler = toQueueHandler(noteCollectLag(consumer, { ...own, table }), {
  queue: consumed,
  process: own,
});
