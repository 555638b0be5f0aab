/** The whole of it: what there is, and what is tied to what. */
import { readAccount } from './account';
import { createAlarms } from './alarms';
import { createAuditKeys } from './audit-keys';
import { createBudget } from './budget';
import { createConsumer } from './consumers';
import { createEdge } from './edge';
import { createAlertingFunctions, createFunctions } from './functions';
import { createLogGroups } from './log-groups';
import { createOriginSecret } from './origin-secret';
import { createQueues, createScheduleDeadLetters } from './queues';
import { createSchedules } from './schedules';
import { createSecrets } from './secrets';
import type { Settings } from './settings';
import { createTables } from './tables';

/** Answers what people need to know after a deployment. */
export function createPipeline(settings: Settings): Record<string, $util.Output<string>> {
  const account = readAccount();
  const queues = createQueues(settings);
  const scheduleDeadLetters = createScheduleDeadLetters(settings);
  const tables = createTables(settings);
  const groups = createLogGroups(settings);
  const keys = createAuditKeys(settings, account);
  const secrets = createSecrets(settings);
  const originSecret = createOriginSecret(settings);
  const originDigests = originSecret?.digests ?? $util.output('');
  const parts = {
    settings,
    account,
    queues,
    scheduleDeadLetters,
    tables,
    groups,
    keys,
    secrets,
    originDigests,
    spans: queues.traces.queue,
  };
  const telemetry = createFunctions(parts);
  const urls = createEdge(
    [
      { name: 'ingest', fn: telemetry.ingest! },
      { name: 'query', fn: telemetry.query! },
    ],
    settings,
    originSecret,
  );
  const functions = { ...telemetry, ...createAlertingFunctions(parts, urls.query!) };
  const fn = (name: string): sst.aws.Function => functions[name]!;

  // Batches are as large as pays: one call, one push, one block for all of them; the payload of 6 MB ends them sooner.
  const few = { batchSize: 10, windowSeconds: 0 };
  createConsumer(
    { pair: queues.traces, fn: fn('deliver-traces'), batchSize: 50, windowSeconds: 1 },
    settings,
  );
  createConsumer({ pair: queues.logs, fn: fn('deliver-logs'), batchSize: 50, windowSeconds: 1 }, settings);
  createConsumer(
    { pair: queues.metrics, fn: fn('collect-metrics'), batchSize: 100, windowSeconds: 5 },
    settings,
  );
  createConsumer({ pair: queues.reduce, fn: fn('reduce-metrics'), batchSize: 1, windowSeconds: 0 }, settings);
  createConsumer({ pair: queues.audit, fn: fn('record-audit'), ...few }, settings);
  createConsumer({ pair: queues.notifications, fn: fn('notify'), ...few }, settings);
  createSchedules(
    [
      { job: 'tick', rate: 'rate(1 minute)', fn: fn('tick') },
      { job: 'evaluate', rate: 'rate(1 minute)', fn: fn('evaluate') },
      { job: 'compact-metrics', rate: 'rate(10 minutes)', fn: fn('compact-metrics') },
      { job: 'seal-audit', rate: 'rate(1 minute)', fn: fn('seal-audit') },
      { job: 'keep-audit', rate: 'rate(1 hour)', fn: fn('keep-audit') },
    ],
    { settings, deadLetter: scheduleDeadLetters },
  );
  const topic = createAlarms({ settings, queues, scheduleDeadLetters, functions });
  createBudget(settings, topic);
  return { ingestUrl: urls.ingest!, queryUrl: urls.query!, keysTable: tables.keys.name };
}
