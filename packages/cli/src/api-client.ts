/** Reads from the API port of a running pipeline. */
import { describeError, UsageError } from '@sluice/core/errors';
import { ENV } from '@sluice/core/names';
import { readText } from '@sluice/core/settings';
import type { Io } from './io.ts';
import { apiUrlOf } from './pipeline-urls.ts';

const TIMEOUT_MS = 10_000;

/** Scans of many gigabytes take their time. */
const QUERY_TIMEOUT_MS = 300_000;

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

export interface ApiClient {
  readonly url: string;
  /** Any HTTP status is an answer. @throws UsageError when there is none, or a key is asked for. */
  get(path: string): Promise<ApiAnswer>;
  /** A query that may take minutes: GET, or POST of a JSON body. @throws UsageError as `get` does. */
  ask(path: string, query?: { readonly body?: unknown; readonly headers?: Headers }): Promise<ApiAnswer>;
  /** An answer that is read as it comes, for as long as it comes. @throws UsageError as `get` does. */
  open(path: string): Promise<Response>;
}

type Headers = Readonly<Record<string, string>>;

/** @throws UsageError */
export function createApiClient(io: Pick<Io, 'env' | 'fetch' | 'signal'>, url = apiUrlOf(io.env)): ApiClient {
  const key = readText(io.env, ENV.key);
  const authorization: Headers = key === undefined ? {} : { authorization: `Bearer ${key}` };

  const send = async <T>(
    path: string,
    init: RequestInit,
    read: (response: Response) => Promise<T>,
  ): Promise<T> => {
    let response: Response;
    let answer: T;
    try {
      response = await io.fetch(`${url}${path}`, init);
      answer = await read(response);
    } catch (cause) {
      // The causes stand in the message already: with them as its cause they would be printed twice.
      throw new UsageError(
        `no pipeline answers at ${url} (${describeError(cause)}): start it with "npm start", or set ${ENV.apiUrl}`,
      );
    }
    if (response.status === 401 || response.status === 403) {
      throw new UsageError(
        `${url} asks for a key (HTTP ${response.status}): put one with the scope query:read into ${ENV.key}`,
      );
    }
    return answer;
  };
  const readAll = async (response: Response): Promise<ApiAnswer> => ({
    status: response.status,
    text: await response.text(),
  });
  const within = (timeoutMs: number): AbortSignal =>
    AbortSignal.any([io.signal, AbortSignal.timeout(timeoutMs)]);

  return {
    url,
    get: (path) => send(path, { headers: authorization, signal: within(TIMEOUT_MS) }, readAll),
    ask(path, { body, headers = {} } = {}) {
      const signal = within(QUERY_TIMEOUT_MS);
      if (body === undefined)
        return send(path, { headers: { ...headers, ...authorization }, signal }, readAll);
      const all = { 'content-type': 'application/json', ...headers, ...authorization };
      return send(path, { method: 'POST', body: JSON.stringify(body), headers: all, signal }, readAll);
    },
    open: (path) => send(path, { headers: authorization, signal: io.signal }, async (response) => response),
  };
}
