/** Puts the local pipeline together: the same handlers as in the cloud, over embedded adapters. */
import { createEmbeddedLogStore } from '@sluice/backends/embedded-logs/embedded-log-store';
import { createEmbeddedTraceStore } from '@sluice/backends/embedded-traces/embedded-trace-store';
import type { LocalSettings } from '@sluice/core/local-settings';
import { createLogger } from '@sluice/core/logger';
import { ENV } from '@sluice/core/names';
import { systemClock } from '@sluice/core/ports/clock';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { toStatusBody } from '@sluice/ingest/answer';
import { createIngestApp } from '@sluice/ingest/ingest-app';
import { toIngestLimits } from '@sluice/ingest/ingest-limits';
import { createEmbeddedScheduler } from '@sluice/platform/embedded/scheduler';
import { createJaegerRoutes } from '@sluice/query/jaeger/jaeger-routes';
import { createQueryApp } from '@sluice/query/query-app';
import { createAccess } from './access.ts';
import { openAlerting } from './alerting.ts';
import { openAudit } from './audit.ts';
import { listen } from './listen.ts';
import { openMetrics } from './metrics.ts';
import { createReadiness, observe } from './observe.ts';
import { openStorage } from './open-storage.ts';
import { readLogs } from './read-logs.ts';
import { readMetrics } from './read-metrics.ts';
import { createRedaction } from './redaction.ts';
import { openRules } from './rules.ts';
import { openLocalTracer, traceJobs, traceRequests } from './self-traces.ts';
import { openSlos } from './slo.ts';
import { createRemoteSinks, startDelivery } from './start-delivery.ts';

export interface LocalPipeline {
  readonly ingestUrl: string;
  readonly apiUrl: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Takes nothing more, finishes what is under way, closes the data file. */
  stop(): Promise<void>;
}

/** Of the 5 s that a stop may take, by what is waited for. */
const DRAIN_MS = { requests: 1500, consumers: 2000, reads: 300 };

/** @throws UsageError: one line with the remedy. */
export async function startLocal(
  settings: LocalSettings,
  { writeLog }: { readonly writeLog: (line: string) => void },
): Promise<LocalPipeline> {
  const clock = systemClock;
  const { host, retentionMs, logLevel: level } = settings;
  const logger = createLogger({ level, write: (line) => writeLog(line.trimEnd()), nowMs: clock.nowMs });
  const selfMetrics = createSelfMetrics();
  const storage = openStorage(settings.dataDir, clock);
  /** What is open, to be closed from last to first. */
  const open: (() => Promise<void>)[] = [() => storage.close()];
  const closeAll = async (): Promise<void> => {
    for (const close of open.splice(0).reverse()) await close();
  };
  try {
    const { database, queues } = storage;
    observe(storage, selfMetrics, clock.nowMs());
    const access = await createAccess({ host, table: storage.keyTable, clock });
    open.push(access.flush);

    const store = { database, clock, logger, retentionMs, maxBytes: settings.maxStoreBytes };
    const traces = createEmbeddedTraceStore(store);
    const logs = createEmbeddedLogStore({ ...store, selfMetrics });
    const tracer = openLocalTracer({ ratio: settings.selfTracesRatio, store: traces, clock, selfMetrics });
    const scheduler = traceJobs(createEmbeddedScheduler({ clock, logger }), tracer);
    const intervalMs = settings.tickSeconds * 1000;
    scheduler.register({ name: 'prune-traces', intervalMs, run: () => traces.prune() });
    const remote = await createRemoteSinks(settings, clock);
    const audit = openAudit({ storage, settings, access, scheduler, clock, selfMetrics, logger });
    open.push(async () => audit.close());
    const alerting = openAlerting({ storage, settings, scheduler, clock, selfMetrics, logger });
    const metrics = openMetrics({ storage, settings, access, scheduler, clock, selfMetrics, logger });
    const slos = openSlos({ storage, settings, metrics, scheduler, clock, selfMetrics, logger });
    const rules = openRules({ storage, settings, metrics, scheduler, clock, selfMetrics, logger });
    open.push(scheduler.stop);
    open.push(async () => metrics.close());
    const startConsumers = async (): Promise<void> => {
      for (const [signal, own] of [
        ['traces', traces],
        ['logs', logs],
      ] as const) {
        const { queue, deadLetter } = queues[signal];
        await queue.releaseInFlight();
        const every = [own, ...remote[signal]];
        const sinks = signal === 'logs' ? audit.guardLogs(every) : every;
        const before = signal === 'traces' ? { beforePush: metrics.beforeTraces } : {};
        const delivery = { signal, queue, deadLetter, sinks, clock, selfMetrics, logger, ...before };
        const consumer = startDelivery(delivery);
        open.push(() => consumer.stop({ drainMs: DRAIN_MS.consumers }));
      }
      const collector = await metrics.startConsumer();
      open.push(() => collector.stop({ drainMs: DRAIN_MS.consumers }));
      const recorder = await audit.startConsumer();
      open.push(() => recorder.stop({ drainMs: DRAIN_MS.consumers }));
      const notifier = await alerting.startConsumer();
      open.push(() => notifier.stop({ drainMs: DRAIN_MS.consumers }));
    };

    const ingestApp = createIngestApp({
      queues: { traces: queues.traces.queue, logs: queues.logs.queue, metrics: queues.metrics.queue },
      ...access.ingest,
      clock,
      selfMetrics,
      logger,
      limits: toIngestLimits({
        maxWireBytes: settings.maxBodyBytes,
        maxInflatedBytes: settings.maxInflatedBytes,
      }),
      cors: { origins: settings.corsOrigins },
      ...createRedaction(settings, selfMetrics),
    });
    const ingest = await listen(
      traceRequests((request) => {
        if (audit.takes(request)) return audit.ingestApp.fetch(request);
        return (metrics.takes(request) ? metrics.writeApp : ingestApp).fetch(request);
      }, tracer),
      {
        host,
        port: settings.ingestPort,
        portSetting: ENV.ingestPort,
        toErrorBody: toStatusBody,
        warn: (message) => logger.warn(message, { port: 'ingest' }),
      },
    );
    open.push(() => ingest.close(DRAIN_MS.requests));

    const { authorize } = access;
    const logApis = readLogs(logs, { clock, logger, authorize, origins: settings.corsOrigins });
    const queryApp = createQueryApp({
      apis: [
        { path: '/jaeger/api', routes: createJaegerRoutes(traces, { clock }) },
        audit.api,
        ...alerting.apis,
        readMetrics(metrics, clock),
        rules.api,
        slos.api,
        ...logApis.apis,
      ],
      authorize,
      readiness: createReadiness(storage, clock),
      selfMetrics,
      exposition: metrics.exposition,
      logger,
      ingestUrl: ingest.url,
    });
    const api = await listen(queryApp.fetch, {
      host,
      port: settings.apiPort,
      portSetting: ENV.apiPort,
      warn: (message) => logger.warn(message, { port: 'api' }),
      upgrade: logApis.tailSocket.upgrade,
    });
    open.push(() => api.close(DRAIN_MS.reads));
    open.push(logApis.tailSocket.close);
    rules.setApiUrl(api.url);
    alerting.setApiUrl(api.url);
    await startConsumers();
    scheduler.start();
    // Nothing new comes in while the consumers finish; readers may look until the end.
    open.push(() => ingest.close(DRAIN_MS.requests));
    return { ingestUrl: ingest.url, apiUrl: api.url, dataDir: storage.dataDir, stop: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
