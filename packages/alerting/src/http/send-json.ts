/** One POST to a receiver, and what its answer means: the retry table that the receivers share. */

import { describeError } from '@sluice/core/errors';
import { HEADER } from '@sluice/core/names';
import { authorizationOf } from '../config/decode-http-config.ts';
import type { HttpConfig, SendOutcome } from '../receivers/receiver.ts';
import { ForbiddenAddressError, type GuardedFetch, type GuardedRequest } from './guarded-fetch.ts';
import { fetchAuthorization, forgetAuthorization } from './oauth2-token.ts';
import { redact } from './redact.ts';

export interface PostOptions {
  readonly fetch: GuardedFetch;
  /** Secret: it is never part of a reason. */
  readonly url: string;
  readonly method?: 'POST' | 'PUT';
  /** Authorization and redirects as `http_config` says. */
  readonly http?: HttpConfig | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  readonly contentType?: string;
  readonly signal: AbortSignal;
  /** Texts that must not occur in a reason. */
  readonly secrets: readonly string[];
  /** Statuses besides 429 and 5xx that are worth another attempt. */
  readonly retryOn?: readonly number[];
  /** How long the text of a refusal says to wait, where no `Retry-After` does. */
  readonly waitOf?: (text: string) => number | undefined;
  /** What an answer of 2xx says; `ok` when it is not given. */
  readonly read?: (text: string) => SendOutcome;
}

/** Of an answer's text in a reason. */
const MAX_SAID = 200;
const USER_AGENT = 'sluice-alerting/1';

export async function postToReceiver(options: PostOptions): Promise<SendOutcome> {
  const { url, http, headers, body, signal, contentType = 'application/json', retryOn = [] } = options;
  const secrets = [...options.secrets];
  if (!URL.canParse(url)) return { status: 'permanent', reason: 'the address is no URL' };
  let answer: Response;
  let text: string;
  try {
    const send = async (): Promise<Response> => {
      const authorization = await authorizationFor(options);
      if (authorization !== undefined) secrets.push(authorization, authorization.replace(/^\S+ /, ''));
      const request: GuardedRequest = {
        method: options.method ?? 'POST',
        headers: {
          'content-type': contentType,
          'user-agent': USER_AGENT,
          ...(authorization === undefined ? {} : { authorization }),
          ...headers,
        },
        body,
        signal,
        redirect: http?.follow_redirects === false ? 'manual' : 'follow',
        ...(http?.tls && { tls: http.tls }),
      };
      return options.fetch(url, request);
    };
    answer = await send();
    if (answer.status === 401 && http?.oauth2 !== undefined) {
      // The token may have been withdrawn before its time.
      forgetAuthorization(http.oauth2);
      answer = await send();
    }
    text = await answer.text();
  } catch (error) {
    const reason = redact(describeError(error), [...secrets, url]);
    if (error instanceof ForbiddenAddressError) return { status: 'permanent', reason };
    return { status: 'retryable', reason: signal.aborted ? `no answer in time: ${reason}` : reason };
  }
  if (answer.ok) return options.read?.(text) ?? { status: 'ok' };
  const said = text.slice(0, MAX_SAID).trim();
  const reason = redact(`status ${answer.status}${said === '' ? '' : `: ${said}`}`, [...secrets, url]);
  if (answer.status !== 429 && answer.status < 500 && !retryOn.includes(answer.status))
    return { status: 'permanent', reason };
  const retryAfterMs = parseRetryAfter(answer.headers.get(HEADER.retryAfter)) ?? options.waitOf?.(text);
  return { status: 'retryable', reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

async function authorizationFor({ http, fetch, signal }: PostOptions): Promise<string | undefined> {
  if (http?.oauth2 === undefined) return authorizationOf(http);
  try {
    return await fetchAuthorization(http.oauth2, { fetch, signal });
  } catch (error) {
    const { clientSecret, tokenUrl } = http.oauth2;
    const reason = redact(`no token from oauth2: ${describeError(error)}`, [clientSecret, tokenUrl]);
    if (error instanceof ForbiddenAddressError) throw new ForbiddenAddressError(reason);
    throw new Error(reason);
  }
}

/** Seconds or a date; at most an hour. */
export function parseRetryAfter(value: string | null, nowMs: number = Date.now()): number | undefined {
  if (value === null || value.trim() === '') return undefined;
  const seconds = Number(value);
  const waitMs = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(value) - nowMs;
  return Number.isFinite(waitMs) ? Math.min(Math.max(waitMs, 0), 3_600_000) : undefined;
}
