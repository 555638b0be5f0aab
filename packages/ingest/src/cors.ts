/** Cross-origin rules for browsers that export directly: nothing is allowed until an origin is listed. */
import { HEADER } from '@sluice/core/names';
import { createOriginTest } from '@sluice/core/origin-list';

export interface CorsOptions {
  /** Whole origins such as `https://shop.example`, with `*` for any run of characters; empty = off. */
  readonly origins: readonly string[];
}

export interface Cors {
  /** Headers for the answer to a preflight; `undefined` when it is none or its origin is not listed. */
  preflight(headers: Headers): Readonly<Record<string, string>> | undefined;
  /** Headers for every other answer. */
  actual(headers: Headers): Readonly<Record<string, string>>;
}

const ALLOWED_HEADERS = [
  'content-type',
  'content-encoding',
  'authorization',
  HEADER.apiKey,
  HEADER.requestId,
  'traceparent',
  'tracestate',
  'baggage',
].join(', ');
/** Chromium caches a preflight for 2 h at most. */
const MAX_AGE_SECONDS = 7200;

export function createCors({ origins }: CorsOptions): Cors {
  const isListed = createOriginTest(origins);
  const allow = (headers: Headers): Record<string, string> | undefined => {
    const origin = headers.get('origin');
    if (origin === null || !isListed(origin)) return undefined;
    return { 'access-control-allow-origin': origin, vary: 'origin' };
  };
  return {
    preflight(headers) {
      const allowed = headers.has('access-control-request-method') ? allow(headers) : undefined;
      return (
        allowed && {
          ...allowed,
          'access-control-allow-methods': 'POST',
          'access-control-allow-headers': ALLOWED_HEADERS,
          'access-control-max-age': String(MAX_AGE_SECONDS),
        }
      );
    },
    actual(headers) {
      if (origins.length === 0) return {};
      const exposed = `${HEADER.retryAfter}, ${HEADER.requestId}`;
      const allowed = allow(headers);
      return allowed === undefined
        ? { vary: 'origin' }
        : { ...allowed, 'access-control-expose-headers': exposed };
    },
  };
}
