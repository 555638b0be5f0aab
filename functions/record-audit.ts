/** Function `record-audit`: the queue of audit events into the trail, and a copy of them to the queue of logs. */
import { CLOUD_ENV } from '@sluice/core/names';
import { createAuditCopier } from '@sluice/delivery/audit/audit-copies';
import { createRecordAuditHandler } from '@sluice/delivery/audit/record-audit-handler';
import { openTrail } from './aws/audit-parts.ts';
import { openProcess } from './aws/process.ts';
import { toQueueHandler } from './aws/queue-door.ts';
import { openQueues } from './aws/queues.ts';

const own = openProcess(process.env);
const { queue } = openQueues(own);
const { log, keyring } = openTrail(own);
const consumed = queue(CLOUD_ENV.auditQueue);
const consumer = createRecordAuditHandler({
  ...own,
  log,
  copy: createAuditCopier({ queue: queue(CLOUD_ENV.logsQueue), keyring }),
  queue: consumed,
  deadLetter: queue(CLOUD_ENV.auditDead),
  random: Math.random,
});

export const handler = toQueueHandler(consumer, { queue: consumed, process: own });
