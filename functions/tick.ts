/** Function `tick`: every minute, an order on the queue for each shard that has something to reduce. */
import { CLOUD_ENV } from '@sluice/core/names';
import { createTickHandler, dispatchByQueue } from '@sluice/delivery/metrics/tick-handler';
import { readMetricsSettings } from '@sluice/metrics/metrics-settings';
import { openProcess } from './aws/process.ts';
import { openQueues } from './aws/queues.ts';
import { toScheduleHandler } from './aws/schedule-door.ts';
import { openTables } from './aws/tables.ts';

const own = openProcess(process.env);
const { queue } = openQueues(own);
const settings = readMetricsSettings(own.env);
const tick = createTickHandler({
  ...own,
  settings,
  table: openTables(own).table(CLOUD_ENV.metricsTable),
  dispatch: dispatchByQueue(queue(CLOUD_ENV.reduceQueue), own.logger),
});

export const handler = toScheduleHandler(
  {
    name: 'tick',
    intervalMs: settings.tickMs,
    run: async ({ scheduledAtMs }) => void (await tick(scheduledAtMs)),
  },
  { process: own },
);
