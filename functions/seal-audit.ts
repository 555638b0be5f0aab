/** Function `seal-audit`: every minute, a signed checkpoint of each tenant's trail. The only one that may sign. */
import { createSealJob } from '@sluice/audit/upkeep/seal-trails';
import { createWitness } from '@sluice/audit/upkeep/witness';
import { CLOUD_ENV, ENV } from '@sluice/core/names';
import { readUrl } from '@sluice/core/settings';
import { createCheckpointCopier } from '@sluice/delivery/audit/checkpoint-copies';
import { openSealedTrail } from './aws/audit-parts.ts';
import { openProcess } from './aws/process.ts';
import { openQueues } from './aws/queues.ts';
import { toScheduleHandler } from './aws/schedule-door.ts';

const INTERVAL_MS = 60_000;

const own = openProcess(process.env);
const { queue } = openQueues(own);
const trail = await openSealedTrail(own);
const url = readUrl(process.env, ENV.auditWitnessUrl);
const seal = createSealJob({
  ...own,
  ...trail,
  witnesses: [
    createCheckpointCopier({ queue: queue(CLOUD_ENV.logsQueue), clock: own.clock }),
    ...(url === undefined ? [] : [createWitness({ url, fetch })]),
  ],
});

export const handler = toScheduleHandler(
  { name: 'seal-audit', intervalMs: INTERVAL_MS, run: seal },
  { process: own },
);
