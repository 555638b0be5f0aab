/** Function `notify`: the queue of notifications to Slack, e-mail and the others. */
import { CLOUD_ENV } from '@sluice/core/names';
import { createNotifyHandler } from '@sluice/delivery/alerts/notify-handler';
import { loadDeployedAlerting, openAlertingTable } from './aws/alerting-parts.ts';
import { openProcess } from './aws/process.ts';
import { toQueueHandler } from './aws/queue-door.ts';
import { openQueues } from './aws/queues.ts';

const own = openProcess(process.env);
const { queue } = openQueues(own);
const consumed = queue(CLOUD_ENV.notificationsQueue);
const consumer = createNotifyHandler({
  ...own,
  ...(await loadDeployedAlerting(own, { secrets: 'read' })),
  stateOf: openAlertingTable(own).stateOf,
  queue: consumed,
  deadLetter: queue(CLOUD_ENV.notificationsDead),
});

export const handler = toQueueHandler(consumer, { queue: consumed, process: own });
