/** Talks to Alertmanager's API: of a running pipeline or, with `--url`, of any Alertmanager. */
import { describeError, UsageError } from '@sluice/core/errors';
import { ENV } from '@sluice/core/names';
import { readText } from '@sluice/core/settings';
import type { OptionSpec } from '../command.ts';
import type { Io } from '../io.ts';
import { apiUrlOf } from '../pipeline-urls.ts';

export const URL_OPTION = {
  type: 'string',
  value: 'URL',
  help: `another Alertmanager than that of ${ENV.apiUrl}`,
} as const satisfies OptionSpec;

export interface AlertmanagerClient {
  /** The JSON of an answer; undefined when it is empty. @throws UsageError with the server's reason */
  call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T>;
}

const TIMEOUT_MS = 10_000;

export function createAlertmanagerClient(
  io: Pick<Io, 'env' | 'fetch' | 'signal'>,
  url: string | undefined,
): AlertmanagerClient {
  const base = `${url === undefined ? `${apiUrlOf(io.env)}/alertmanager` : url.replace(/\/+$/, '')}/api/v2`;
  const key = readText(io.env, ENV.key);
  return {
    async call<T>(method: string, path: string, body?: unknown): Promise<T> {
      let response: Response;
      let text: string;
      try {
        response = await io.fetch(base + path, {
          method,
          headers: {
            ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal: AbortSignal.any([io.signal, AbortSignal.timeout(TIMEOUT_MS)]),
        });
        text = await response.text();
      } catch (cause) {
        throw new UsageError(
          `no pipeline answers at ${base} (${describeError(cause)}): start it with "npm start", or set ${ENV.apiUrl}`,
          { cause },
        );
      }
      if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
      if (response.status === 401 || response.status === 403)
        throw new UsageError(
          `${base} refuses the key (HTTP ${response.status}): put one with the scope ${method === 'GET' ? 'query:read' : 'alerts:write'} into ${ENV.key}`,
        );
      throw new UsageError(`${base} answered ${response.status}: ${reasonOf(text)}`);
    },
  };
}

/** Alertmanager answers a JSON text, or `{code, message}`. */
function reasonOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'string') return value;
    const { message, error } = value as { message?: unknown; error?: unknown };
    return String(message ?? error ?? text);
  } catch {
    return text.slice(0, 200) || 'without a reason';
  }
}
