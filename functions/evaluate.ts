/** Function `evaluate`: every minute, SLOs and rules; then where their alerts go; then the sign of life. */
import { CLOUD_ENV } from '@sluice/core/names';
import { createDeadMan } from '@sluice/delivery/alerts/dead-man';
import { createRouteAlerts } from '@sluice/delivery/alerts/route-alerts';
import { loadDeadMan, loadDeployedAlerting, openAlertingTable } from './aws/alerting-parts.ts';
import { openEvaluationParts } from './aws/evaluation-parts.ts';
import { openProcess } from './aws/process.ts';
import { openQueues } from './aws/queues.ts';
import { createCloudEvaluation } from './aws/rules-parts.ts';
import { toScheduleHandler } from './aws/schedule-door.ts';
import { createCloudSloUpdate } from './aws/slo-parts.ts';

const INTERVAL_MS = 60_000;

const own = openProcess(process.env);
const deadMan = await loadDeadMan(own);
const parts = openEvaluationParts(own);
const updateSlos = createCloudSloUpdate(own, parts);
const evaluate = await createCloudEvaluation(own, parts);
const routing = createRouteAlerts({
  ...own,
  ...openAlertingTable(own),
  queue: openQueues(own).queue(CLOUD_ENV.notificationsQueue),
  ...(await loadDeployedAlerting(own, { secrets: 'hidden' })),
});
const ping = createDeadMan({ ...own, settings: () => deadMan, lastTickMs: routing.lastTickMs, fetch });

export const handler = toScheduleHandler(
  {
    name: 'evaluate',
    intervalMs: INTERVAL_MS,
    async run() {
      await updateSlos();
      await evaluate();
      await routing.run();
      await ping();
    },
  },
  { process: own },
);
