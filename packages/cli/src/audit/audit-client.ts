/** Talks to the audit API of a running pipeline. */
import { describeError, UsageError } from '@sluice/core/errors';
import { ENV } from '@sluice/core/names';
import { readText } from '@sluice/core/settings';
import { CommandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { apiUrlOf } from '../pipeline-urls.ts';

export interface AuditClient {
  readonly url: string;
  /** The JSON of an answer. @throws UsageError with the server's reason; CommandLineError when it is the question that is wrong. */
  call<T>(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: object): Promise<T>;
  text(path: string): Promise<string>;
  /** For answers that are too long to be held. @throws UsageError */
  open(path: string): Promise<Response>;
}

export interface NumberedEvent {
  readonly seq: number;
  readonly id: string;
  readonly time: string;
  readonly level: string;
  readonly type: string;
  readonly action: string;
  readonly result: string;
  readonly actor?: { readonly id: string };
  readonly actorRef?: string;
  readonly erased?: true;
  readonly targets: readonly { readonly id: string }[];
  readonly [name: string]: unknown;
}

export interface EventsAnswer {
  readonly events: readonly NumberedEvent[];
  readonly cursor?: string;
}

type AuditIo = Pick<Io, 'env' | 'fetch' | 'signal'>;

const BASE = '/v1/audit';

/** @throws UsageError */
export function createAuditClient(io: AuditIo): AuditClient {
  const url = apiUrlOf(io.env);
  const key = readText(io.env, ENV.key);

  async function request(method: string, path: string, body?: object): Promise<Response> {
    let response: Response;
    try {
      response = await io.fetch(`${url}${BASE}${path}`, {
        method,
        headers: {
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: io.signal,
      });
    } catch (cause) {
      throw new UsageError(
        `no pipeline answers at ${url} (${describeError(cause)}): start it with "npm start", or set ${ENV.apiUrl}`,
        { cause },
      );
    }
    if (response.status === 400) throw new CommandLineError(await reasonOf(response));
    if (!response.ok) throw new UsageError(toMessage(response.status, await reasonOf(response), url));
    return response;
  }

  return {
    url,
    call: async <T>(method: string, path: string, body?: object): Promise<T> =>
      (await (await request(method, path, body)).json()) as T,
    text: async (path) => (await request('GET', path)).text(),
    open: (path) => request('GET', path),
  };
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    return String((JSON.parse(text) as { error?: unknown }).error ?? text.slice(0, 200));
  } catch {
    // Not every server between here and there answers JSON: its text is shown instead.
    return text.slice(0, 200);
  }
}

function toMessage(status: number, reason: string, url: string): string {
  const scope = 'audit:read, or admin to place a hold or erase somebody,';
  return status === 401 || status === 403
    ? `${url} refuses the key: ${reason}; put one with the scope ${scope} into ${ENV.key}`
    : `${url} answered ${status}: ${reason}`;
}
