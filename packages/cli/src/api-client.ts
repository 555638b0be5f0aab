/** Reads from the API port of a running pipeline. */
import { describeError, UsageError } from '@sluice/core/errors';
import { ENV } from '@sluice/core/names';
import { readText } from '@sluice/core/settings';
import type { Io } from './io.ts';
import { apiUrlOf } from './pipeline-urls.ts';

const TIMEOUT_MS = 10_000;

export interface ApiClient {
  readonly url: string;
  /** Any HTTP status is an answer. @throws UsageError when there is none, or a key is asked for. */
  get(path: string): Promise<{ readonly status: number; readonly text: string }>;
}

/** @throws UsageError */
export function createApiClient(io: Pick<Io, 'env' | 'fetch' | 'signal'>, url = apiUrlOf(io.env)): ApiClient {
  const key = readText(io.env, ENV.key);
  return {
    url,
    async get(path) {
      let response: Response;
      let text: string;
      try {
        response = await io.fetch(`${url}${path}`, {
          headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
          signal: AbortSignal.any([io.signal, AbortSignal.timeout(TIMEOUT_MS)]),
        });
        text = await response.text();
      } catch (cause) {
        throw new UsageError(
          `no pipeline answers at ${url} (${describeError(cause)}): start it with "npm start", or set ${ENV.apiUrl}`,
          { cause },
        );
      }
      if (response.status === 401 || response.status === 403) {
        throw new UsageError(
          `${url} asks for a key (HTTP ${response.status}): put one with the scope query:read into ${ENV.key}`,
        );
      }
      return { status: response.status, text };
    },
  };
}
