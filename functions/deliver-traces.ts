/** Function `deliver-traces`: the queue of traces to Tempo, and their metrics to the queue of metrics before. */
import { createTempoSink } from '@sluice/backends/tempo/tempo-sink';
import { CLOUD_ENV, ENV } from '@sluice/core/names';
import { readBoolean } from '@sluice/core/settings';
import { createDeliverHandler } from '@sluice/delivery/deliver-handler';
import { createSpanMetricsSender } from '@sluice/delivery/metrics/send-span-metrics';
import { openProcess } from './aws/process.ts';
import { toQueueHandler } from './aws/queue-door.ts';
import { openQueues } from './aws/queues.ts';
import { readBackend } from './aws/read-backend.ts';
import { readSecrets } from './aws/read-secrets.ts';
import { requireText } from './aws/require-text.ts';

const own = openProcess(process.env);
const { queue } = openQueues(own);
const { env } = own;
const secrets = await readSecrets(env, [ENV.tempoAuth]);
const tempo = readBackend({ env, secrets }, { url: ENV.tempoUrl, auth: ENV.tempoAuth });
const joinGzip = readBoolean(env, ENV.tempoJoinGzip, false);
const consumed = queue(CLOUD_ENV.tracesQueue);
const consumer = createDeliverHandler({
  ...own,
  signal: 'traces',
  queue: consumed,
  deadLetter: queue(CLOUD_ENV.tracesDead),
  sinks: [
    createTempoSink({
      url: requireText(env, ENV.tempoUrl),
      ...tempo,
      joinGzip,
      fetch,
      clock: own.clock,
    }),
  ],
  random: Math.random,
  beforePush: createSpanMetricsSender({ ...own, metricsQueue: queue(CLOUD_ENV.metricsQueue) }),
});

export const handler = toQueueHandler(consumer, { queue: consumed, process: own });
