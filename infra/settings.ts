/**
 * Everything that a deployment may decide, as one typed value: the rest of `infra/` is a function of it. A
 * value that cannot work is refused here, before anything is created.
 */

export const EDGES = ['url', 'http-api', 'cdn'] as const;
/** `url`: Function URLs. `http-api`: API Gateway. `cdn`: CloudFront with a web ACL in front of Function URLs. */
export type Edge = (typeof EDGES)[number];

export interface Settings {
  readonly app: string;
  readonly stage: string;
  /** As the environment of the deployment names it; absent: the one that the AWS profile says. */
  readonly region?: string;
  readonly edge: Edge;
  /** A name in DNS and the ARN of its certificate (for `cdn` in us-east-1): `ingest.` and `query.` are put before it. */
  readonly domain?: { readonly name: string; readonly certificateArn: string };
  /** Requests in 5 minutes from one address, beyond which the web ACL of `cdn` refuses it. */
  readonly wafRateLimit: number;
  /** Counted up to change what CloudFront tells the functions behind it. */
  readonly originSecretGeneration: number;
  readonly backends: {
    readonly tempoUrl: string;
    /** Empty: logs go to CloudWatch alone. */
    readonly lokiUrl: string;
    /** Empty: metrics stay in the table, where the query function reads them. */
    readonly mimirUrl: string;
  };
  /** How destinations tell tenants apart: not at all, by a label, or by `X-Scope-OrgID`. */
  readonly tenants: 'shared' | 'label' | 'org-id';
  /** Share of the functions' own invocations that become spans, from 0 to 1. */
  readonly selfTracesRatio: number;
  /** Values by name of the variable; what is missing is taken from `sst secret`. */
  readonly secrets: Readonly<Partial<Record<SecretName, string>>>;
  /** Empty: `sluice.yml` decides, and without one it is on. */
  readonly redaction: '' | 'on' | 'off' | 'all';
  /** Folder below the project with rules, alertmanager.yml and sluice.yml. */
  readonly configDir: string;
  /** Counted up so that functions read the secrets of the configuration anew. */
  readonly configSecretsGeneration: number;
  /** MB of memory of functions that are not to have what they have by default, and a vCPU for each 1,769 of them. */
  readonly memoryMb: Readonly<Record<string, number>>;
  readonly corsOrigins: string;
  readonly logRetentionDays: number;
  readonly auditRetentionDays: number;
  /** Counted up to sign with a new key; earlier ones stay, and verify. */
  readonly auditKeyGeneration: number;
  readonly logClass: 'STANDARD' | 'INFREQUENT_ACCESS';
  /** Reducers that share the series of a tenant. */
  readonly metricsShards: number;
  /** Tables survive `sst remove`, and are backed up point by point. */
  readonly keepData: boolean;
  /** Environments that ingest may use at once, and no other function may take; absent: those of the account. */
  readonly ingestConcurrency?: number;
  /** Environments that one queue may keep busy: how hard a destination is pushed. At least 2. */
  readonly consumerConcurrency: number;
  /** Gets every alarm. */
  readonly alarmEmail?: string;
  /** US dollars a month, of the whole account; absent: no budget. */
  readonly monthlyBudget?: number;
}

export const SECRETS = [
  'SLUICE_TEMPO_AUTH',
  'SLUICE_LOKI_AUTH',
  'SLUICE_MIMIR_AUTH',
  'SLUICE_REDACTION_SECRET',
] as const;
export type SecretName = (typeof SECRETS)[number];

/** Functions by the names of their doors. */
export const FUNCTION_NAMES: readonly string[] = [
  'collect-metrics',
  'compact-metrics',
  'deliver-logs',
  'deliver-traces',
  'evaluate',
  'ingest',
  'keep-audit',
  'notify',
  'query',
  'record-audit',
  'reduce-metrics',
  'seal-audit',
  'tick',
];

type Environment = Readonly<Record<string, string | undefined>>;

/** Function, role and queue names have 64 to 80 characters, and ours take 24 behind app and stage. */
const MAX_PREFIX = 40;
/** Periods that CloudWatch Logs takes (API Reference § PutRetentionPolicy). */
const RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653];

/** @throws Error with everything that is wrong. */
export function readSettings(
  { name: app, stage }: { readonly name: string; readonly stage: string },
  env: Environment,
): Settings {
  const problems: string[] = [];
  const isProduction = stage === 'production';
  const text = (name: string): string => env[name]?.trim() ?? '';
  const choice = <const T extends string>(name: string, choices: readonly T[], fallback: T): T => {
    const value = text(name) === '' ? fallback : text(name);
    const found = choices.find((candidate) => candidate === value);
    if (found === undefined) problems.push(`${name}=${value} is not one of ${choices.join(', ')}`);
    return found ?? fallback;
  };
  const count = (name: string, { min, max }: { readonly min: number; readonly max: number }) => {
    if (text(name) === '') return undefined;
    const value = Number(text(name));
    if (!Number.isInteger(value) || value < min || value > max)
      problems.push(`${name}=${text(name)} is not a whole number from ${min} to ${max}`);
    return value;
  };
  const ratio = (name: string, fallback: number): number => {
    const value = text(name) === '' ? fallback : Number(text(name));
    if (!(value >= 0 && value <= 1)) problems.push(`${name}=${text(name)} is not a number from 0 to 1`);
    return value;
  };
  const url = (name: string): string => {
    if (text(name) !== '' && !/^https:\/\/[^\s@]+$/.test(text(name)))
      problems.push(`${name} is not an https:// URL without credentials: those go into the secret`);
    return text(name).replace(/\/+$/, '');
  };
  const days = (name: string, fallback: number): number => {
    const value = count(name, { min: 1, max: 3653 }) ?? fallback;
    if (!RETENTION_DAYS.includes(value))
      problems.push(`${name}=${value} is not one of ${RETENTION_DAYS.join(', ')}`);
    return value;
  };

  if (!/^[a-z][a-z0-9-]*$/.test(stage) || `${app}-${stage}`.length > MAX_PREFIX)
    problems.push(`the stage ${stage} is not 1-${MAX_PREFIX - app.length - 1} of a-z, 0-9 and -`);
  const edge = choice('SLUICE_EDGE', EDGES, 'url');
  const domainName = text('SLUICE_DOMAIN');
  const certificateArn = text('SLUICE_CERTIFICATE_ARN');
  if (domainName !== '' && edge === 'url')
    problems.push('SLUICE_DOMAIN needs SLUICE_EDGE=http-api or cdn: a Function URL has no other name');
  if (domainName !== '' && certificateArn === '') problems.push('SLUICE_DOMAIN needs SLUICE_CERTIFICATE_ARN');
  const region = text('AWS_REGION');
  const certificateRegion = certificateArn.split(':')[3];
  const neededRegion = edge === 'cdn' ? 'us-east-1' : region;
  if (domainName !== '' && certificateArn !== '' && neededRegion !== '' && certificateRegion !== neededRegion)
    problems.push(
      `SLUICE_CERTIFICATE_ARN is of ${certificateRegion ?? 'no region'}: with SLUICE_EDGE=${edge} it must be of ${neededRegion}`,
    );
  const memoryMb = readMemory(text('SLUICE_MEMORY_MB'), problems);
  const tempoUrl = url('SLUICE_TEMPO_URL');
  if (tempoUrl === '') problems.push('SLUICE_TEMPO_URL is not set: traces would have nowhere to go');
  const ingestConcurrency = count('SLUICE_INGEST_CONCURRENCY', { min: 1, max: 10_000 });
  const monthlyBudget = count('SLUICE_MONTHLY_BUDGET', { min: 1, max: 1_000_000 });
  const settings: Settings = {
    app,
    stage,
    ...(region === '' ? {} : { region }),
    edge,
    ...(domainName === '' ? {} : { domain: { name: domainName, certificateArn } }),
    wafRateLimit: count('SLUICE_WAF_RATE_LIMIT', { min: 100, max: 20_000_000 }) ?? 100_000,
    originSecretGeneration: count('SLUICE_ORIGIN_SECRET_GENERATION', { min: 1, max: 1_000_000 }) ?? 1,
    backends: { tempoUrl, lokiUrl: url('SLUICE_LOKI_URL'), mimirUrl: url('SLUICE_MIMIR_URL') },
    tenants: choice('SLUICE_TENANTS', ['shared', 'label', 'org-id'], 'shared'),
    selfTracesRatio: ratio('SLUICE_SELF_TRACES_RATIO', 0.01),
    secrets: Object.fromEntries(
      SECRETS.filter((name) => text(name) !== '').map((name) => [name, text(name)]),
    ),
    redaction: text('SLUICE_REDACTION') === '' ? '' : choice('SLUICE_REDACTION', ['on', 'off', 'all'], 'on'),
    configDir: text('SLUICE_CONFIG_DIR') === '' ? 'config' : text('SLUICE_CONFIG_DIR'),
    configSecretsGeneration: count('SLUICE_CONFIG_SECRETS_GENERATION', { min: 1, max: 1_000_000 }) ?? 1,
    memoryMb,
    corsOrigins: text('SLUICE_CORS_ORIGINS'),
    logRetentionDays: days('SLUICE_CLOUDWATCH_RETENTION_DAYS', isProduction ? 30 : 7),
    auditRetentionDays: days('SLUICE_AUDIT_RETENTION_DAYS', isProduction ? 400 : 7),
    auditKeyGeneration: count('SLUICE_AUDIT_KEY_GENERATION', { min: 1, max: 100 }) ?? 1,
    logClass: choice('SLUICE_CLOUDWATCH_CLASS', ['STANDARD', 'INFREQUENT_ACCESS'], 'STANDARD'),
    metricsShards: count('SLUICE_METRICS_SHARDS', { min: 1, max: 1024 }) ?? 1,
    keepData: isProduction || text('SLUICE_KEEP_DATA') === 'true',
    ...(ingestConcurrency === undefined ? {} : { ingestConcurrency }),
    consumerConcurrency: count('SLUICE_CONSUMER_CONCURRENCY', { min: 2, max: 1000 }) ?? 10,
    ...(text('SLUICE_ALARM_EMAIL') === '' ? {} : { alarmEmail: text('SLUICE_ALARM_EMAIL') }),
    ...(monthlyBudget === undefined ? {} : { monthlyBudget }),
  };
  if (problems.length > 0) throw new Error(`this cannot be deployed: ${problems.join('; ')}`);
  return settings;
}

/** What Lambda takes (Developer Guide § Configure Lambda function memory). */
const MEMORY_MB = { min: 128, max: 10_240 };

/** `ingest=1024, query=2048`. */
function readMemory(list: string, problems: string[]): Readonly<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const entry of list.split(',').map((one) => one.trim())) {
    if (entry === '') continue;
    const [name = '', size = ''] = entry.split('=').map((part) => part.trim());
    const memory = Number(size);
    if (!FUNCTION_NAMES.includes(name))
      problems.push(`SLUICE_MEMORY_MB: ${name} is not one of ${FUNCTION_NAMES.join(', ')}`);
    else if (!Number.isInteger(memory) || memory < MEMORY_MB.min || memory > MEMORY_MB.max)
      problems.push(
        `SLUICE_MEMORY_MB: ${entry} is not name=MB with a whole number from ${MEMORY_MB.min} to ${MEMORY_MB.max}`,
      );
    else sizes[name] = memory;
  }
  return sizes;
}

/** E.g. `sluice-production-ingest`: names that AWS makes up would tell nobody what they are. */
export function nameOf({ app, stage }: Pick<Settings, 'app' | 'stage'>, part: string): string {
  return `${app}-${stage}-${part}`;
}
