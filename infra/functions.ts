/** Every function: how large it is, what it may do, and what it is told. */
import type { AuditKeys } from './audit-keys';
import { createFunction, type FunctionDeps, type FunctionSpec } from './function';
import { type Grant, mayCall, mayConsume, mayReceive, maySend, mayUse } from './grants';
import { groupPrefix, type LogGroups } from './log-groups';
import type { Queues } from './queues';
import { compileRedaction } from './redaction';
import type { Tables } from './tables';

export interface PipelineParts extends FunctionDeps {
  readonly queues: Queues;
  readonly tables: Tables;
  readonly groups: LogGroups;
  readonly keys: AuditKeys;
  /** Of what the CDN tells `ingest` and `query`; empty without one. */
  readonly originDigests: $util.Output<string>;
  readonly scheduleDeadLetters: aws.sqs.Queue;
}

export type Functions = Readonly<Record<string, sst.aws.Function>>;

export function createFunctions(parts: PipelineParts): Functions {
  const specs = [
    ...ingestSpecs(parts),
    ...deliverySpecs(parts),
    ...metricsSpecs(parts),
    ...auditSpecs(parts),
    querySpec(parts),
  ];
  return Object.fromEntries(specs.map((spec) => [spec.name, createFunction(spec, parts)]));
}

function ingestSpecs({ settings, queues, tables, originDigests }: PipelineParts): readonly FunctionSpec[] {
  const { ingestConcurrency } = settings;
  const redaction = compileRedaction(settings);
  const own = [queues.traces.queue, queues.logs.queue, queues.metrics.queue, queues.audit.queue];
  return [
    {
      name: 'ingest',
      memoryMb: 512,
      timeoutSeconds: 20,
      hasUrl: settings.edge !== 'http-api',
      ...(ingestConcurrency === undefined ? {} : { reservedConcurrency: ingestConcurrency }),
      secrets: ['SLUICE_REDACTION_SECRET'],
      ...(redaction === undefined ? {} : { folders: [redaction.folder] }),
      grants: [maySend(...own), mayUse(tables.keys, 'GetItem', 'PutItem', 'UpdateItem')],
      environment: {
        SLUICE_TRACES_QUEUE_URL: queues.traces.queue.url,
        SLUICE_LOGS_QUEUE_URL: queues.logs.queue.url,
        SLUICE_METRICS_QUEUE_URL: queues.metrics.queue.url,
        SLUICE_AUDIT_QUEUE_URL: queues.audit.queue.url,
        SLUICE_KEYS_TABLE: tables.keys.name,
        SLUICE_REDACTION: settings.redaction,
        SLUICE_REDACTION_FILE: redaction?.file ?? '',
        SLUICE_CORS_ORIGINS: settings.corsOrigins,
        SLUICE_ORIGIN_SECRET_SHA256: originDigests,
      },
    },
  ];
}

function deliverySpecs({ settings, queues, groups }: PipelineParts): readonly FunctionSpec[] {
  const { tempoUrl, lokiUrl } = settings.backends;
  return [
    {
      name: 'deliver-traces',
      memoryMb: 512,
      timeoutSeconds: 60,
      secrets: ['SLUICE_TEMPO_AUTH'],
      // Round again for what Tempo refuses: a refusal is believed when it is repeated.
      grants: [...mayConsume(queues.traces), maySend(queues.traces.queue, queues.metrics.queue)],
      environment: {
        SLUICE_TRACES_QUEUE_URL: queues.traces.queue.url,
        SLUICE_TRACES_DEAD_QUEUE_URL: queues.traces.deadLetter.url,
        SLUICE_METRICS_QUEUE_URL: queues.metrics.queue.url,
        SLUICE_TEMPO_URL: tempoUrl,
        SLUICE_TENANTS: settings.tenants,
        SLUICE_TEMPO_JOIN_GZIP: 'false',
      },
    },
    {
      name: 'deliver-logs',
      memoryMb: 512,
      timeoutSeconds: 60,
      secrets: ['SLUICE_LOKI_AUTH'],
      grants: [
        ...mayConsume(queues.logs),
        // Round again for the one of two destinations that failed; and audit events that came as logs.
        maySend(queues.logs.queue, queues.audit.queue),
        {
          actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          resources: Object.values(groups).map(({ arn }) => $interpolate`${arn}:*`),
        },
      ],
      environment: {
        SLUICE_LOGS_QUEUE_URL: queues.logs.queue.url,
        SLUICE_LOGS_DEAD_QUEUE_URL: queues.logs.deadLetter.url,
        SLUICE_AUDIT_QUEUE_URL: queues.audit.queue.url,
        SLUICE_LOKI_URL: lokiUrl,
        SLUICE_TENANTS: settings.tenants,
        SLUICE_CLOUDWATCH_PREFIX: groupPrefix(settings),
      },
    },
  ];
}

function metricsSpecs({
  settings,
  queues,
  tables,
  scheduleDeadLetters,
}: PipelineParts): readonly FunctionSpec[] {
  return [
    {
      name: 'collect-metrics',
      memoryMb: 1024,
      timeoutSeconds: 60,
      grants: [...mayConsume(queues.metrics), mayUse(tables.metrics, 'GetItem', 'PutItem')],
      environment: {
        SLUICE_METRICS_QUEUE_URL: queues.metrics.queue.url,
        SLUICE_METRICS_DEAD_QUEUE_URL: queues.metrics.deadLetter.url,
        SLUICE_METRICS_TABLE: tables.metrics.name,
        SLUICE_METRICS_SHARDS: String(settings.metricsShards),
      },
    },
    {
      name: 'tick',
      memoryMb: 256,
      timeoutSeconds: 30,
      grants: [
        // It writes the plan of shards: the first one, and a changed number of them.
        mayUse(tables.metrics, 'GetItem', 'PutItem', 'Query'),
        maySend(queues.reduce.queue, scheduleDeadLetters),
      ],
      environment: {
        SLUICE_REDUCE_QUEUE_URL: queues.reduce.queue.url,
        SLUICE_METRICS_TABLE: tables.metrics.name,
        SLUICE_METRICS_SHARDS: String(settings.metricsShards),
      },
    },
    {
      name: 'reduce-metrics',
      memoryMb: 1024,
      timeoutSeconds: 60,
      secrets: ['SLUICE_MIMIR_AUTH'],
      grants: [
        mayReceive(queues.reduce),
        mayUse(tables.metrics, 'GetItem', 'PutItem', 'Query', 'DeleteItem'),
      ],
      environment: {
        SLUICE_REDUCE_QUEUE_URL: queues.reduce.queue.url,
        SLUICE_METRICS_TABLE: tables.metrics.name,
        SLUICE_METRICS_SHARDS: String(settings.metricsShards),
        SLUICE_MIMIR_URL: settings.backends.mimirUrl,
        SLUICE_TENANTS: settings.tenants,
        SLUICE_MIMIR_PROTOCOL: '1.0',
        SLUICE_MIMIR_NATIVE_HISTOGRAMS: 'false',
      },
    },
    {
      name: 'compact-metrics',
      memoryMb: 1024,
      timeoutSeconds: 300,
      grants: [
        mayUse(tables.metrics, 'GetItem', 'PutItem', 'Query', 'DeleteItem'),
        maySend(scheduleDeadLetters),
      ],
      environment: {
        SLUICE_METRICS_TABLE: tables.metrics.name,
        SLUICE_METRICS_SHARDS: String(settings.metricsShards),
      },
    },
  ];
}

function auditSpecs({
  settings,
  queues,
  tables,
  keys,
  scheduleDeadLetters,
}: PipelineParts): readonly FunctionSpec[] {
  const trail = {
    SLUICE_AUDIT_TABLE: tables.audit.name,
    SLUICE_AUDIT_WRAPPING_KEY: keys.wrapping.arn,
  };
  const sealed = {
    ...trail,
    SLUICE_CHECKPOINTS_TABLE: tables.checkpoints.name,
    ...signingKeys(keys),
  };
  const mayWrap: Grant = mayCall(keys.wrapping, 'GenerateDataKey', 'Decrypt');
  return [
    {
      name: 'record-audit',
      memoryMb: 512,
      timeoutSeconds: 60,
      grants: [
        ...mayConsume(queues.audit),
        mayUse(tables.audit, 'GetItem', 'PutItem', 'Query'),
        mayWrap,
        maySend(queues.logs.queue),
      ],
      environment: {
        ...trail,
        SLUICE_AUDIT_QUEUE_URL: queues.audit.queue.url,
        SLUICE_AUDIT_DEAD_QUEUE_URL: queues.audit.deadLetter.url,
        SLUICE_LOGS_QUEUE_URL: queues.logs.queue.url,
      },
    },
    {
      name: 'seal-audit',
      memoryMb: 512,
      timeoutSeconds: 60,
      grants: [
        mayUse(tables.audit, 'GetItem', 'PutItem', 'Query'),
        // No DeleteItem, for nobody: a copy that can be taken back proves nothing.
        mayUse(tables.checkpoints, 'PutItem', 'Query'),
        mayCall(keys.signing, 'Sign'),
        ...mayVerify(keys),
        maySend(queues.logs.queue, scheduleDeadLetters),
      ],
      environment: {
        ...sealed,
        SLUICE_LOGS_QUEUE_URL: queues.logs.queue.url,
        SLUICE_AUDIT_WITNESS_URL: '',
      },
    },
    {
      name: 'keep-audit',
      memoryMb: 1024,
      timeoutSeconds: 900,
      grants: [
        mayUse(tables.audit, 'GetItem', 'PutItem', 'Query', 'DeleteItem'),
        mayUse(tables.checkpoints, 'Query'),
        mayWrap,
        ...mayVerify(keys),
        maySend(scheduleDeadLetters),
      ],
      environment: { ...sealed, SLUICE_AUDIT_RETENTION_DAYS: String(settings.auditRetentionDays) },
    },
  ];
}

function signingKeys({ signing, earlier }: AuditKeys): Readonly<Record<string, $util.Output<string>>> {
  return {
    SLUICE_AUDIT_SIGNING_KEY: signing.arn,
    SLUICE_AUDIT_EARLIER_SIGNING_KEYS: $util.all(earlier.map(({ arn }) => arn)).apply((arns) => arns.join()),
  };
}

function mayVerify({ signing, earlier }: AuditKeys): readonly Grant[] {
  return [signing, ...earlier].map((key) => mayCall(key, 'GetPublicKey'));
}

function querySpec(parts: PipelineParts): FunctionSpec {
  const { settings, queues, tables, groups, keys } = parts;
  return {
    name: 'query',
    memoryMb: 1024,
    timeoutSeconds: 30,
    hasUrl: settings.edge !== 'http-api',
    grants: [
      // The day when a key was last used is written down.
      mayUse(tables.keys, 'GetItem', 'PutItem'),
      mayUse(tables.metrics, 'GetItem', 'Query'),
      // A hold that is released is taken out.
      mayUse(tables.audit, 'GetItem', 'PutItem', 'Query', 'DeleteItem'),
      mayUse(tables.checkpoints, 'Query'),
      mayUse(tables.rules, 'GetItem', 'Query'),
      mayUse(tables.alerting, 'GetItem', 'PutItem', 'Query'),
      mayCall(keys.wrapping, 'GenerateDataKey', 'Decrypt'),
      ...mayVerify(keys),
      // Whoever reads the trail is recorded in it.
      maySend(queues.audit.queue),
      {
        actions: ['logs:StartQuery'],
        resources: Object.values(groups).map(({ arn }) => $interpolate`${arn}:*`),
      },
      // These two know a query by its id alone and take no resource but all (Service Authorization Reference).
      { actions: ['logs:GetQueryResults', 'logs:StopQuery'], resources: ['*'] },
    ],
    environment: {
      SLUICE_KEYS_TABLE: tables.keys.name,
      SLUICE_METRICS_TABLE: tables.metrics.name,
      SLUICE_METRICS_SHARDS: String(settings.metricsShards),
      SLUICE_AUDIT_TABLE: tables.audit.name,
      SLUICE_CHECKPOINTS_TABLE: tables.checkpoints.name,
      SLUICE_AUDIT_WRAPPING_KEY: keys.wrapping.arn,
      ...signingKeys(keys),
      SLUICE_AUDIT_QUEUE_URL: queues.audit.queue.url,
      SLUICE_CLOUDWATCH_PREFIX: groupPrefix(settings),
      SLUICE_ALERTING_TABLE: tables.alerting.name,
      SLUICE_RULES_TABLE: tables.rules.name,
      SLUICE_ORIGIN_SECRET_SHA256: parts.originDigests,
      // A path of this function itself is enough for links.
      SLUICE_EXTERNAL_URL: '',
    },
    hasConfig: true,
  };
}

/** What evaluates rules and tells people: after the others, since its links lead to `query`. */
export function createAlertingFunctions(parts: PipelineParts, queryUrl: $util.Output<string>): Functions {
  const { settings, queues, tables, scheduleDeadLetters } = parts;
  const shared = {
    SLUICE_ALERTING_TABLE: tables.alerting.name,
    SLUICE_EXTERNAL_URL: queryUrl.apply((url) => url.replace(/\/$/, '')),
  };
  const specs: readonly FunctionSpec[] = [
    {
      name: 'evaluate',
      memoryMb: 1024,
      timeoutSeconds: 60,
      hasConfig: true,
      hasConfigSecrets: true,
      secrets: ['SLUICE_MIMIR_AUTH'],
      grants: [
        mayUse(tables.metrics, 'GetItem', 'Query'),
        mayUse(tables.rules, 'GetItem', 'PutItem', 'Query', 'DeleteItem'),
        mayUse(tables.alerting, 'GetItem', 'PutItem', 'Query', 'DeleteItem'),
        maySend(queues.metrics.queue, queues.notifications.queue, scheduleDeadLetters),
        // How far behind the data is.
        { actions: ['sqs:GetQueueAttributes'], resources: [queues.metrics.queue.arn] },
      ],
      environment: {
        ...shared,
        SLUICE_METRICS_QUEUE_URL: queues.metrics.queue.url,
        SLUICE_NOTIFICATIONS_QUEUE_URL: queues.notifications.queue.url,
        SLUICE_METRICS_TABLE: tables.metrics.name,
        SLUICE_METRICS_SHARDS: String(settings.metricsShards),
        SLUICE_RULES_TABLE: tables.rules.name,
        SLUICE_MIMIR_URL: settings.backends.mimirUrl,
        SLUICE_TENANTS: settings.tenants,
      },
    },
    {
      name: 'notify',
      memoryMb: 512,
      timeoutSeconds: 60,
      hasConfig: true,
      hasConfigSecrets: true,
      grants: [...mayConsume(queues.notifications), mayUse(tables.alerting, 'GetItem', 'PutItem')],
      environment: {
        ...shared,
        SLUICE_NOTIFICATIONS_QUEUE_URL: queues.notifications.queue.url,
        SLUICE_NOTIFICATIONS_DEAD_QUEUE_URL: queues.notifications.deadLetter.url,
      },
    },
  ];
  return Object.fromEntries(specs.map((spec) => [spec.name, createFunction(spec, parts)]));
}
