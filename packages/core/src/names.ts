/**
 * Every name that crosses a border of the project: signals, message attributes, headers, environment
 * variables and the pipeline's own metrics. A name is written here once and imported everywhere else.
 */

/** The three OTLP signals, by the last path segment of their endpoint (OTLP spec § OTLP/HTTP Request). */
export const SIGNALS = ['traces', 'logs', 'metrics'] as const;
export type Signal = (typeof SIGNALS)[number];

/** Tenant of local mode, where no key is asked for. */
export const DEFAULT_TENANT = 'default';

/** Tenant of the pipeline's own spans. */
export const SELF_TENANT = 'sluice';

/** SQS message attributes. SQS takes at most 10 a message. */
export const ATTRIBUTE = {
  version: 'v',
  signal: 'signal',
  codec: 'codec',
  tenant: 'tenant',
  items: 'items',
  id: 'id',
  receivedAtMs: 'received_at_ms',
  /** JSON `{sink, attempt, firstSeenMs}`: set when a message goes round again for one failed sink only. */
  retry: 'retry',
  /** Of the span that sent it, where its trace is kept (W3C Trace Context). */
  traceparent: 'traceparent',
  /** JSON `{reason, source, atMs}`: set on every message of a dead-letter queue. */
  dead: 'dead',
} as const;

export const QUEUE = {
  traces: 'traces',
  logs: 'logs',
  metrics: 'metrics',
  audit: 'audit.fifo',
  notifications: 'notifications',
} as const;

/** Name of the dead-letter queue of a queue. FIFO queues keep their suffix (an SQS rule). */
export function deadLetterName(queue: string): string {
  return queue.endsWith('.fifo') ? `${queue.slice(0, -5)}-dead.fifo` : `${queue}-dead`;
}

export const HEADER = {
  apiKey: 'x-api-key',
  requestId: 'x-request-id',
  /** W3C Trace Context. */
  traceparent: 'traceparent',
  /** What the CDN tells the functions behind it. */
  originSecret: 'x-sluice-origin',
  retryAfter: 'retry-after',
  acceptEncoding: 'accept-encoding',
  /** Tenant header of Mimir, Loki and Tempo when they run multi-tenant. */
  scopeOrgId: 'x-scope-orgid',
  /** What an export of the audit trail holds: JSON in base64url. */
  auditManifest: 'sluice-audit-manifest',
  userAgent: 'user-agent',
  /** Remote write 1.0 and 2.0 specifications § Required Headers. */
  remoteWriteVersion: 'x-prometheus-remote-write-version',
  /** Which retry of a request this is; absent on the first try (remote write 2.0 § Retry-Attempt). */
  retryAttempt: 'retry-attempt',
  /** What a receiver of remote write 2.0 says that it stored; one of 1.0 says nothing. */
  samplesWritten: 'x-prometheus-remote-write-samples-written',
  histogramsWritten: 'x-prometheus-remote-write-histograms-written',
  exemplarsWritten: 'x-prometheus-remote-write-exemplars-written',
  /** The same for every attempt to deliver one notification (IETF draft-ietf-httpapi-idempotency-key-header). */
  idempotencyKey: 'idempotency-key',
  /** `sha256=` and the HMAC of a webhook's body. */
  signature: 'x-sluice-signature',
} as const;

export const ENV = {
  host: 'SLUICE_HOST',
  ingestPort: 'SLUICE_INGEST_PORT',
  apiPort: 'SLUICE_API_PORT',
  dataDir: 'SLUICE_DATA_DIR',
  configDir: 'SLUICE_CONFIG_DIR',
  externalUrl: 'SLUICE_EXTERNAL_URL',
  allowPrivateReceivers: 'SLUICE_ALLOW_PRIVATE_RECEIVERS',
  tickSeconds: 'SLUICE_TICK_SECONDS',
  metricsShards: 'SLUICE_METRICS_SHARDS',
  retentionHours: 'SLUICE_RETENTION_HOURS',
  maxStoreMib: 'SLUICE_MAX_STORE_MIB',
  logLevel: 'SLUICE_LOG_LEVEL',
  /** Share of the pipeline's own invocations that become spans, from 0 to 1. */
  selfTracesRatio: 'SLUICE_SELF_TRACES_RATIO',
  corsOrigins: 'SLUICE_CORS_ORIGINS',
  maxBodyBytes: 'SLUICE_MAX_BODY_BYTES',
  maxInflatedBytes: 'SLUICE_MAX_INFLATED_BYTES',
  tempoUrl: 'SLUICE_TEMPO_URL',
  tempoAuth: 'SLUICE_TEMPO_AUTH',
  tempoJoinGzip: 'SLUICE_TEMPO_JOIN_GZIP',
  lokiUrl: 'SLUICE_LOKI_URL',
  lokiAuth: 'SLUICE_LOKI_AUTH',
  mimirUrl: 'SLUICE_MIMIR_URL',
  mimirAuth: 'SLUICE_MIMIR_AUTH',
  mimirProtocol: 'SLUICE_MIMIR_PROTOCOL',
  mimirNativeHistograms: 'SLUICE_MIMIR_NATIVE_HISTOGRAMS',
  auditRetentionDays: 'SLUICE_AUDIT_RETENTION_DAYS',
  auditWitnessUrl: 'SLUICE_AUDIT_WITNESS_URL',
  tenants: 'SLUICE_TENANTS',
  redaction: 'SLUICE_REDACTION',
  redactionSecret: 'SLUICE_REDACTION_SECRET',
  cloudwatch: 'SLUICE_CLOUDWATCH',
  cloudwatchPrefix: 'SLUICE_CLOUDWATCH_PREFIX',
  cloudwatchEndpoint: 'SLUICE_CLOUDWATCH_ENDPOINT',
  cloudwatchClass: 'SLUICE_CLOUDWATCH_CLASS',
  cloudwatchRetentionDays: 'SLUICE_CLOUDWATCH_RETENTION_DAYS',
  url: 'SLUICE_URL',
  apiUrl: 'SLUICE_API_URL',
  key: 'SLUICE_KEY',
} as const;

/** Variables of the OpenTelemetry SDK configuration specification that our own clients honour. */
export const OTEL_ENV = {
  endpoint: 'OTEL_EXPORTER_OTLP_ENDPOINT',
  headers: 'OTEL_EXPORTER_OTLP_HEADERS',
} as const;

/** The pipeline's own metrics, as served at `GET /metrics`. */
export const METRIC = {
  requests: 'sluice_ingest_requests_total',
  requestBytes: 'sluice_ingest_request_bytes_total',
  requestDuration: 'sluice_ingest_request_duration_seconds',
  itemsAccepted: 'sluice_ingest_items_accepted_total',
  itemsRejected: 'sluice_ingest_items_rejected_total',
  warnings: 'sluice_ingest_warnings_total',
  redactions: 'sluice_ingest_redactions_total',
  queueMessages: 'sluice_queue_messages',
  queueOldestAge: 'sluice_queue_oldest_message_age_seconds',
  deliveries: 'sluice_delivery_pushes_total',
  deliveredItems: 'sluice_delivery_items_total',
  deliveryRetries: 'sluice_delivery_retries_total',
  deliveryDuration: 'sluice_delivery_push_duration_seconds',
  deadLetters: 'sluice_delivery_dead_letters_total',
  misconfigured: 'sluice_delivery_destination_misconfigured',
  remoteWriteSamples: 'sluice_remote_write_samples_total',
  remoteWriteLag: 'sluice_remote_write_lag_seconds',
  metricsPoints: 'sluice_metrics_points_total',
  metricsSnapshots: 'sluice_metrics_snapshots_total',
  metricsSeries: 'sluice_metrics_active_series',
  auditEvents: 'sluice_audit_events_total',
  auditCheckpointAge: 'audit_checkpoint_age_seconds',
  auditSealRefused: 'audit_seal_refused',
  auditFindings: 'sluice_audit_findings',
  logStoreBytes: 'sluice_log_store_bytes',
  logStoreLines: 'sluice_log_store_lines',
  logStoreEvicted: 'sluice_log_store_evicted_lines_total',
  alertsReceived: 'sluice_alerting_alerts_received_total',
  alertsInvalid: 'sluice_alerting_alerts_invalid_total',
  alertingTick: 'sluice_alerting_last_tick_timestamp_seconds',
  alertingConfig: 'sluice_alerting_config_last_reload_successful',
  notifications: 'sluice_alerting_notifications_total',
  notificationsQueued: 'sluice_alerting_notifications_queued_total',
  selfSpans: 'sluice_self_spans_total',
  selfSpansLost: 'sluice_self_spans_lost_total',
  deadManPings: 'sluice_dead_man_pings_total',
  ruleEvaluations: 'sluice_rule_evaluations_total',
  ruleFailures: 'sluice_rule_evaluation_failures_total',
  ruleMissed: 'sluice_rule_group_iterations_missed_total',
  ruleGroupDuration: 'sluice_rule_group_last_duration_seconds',
  ruleGroupLast: 'sluice_rule_group_last_evaluation_timestamp_seconds',
  ruleLag: 'sluice_rule_data_lag_seconds',
  sloUpdates: 'sluice_slo_updates_total',
  sloQuarantined: 'sluice_slo_quarantined',
  buildInfo: 'sluice_build_info',
  startTime: 'process_start_time_seconds',
} as const;

/** Keys of an OTLP metric's own metadata. */
export const METRIC_METADATA = {
  /** Its name and attributes are the name and labels of Prometheus series, to be kept as they are. */
  prometheusSeries: 'sluice.prometheus.series',
} as const;

/** RED metrics of spans, under the names of Tempo's metrics generator. */
export const SPAN_METRIC = {
  calls: 'traces_spanmetrics_calls_total',
  latency: 'traces_spanmetrics_latency',
} as const;

/** Attributes that mark the pipeline's own copies of audit events among the logs. */
export const AUDIT_FIELD = { eventId: 'audit.event.id' } as const;

/** Written into log records where tenants share a log group; an attribute of that name cannot take its place. */
export const LOG_FIELD = { tenant: 'sluice_tenant' } as const;

/** Files of local mode, inside its data directory. */
export const DATA_FILE = {
  /** Queues, keys and embedded stores. */
  database: 'sluice.db',
  /** Held by the one server of the directory. */
  lock: 'server.lock',
  secrets: 'secrets.json',
  /** Ed25519 key that signs the checkpoints of the audit trail. */
  auditSigningKey: 'audit-signing.key',
  /** Public keys that signed before, newest first. */
  auditEarlierKeys: 'audit-earlier-keys.txt',
  /** AES key that wraps the data keys of the audit trail. */
  auditWrappingKey: 'audit-wrapping.key',
  /** Copies of all checkpoints: what proves that the database was not rolled back. */
  auditCheckpoints: 'audit-checkpoints.jsonl',
} as const;

export const TABLE = {
  keys: 'keys',
  audit: 'audit',
  metrics: 'metrics',
  alerting: 'alerting',
  rules: 'rules',
} as const;

/** What the functions in the cloud are told of each other's queues, tables and keys. */
export const CLOUD_ENV = {
  stage: 'SLUICE_STAGE',
  /** Name of the function's door, e.g. `deliver-traces`. */
  functionName: 'SLUICE_FUNCTION',
  /** Path of the parameters that hold secrets, by the names of their variables. */
  secretsPrefix: 'SLUICE_SECRETS_PREFIX',
  /** What infra/redaction.ts made of `sluice.yml`; empty without one. */
  redactionFile: 'SLUICE_REDACTION_FILE',
  /** SHA-256 in hex of what the CDN sends along, with commas; empty where there is none. */
  originDigests: 'SLUICE_ORIGIN_SECRET_SHA256',
  tracesQueue: 'SLUICE_TRACES_QUEUE_URL',
  tracesDead: 'SLUICE_TRACES_DEAD_QUEUE_URL',
  logsQueue: 'SLUICE_LOGS_QUEUE_URL',
  logsDead: 'SLUICE_LOGS_DEAD_QUEUE_URL',
  metricsQueue: 'SLUICE_METRICS_QUEUE_URL',
  metricsDead: 'SLUICE_METRICS_DEAD_QUEUE_URL',
  auditQueue: 'SLUICE_AUDIT_QUEUE_URL',
  auditDead: 'SLUICE_AUDIT_DEAD_QUEUE_URL',
  reduceQueue: 'SLUICE_REDUCE_QUEUE_URL',
  notificationsQueue: 'SLUICE_NOTIFICATIONS_QUEUE_URL',
  notificationsDead: 'SLUICE_NOTIFICATIONS_DEAD_QUEUE_URL',
  keysTable: 'SLUICE_KEYS_TABLE',
  /** For the command line: URL of the queues of a stage up to their names, e.g. `https://sqs.…/123456789012/sluice-production-`. */
  queuesUrl: 'SLUICE_QUEUES_URL',
  metricsTable: 'SLUICE_METRICS_TABLE',
  auditTable: 'SLUICE_AUDIT_TABLE',
  checkpointsTable: 'SLUICE_CHECKPOINTS_TABLE',
  alertingTable: 'SLUICE_ALERTING_TABLE',
  rulesTable: 'SLUICE_RULES_TABLE',
  signingKey: 'SLUICE_AUDIT_SIGNING_KEY',
  /** Those that signed before, newest first, with commas. */
  earlierSigningKeys: 'SLUICE_AUDIT_EARLIER_SIGNING_KEYS',
  wrappingKey: 'SLUICE_AUDIT_WRAPPING_KEY',
} as const;
