/** The settings of local mode, read from the environment: all that is wrong with them is told at once. */
import { UsageError } from './errors.ts';
import { LOG_LEVELS, type LogLevel } from './logger.ts';
import { ENV } from './names.ts';
import {
  type Environment,
  readBoolean,
  readChoice,
  readInteger,
  readList,
  readRatio,
  readText,
  readUrl,
} from './settings.ts';
import { readTenancy, type Tenancy } from './tenancy.ts';

/** A real server to push to, beside the embedded store. */
export interface BackendSettings {
  readonly url: string;
  /** `user:password`, a bare token, or a whole `Authorization` value. */
  readonly auth?: string;
  readonly tenancy: Tenancy;
}

export interface AuditSettings {
  /** How long the content of an event is kept; its place in the hash tree stays. */
  readonly retentionMs: number;
  /** Gets every checkpoint as a POST. */
  readonly witnessUrl?: string;
}

/** `on`: of logs. `all`: of traces too. */
const REDACTION_MODES = ['on', 'off', 'all'] as const;
type RedactionMode = (typeof REDACTION_MODES)[number];

/** CloudWatch Logs as a destination; region and credentials are those of the AWS environment. */
export interface CloudWatchSettings {
  /** Before `app`, `audit` and `security`. */
  readonly prefix: string;
  readonly logClass: 'STANDARD' | 'INFREQUENT_ACCESS';
  readonly retentionDays: number;
  /** Of another server that speaks the same protocol. */
  readonly endpoint?: string;
}

export interface MimirSettings extends BackendSettings {
  /** Of remote write. */
  readonly protocol: '1.0' | '2.0';
  /** Exponential histograms as native ones instead of explicit buckets. */
  readonly nativeHistograms: boolean;
}

const REMOTE_WRITE_PROTOCOLS = ['1.0', '2.0'] as const;

export interface LocalSettings {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly ingestPort: number;
  readonly apiPort: number;
  readonly dataDir: string;
  readonly tickSeconds: number;
  /** Into how many parts the series of a tenant are divided; a change takes effect some minutes later. */
  readonly metricsShards: number;
  readonly logLevel: LogLevel;
  /** Share of its own requests and jobs that become spans, from 0 to 1. */
  readonly selfTracesRatio: number;
  readonly corsOrigins: readonly string[];
  readonly maxBodyBytes: number;
  readonly maxInflatedBytes: number;
  /** How long the embedded stores keep what they have. */
  readonly retentionMs: number;
  /** Of each embedded store. */
  readonly maxStoreBytes: number;
  readonly tempo?: BackendSettings & { readonly joinGzip: boolean };
  readonly loki?: BackendSettings;
  readonly mimir?: MimirSettings;
  readonly cloudwatch?: CloudWatchSettings;
  /** Of which signals secrets are taken out before anything is stored (unset: as `sluice.yml` says); the secret is for pseudonyms. */
  readonly redaction: { readonly mode?: RedactionMode; readonly secret?: string };
  /** Of the files with configuration, e.g. `sluice.yml`. */
  readonly configDir?: string;
  readonly audit: AuditSettings;
  /** Under which people reach the read APIs: what links in notifications start with. */
  readonly externalUrl?: string;
  /** Whether receivers of alerts may be on this machine or in a private network. */
  readonly allowPrivateReceivers: boolean;
}

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** @throws UsageError with every problem on one line. */
export function readLocalSettings(env: Environment): LocalSettings {
  const { settings, problems } = checkLocalSettings(env);
  if (settings === undefined) throw new UsageError(problems.join('; '));
  return settings;
}

/** The settings, or everything that is wrong with them. */
export function checkLocalSettings(env: Environment): {
  readonly settings?: LocalSettings;
  readonly problems: readonly string[];
} {
  const problems: string[] = [];
  const attempt = <T>(read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push(error.message);
      return otherwise;
    }
  };
  const integer = (name: string, fallback: number, range: { min: number; max: number }): number =>
    attempt(() => readInteger(env, name, { fallback, ...range }), fallback);
  const tenancy = attempt(() => readTenancy(env), 'shared');
  const backend = (urlName: string, authName: string): BackendSettings | undefined => {
    const url = attempt(() => readUrl(env, urlName), undefined);
    const auth = readText(env, authName);
    if (url === undefined && auth !== undefined && readText(env, urlName) === undefined) {
      problems.push(`${authName} is set but ${urlName} is not`);
    }
    return url === undefined ? undefined : { url, tenancy, ...(auth === undefined ? {} : { auth }) };
  };

  const host = readText(env, ENV.host) ?? '127.0.0.1';
  const externalUrl = attempt(() => readUrl(env, ENV.externalUrl), undefined);
  const port = { min: 0, max: 65_535 };
  const tempo = backend(ENV.tempoUrl, ENV.tempoAuth);
  const loki = backend(ENV.lokiUrl, ENV.lokiAuth);
  const mimir = backend(ENV.mimirUrl, ENV.mimirAuth);
  const protocol = attempt(() => readChoice(env, ENV.mimirProtocol, REMOTE_WRITE_PROTOCOLS, '1.0'), '1.0');
  const nativeHistograms = attempt(() => readBoolean(env, ENV.mimirNativeHistograms, false), false);
  const witnessUrl = attempt(() => readUrl(env, ENV.auditWitnessUrl), undefined);
  const cloudwatch = attempt(() => readCloudWatchSettings(env), undefined);
  const redactionSecret = readText(env, ENV.redactionSecret);
  const redactionMode =
    readText(env, ENV.redaction) === undefined
      ? undefined
      : attempt(() => readChoice(env, ENV.redaction, REDACTION_MODES, 'on'), undefined);
  const configDir = readText(env, ENV.configDir);
  const joinGzip = attempt(() => readBoolean(env, ENV.tempoJoinGzip, false), false);
  const settings: LocalSettings = {
    host,
    ingestPort: integer(ENV.ingestPort, 4318, port),
    apiPort: integer(ENV.apiPort, 9090, port),
    dataDir: readText(env, ENV.dataDir) ?? '.sluice',
    tickSeconds: integer(ENV.tickSeconds, 15, { min: 1, max: 3600 }),
    metricsShards: integer(ENV.metricsShards, 1, { min: 1, max: 1024 }),
    logLevel: attempt(() => readChoice(env, ENV.logLevel, LOG_LEVELS, 'info'), 'info'),
    selfTracesRatio: attempt(() => readRatio(env, ENV.selfTracesRatio, 0), 0),
    corsOrigins: attempt(() => readOrigins(env), []),
    maxBodyBytes: integer(ENV.maxBodyBytes, 4 * MIB, { min: 1024, max: 512 * MIB }),
    maxInflatedBytes: integer(ENV.maxInflatedBytes, 64 * MIB, { min: 1024, max: 512 * MIB }),
    retentionMs: integer(ENV.retentionHours, 168, { min: 1, max: 87_600 }) * HOUR_MS,
    maxStoreBytes: integer(ENV.maxStoreMib, 4096, { min: 16, max: 1_048_576 }) * MIB,
    ...(tempo === undefined ? {} : { tempo: { ...tempo, joinGzip } }),
    ...(loki === undefined ? {} : { loki }),
    ...(mimir === undefined ? {} : { mimir: { ...mimir, protocol, nativeHistograms } }),
    ...(cloudwatch === undefined ? {} : { cloudwatch }),
    ...(configDir === undefined ? {} : { configDir }),
    ...(externalUrl === undefined ? {} : { externalUrl }),
    // Who can only be reached from this machine may well send to it.
    allowPrivateReceivers: attempt(
      () => readBoolean(env, ENV.allowPrivateReceivers, isLoopbackHost(host)),
      false,
    ),
    redaction: {
      ...(redactionMode === undefined ? {} : { mode: redactionMode }),
      ...(redactionSecret === undefined ? {} : { secret: redactionSecret }),
    },
    audit: {
      retentionMs: integer(ENV.auditRetentionDays, 400, { min: 1, max: 36_500 }) * DAY_MS,
      ...(witnessUrl === undefined ? {} : { witnessUrl }),
    },
  };
  if (settings.ingestPort !== 0 && settings.ingestPort === settings.apiPort) {
    problems.push(`${ENV.ingestPort} and ${ENV.apiPort} are both ${settings.apiPort}: give them two ports`);
  }
  return problems.length === 0 ? { settings, problems } : { problems };
}

/** As a browser sends them, with `*` for any run of characters: a path, or a slash at the end, would never match. */
const ORIGIN_PATTERN = /^(\*|null|[a-z*][a-z0-9+.*-]*:\/\/[^/\s?#]+)$/i;

/** @throws UsageError */
function readOrigins(env: Environment): readonly string[] {
  const origins = readList(env, ENV.corsOrigins);
  const wrong = origins.find((origin) => !ORIGIN_PATTERN.test(origin));
  if (wrong === undefined) return origins;
  throw new UsageError(
    `${ENV.corsOrigins} has ${JSON.stringify(wrong)}, which is no origin: write "https://shop.example", without a path`,
  );
}

/** The periods that PutRetentionPolicy takes (CloudWatch Logs API Reference). */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]; // prettier-ignore
const PREFIX_PATTERN = /^[\w./#-]{1,200}$/;

/** `undefined` while it is off, which is the default. @throws UsageError */
export function readCloudWatchSettings(env: Environment): CloudWatchSettings | undefined {
  if (!readSwitch(env, ENV.cloudwatch, false)) return undefined;
  const endpoint = readUrl(env, ENV.cloudwatchEndpoint);
  const prefix = readText(env, ENV.cloudwatchPrefix) ?? '/sluice/';
  const retentionDays = readInteger(env, ENV.cloudwatchRetentionDays, { fallback: 30, min: 1, max: 3653 });
  if (!RETENTION_DAYS.includes(retentionDays)) {
    throw new UsageError(
      `${ENV.cloudwatchRetentionDays}=${retentionDays} is not one of ${RETENTION_DAYS.join(', ')}`,
    );
  }
  if (!PREFIX_PATTERN.test(prefix)) {
    throw new UsageError(
      `${ENV.cloudwatchPrefix}=${JSON.stringify(prefix)} is not 1-200 of a-z A-Z 0-9 _ - / . #`,
    );
  }
  return {
    prefix,
    logClass: readChoice(env, ENV.cloudwatchClass, ['STANDARD', 'INFREQUENT_ACCESS'], 'STANDARD'),
    retentionDays,
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}

/** `on` or `off`. */
function readSwitch(env: Environment, name: string, fallback: boolean): boolean {
  return readChoice(env, name, ['on', 'off'], fallback ? 'on' : 'off') === 'on';
}

/** Whether a listen address can be reached from this machine only. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
