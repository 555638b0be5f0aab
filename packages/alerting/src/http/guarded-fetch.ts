/**
 * `fetch` for addresses that configurations name: every address behind a name is checked and the connection is
 * made to the checked one, so that a name cannot point somewhere else a moment later. Redirects are checked the same.
 */
import { lookup as systemLookup } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { ConnectionOptions, SecureVersion } from 'node:tls';
import { isPublicAddress } from './is-public-address.ts';

/** How a connection is secured, where it is not by the public certificates. */
export interface TlsSettings {
  /** PEM; in place of the public authorities. */
  readonly ca?: string;
  /** PEM; who the client is. Not shown to servers that a redirect leads to. */
  readonly cert?: string;
  readonly key?: string;
  /** The name that the certificate must have, in place of that of the URL. */
  readonly serverName?: string;
  readonly isVerified: boolean;
  readonly minVersion?: SecureVersion;
  readonly maxVersion?: SecureVersion;
}

export interface GuardedRequest extends RequestInit {
  readonly tls?: TlsSettings;
}

/** The global `fetch` can stand in for it, but secures connections its own way. */
export type GuardedFetch = (input: string | URL | Request, init?: GuardedRequest) => Promise<Response>;

export interface GuardOptions {
  /** Receivers on this machine or in a private network are allowed. */
  readonly allowPrivate: boolean;
  readonly lookup?: typeof systemLookup;
  readonly maxRedirects?: number;
  /** Of an answer; the rest is not read. */
  readonly maxAnswerBytes?: number;
  /** Makes one request to an address that was checked. */
  readonly request?: (url: URL, init: GuardedRequest) => Promise<Response>;
}

/** The address is one that must not be called; no attempt will ever succeed. */
export class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError';
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export function createGuardedFetch(options: GuardOptions): GuardedFetch {
  const { allowPrivate, maxRedirects = 3, maxAnswerBytes = 65_536 } = options;
  const lookup = options.lookup ?? systemLookup;

  const check = (address: string, host: string): void => {
    if (!allowPrivate && !isPublicAddress(address))
      throw new ForbiddenAddressError(
        `${host} is a private, local or reserved address (${address}); receivers must be public unless private ones are allowed`,
      );
  };

  /** Resolves, checks and answers the one address that the connection is then made to. */
  const guardedLookup: typeof systemLookup = ((
    host: string,
    settings: object,
    done: (...args: unknown[]) => void,
  ) => {
    lookup(host, { all: true }, (error, addresses) => {
      if (error !== null) return done(error);
      try {
        for (const { address } of addresses) check(address, host);
      } catch (forbidden) {
        return done(forbidden);
      }
      if ((settings as { all?: boolean }).all === true) return done(null, addresses);
      const [first] = addresses;
      return done(null, first?.address, first?.family);
    });
  }) as typeof systemLookup;

  const once = async (url: URL, init: GuardedRequest): Promise<Response> => {
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new ForbiddenAddressError(`${url.protocol} is not http or https`);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    // Names are checked when they are looked up.
    if (isIP(host) !== 0) check(host, host);
    return (options.request ?? requestOnce)(url, init);
  };

  const requestOnce = (url: URL, init: GuardedRequest): Promise<Response> =>
    new Promise((resolve, reject) => {
      const headers = Object.fromEntries(new Headers(init.headers));
      const body =
        init.body === undefined || init.body === null
          ? undefined
          : Buffer.from(init.body as string | Uint8Array);
      const send = (url.protocol === 'https:' ? httpsRequest : httpRequest)(
        url,
        {
          method: init.method ?? 'GET',
          headers: { ...headers, ...(body === undefined ? {} : { 'content-length': body.length }) },
          lookup: guardedLookup,
          agent: false,
          ...toConnectionOptions(init.tls),
          ...(init.signal ? { signal: init.signal } : {}),
        },
        (answer) => {
          const chunks: Buffer[] = [];
          let size = 0;
          const finish = (): void => {
            const plain = Object.entries(answer.headers).map(([name, value]): [string, string] => [
              name,
              String(value),
            ]);
            const status = answer.statusCode ?? 502;
            const empty = status === 204 || status === 304 || status < 200;
            resolve(
              new Response(empty ? null : Buffer.concat(chunks), {
                status: Math.max(status, 200),
                headers: plain,
              }),
            );
          };
          answer.on('data', (chunk: Buffer) => {
            size += chunk.length;
            chunks.push(chunk);
            if (size <= maxAnswerBytes) return;
            finish();
            answer.destroy();
          });
          answer.on('end', finish);
          answer.on('error', reject);
        },
      );
      send.on('error', reject);
      send.end(body);
    });

  return async (input, init = {}) => {
    let url = new URL(input instanceof Request ? input.url : input);
    let request: GuardedRequest = init;
    for (let hop = 0; ; hop++) {
      const answer = await once(url, request);
      const target = answer.headers.get('location');
      if (!REDIRECTS.has(answer.status) || target === null || init.redirect === 'manual') return answer;
      if (hop >= maxRedirects) throw new ForbiddenAddressError(`more than ${maxRedirects} redirects`);
      const next = new URL(target, url);
      const headers = new Headers(request.headers);
      // Credentials are for the host that was configured, not for where it points.
      if (next.origin !== url.origin) for (const name of ['authorization', 'cookie']) headers.delete(name);
      const keepsMethod = answer.status === 307 || answer.status === 308;
      const { body: _, ...withoutBody } = request;
      request = keepsMethod ? { ...request, headers } : { ...withoutBody, method: 'GET', headers };
      if (next.origin !== url.origin && request.tls !== undefined) {
        const { cert: _cert, key: _key, serverName: _name, ...tls } = request.tls;
        request = { ...request, tls };
      }
      url = next;
    }
  };
}

function toConnectionOptions(tls: TlsSettings | undefined): ConnectionOptions {
  if (tls === undefined) return {};
  const { serverName, isVerified, ...rest } = tls;
  return {
    ...rest,
    rejectUnauthorized: isVerified,
    ...(serverName !== undefined && { servername: serverName }),
  };
}
