/** Function `deliver-logs`: the queue of logs to CloudWatch Logs, to Loki where there is one, and audit events to their queue. */
import { randomUUID } from 'node:crypto';
import { createCloudWatchClient } from '@sluice/backends/cloudwatch/cloudwatch-client';
import { createCloudWatchSink } from '@sluice/backends/cloudwatch/cloudwatch-sink';
import { createLogGroups } from '@sluice/backends/cloudwatch/log-groups';
import { createLokiSink } from '@sluice/backends/loki/loki-sink';
import { CLOUD_ENV, ENV } from '@sluice/core/names';
import { createAuditSink } from '@sluice/delivery/audit/audit-sink';
import { withoutAuditRecords } from '@sluice/delivery/audit/without-audit-records';
import { createDeliverHandler } from '@sluice/delivery/deliver-handler';
import { openProcess } from './aws/process.ts';
import { toQueueHandler } from './aws/queue-door.ts';
import { openQueues } from './aws/queues.ts';
import { readBackend } from './aws/read-backend.ts';
import { readSecrets } from './aws/read-secrets.ts';
import { requireText } from './aws/require-text.ts';

const own = openProcess(process.env);
const { queue } = openQueues(own);
const { env, clock, logger } = own;
const secrets = await readSecrets(env, [ENV.lokiAuth]);
const loki = readBackend({ env, secrets }, { url: ENV.lokiUrl, auth: ENV.lokiAuth });
const groups = createLogGroups({ prefix: requireText(env, ENV.cloudwatchPrefix) });
const cloudWatch = { client: createCloudWatchClient({}), groups, consumer: randomUUID(), clock };
const consumed = queue(CLOUD_ENV.logsQueue);
const consumer = createDeliverHandler({
  ...own,
  signal: 'logs',
  queue: consumed,
  deadLetter: queue(CLOUD_ENV.logsDead),
  sinks: [
    withoutAuditRecords(createCloudWatchSink(cloudWatch)),
    ...(loki === undefined ? [] : [withoutAuditRecords(createLokiSink({ ...loki, fetch, clock }))]),
    createAuditSink({ queue: queue(CLOUD_ENV.auditQueue), logger }),
  ],
  random: Math.random,
});

export const handler = toQueueHandler(consumer, { queue: consumed, process: own });
