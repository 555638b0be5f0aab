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
  readText,
  readUrl,
} from './settings.ts';

/** A real server to push to, beside the embedded store. */
export interface BackendSettings {
  readonly url: string;
  /** `user:password`, a bare token, or a whole `Authorization` value. */
  readonly auth?: string;
}

export interface AuditSettings {
  /** How long the content of an event is kept; its place in the hash tree stays. */
  readonly retentionMs: number;
  /** Gets every checkpoint as a POST. */
  readonly witnessUrl?: string;
}

export interface LocalSettings {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly ingestPort: number;
  readonly apiPort: number;
  readonly dataDir: string;
  readonly tickSeconds: number;
  readonly logLevel: LogLevel;
  readonly corsOrigins: readonly string[];
  readonly maxBodyBytes: number;
  readonly maxInflatedBytes: number;
  /** How long the embedded stores keep what they have. */
  readonly retentionMs: number;
  /** Of each embedded store. */
  readonly maxStoreBytes: number;
  readonly tempo?: BackendSettings & { readonly joinGzip: boolean };
  readonly loki?: BackendSettings;
  readonly audit: AuditSettings;
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
  const backend = (urlName: string, authName: string): BackendSettings | undefined => {
    const url = attempt(() => readUrl(env, urlName), undefined);
    const auth = readText(env, authName);
    if (url === undefined && auth !== undefined && readText(env, urlName) === undefined) {
      problems.push(`${authName} is set but ${urlName} is not`);
    }
    return url === undefined ? undefined : { url, ...(auth === undefined ? {} : { auth }) };
  };

  const port = { min: 0, max: 65_535 };
  const tempo = backend(ENV.tempoUrl, ENV.tempoAuth);
  const loki = backend(ENV.lokiUrl, ENV.lokiAuth);
  const witnessUrl = attempt(() => readUrl(env, ENV.auditWitnessUrl), undefined);
  const joinGzip = attempt(() => readBoolean(env, ENV.tempoJoinGzip, false), false);
  const settings: LocalSettings = {
    host: readText(env, ENV.host) ?? '127.0.0.1',
    ingestPort: integer(ENV.ingestPort, 4318, port),
    apiPort: integer(ENV.apiPort, 9090, port),
    dataDir: readText(env, ENV.dataDir) ?? '.sluice',
    tickSeconds: integer(ENV.tickSeconds, 15, { min: 1, max: 3600 }),
    logLevel: attempt(() => readChoice(env, ENV.logLevel, LOG_LEVELS, 'info'), 'info'),
    corsOrigins: readList(env, ENV.corsOrigins),
    maxBodyBytes: integer(ENV.maxBodyBytes, 4 * MIB, { min: 1024, max: 512 * MIB }),
    maxInflatedBytes: integer(ENV.maxInflatedBytes, 64 * MIB, { min: 1024, max: 512 * MIB }),
    retentionMs: integer(ENV.retentionHours, 168, { min: 1, max: 87_600 }) * HOUR_MS,
    maxStoreBytes: integer(ENV.maxStoreMib, 4096, { min: 16, max: 1_048_576 }) * MIB,
    ...(tempo === undefined ? {} : { tempo: { ...tempo, joinGzip } }),
    ...(loki === undefined ? {} : { loki }),
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

/** Whether a listen address can be reached from this machine only. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
