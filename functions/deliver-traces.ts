/** Function `deliver-traces`: the queue of traces to Tempo, and their metrics to the queue of metrics before. */
import { createTempoSink } from '@sluice/backends/tempo/tempo-sink';
import { CLOUD_ENV, ENV } from '@sluice/core/names';
import { systemClock as clock } from '@sluice/core/ports/clock';
import { readBoolean } from '@sluice/core/settings';
import { createDeliverHandler } from '@sluice/delivery/deliver-handler';
import { createSpanMetricsSender } from '@sluice/delivery/metrics/send-span-metrics';
import { exceptOwnSpans, sendSpansToSink } from '@sluice/delivery/self-traces/send-spans';
import { openProcess } from './aws/process.ts';
import { toQueueHandler } from './aws/queue-door.ts';
import { openQueues } from './aws/queues.ts';
import { readBackend } from './aws/read-backend.ts';
import { readSecrets } from './aws/read-secrets.ts';
import { requireText } from './aws/require-text.ts';

const { env } = process;
const secrets = await readSecrets(env, [ENV.tempoAuth]);
const tempo = createTempoSink({
  url: requireText(env, ENV.tempoUrl),
  ...readBackend({ env, secrets }, { url: ENV.tempoUrl, auth: ENV.tempoAuth }),
  joinGzip: readBoolean(env, ENV.tempoJoinGzip, false),
  fetch,
  clock,
});
const own = openProcess(env, { sendSpans: sendSpansToSink(tempo, clock) });
const { queue } = openQueues(own);
const consumed = queue(CLOUD_ENV.tracesQueue);
const countSpans = createSpanMetricsSender({ ...own, metricsQueue: queue(CLOUD_ENV.metricsQueue) });
const consumer = createDeliverHandler({
  ...own,
  signal: 'traces',
  queue: consumed,
  deadLetter: queue(CLOUD_ENV.tracesDead),
  sinks: [tempo],
  random: Math.random,
  beforePush: exceptOwnSpans(countSpans),
});

export const handler = toQueueHandler(consumer, { queue: consumed, process: own });
