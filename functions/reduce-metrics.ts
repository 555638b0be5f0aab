/** Function `reduce-metrics`: one tick of one shard, from blocks to a snapshot and to Mimir. */
import { randomUUID } from 'node:crypto';
import { CLOUD_ENV, ENV } from '@sluice/core/names';
import { createReduceAndPush } from '@sluice/delivery/metrics/reduce-and-push';
import { createReduceHandler } from '@sluice/delivery/metrics/reduce-handler';
import { createShardLeases } from '@sluice/delivery/metrics/shard-lease';
import { openMetricsParts } from './aws/metrics-parts.ts';
import { createCloudPusher } from './aws/mimir-pusher.ts';
import { openProcess } from './aws/process.ts';
import { toQueueHandler } from './aws/queue-door.ts';
import { openQueues } from './aws/queues.ts';
import { readSecrets } from './aws/read-secrets.ts';

/** Longer than the function may run: infra/functions.ts gives it 60 s. */
const LEASE_MS = 70_000;

const own = openProcess(process.env);
const { queue } = openQueues(own);
const { env, clock } = own;
const secrets = await readSecrets(env, [ENV.mimirAuth]);
const { table, settings, memory, snapshots } = openMetricsParts(own);
const pusher = createCloudPusher(
  { env, secrets },
  {
    ...own,
    table,
    snapshots,
  },
);
const run = createReduceAndPush({
  ...own,
  reduce: { table, clock, settings, memory },
  leases: createShardLeases({ table, clock, leaseMs: LEASE_MS, createToken: randomUUID }),
  ...(pusher === undefined ? {} : { pusher }),
});

export const handler = toQueueHandler(createReduceHandler({ run, logger: own.logger }), {
  queue: queue(CLOUD_ENV.reduceQueue),
  process: own,
});
