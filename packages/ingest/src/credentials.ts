/** Finds the API key of a request in the places where OTLP clients can put one. */
import { HEADER } from '@sluice/core/names';

export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'key'; readonly secret: string }
  /** There is an Authorization header, but not one that carries a key. */
  | { readonly kind: 'unreadable'; readonly message: string };

/**
 * `Authorization: Bearer KEY`, `Authorization: Basic base64(anything:KEY)` (for clients that only know user
 * and password; `KEY:` works too), or `X-API-Key: KEY`. Authorization goes first when both are there.
 */
export function readCredential(headers: Headers): Credential {
  const authorization = headers.get('authorization')?.trim();
  if (authorization === undefined || authorization === '') {
    const secret = headers.get(HEADER.apiKey)?.trim();
    return secret === undefined || secret === '' ? { kind: 'none' } : { kind: 'key', secret };
  }
  const [, scheme = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(authorization) ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return rest === '' ? unreadable('"Bearer" has no key behind it') : { kind: 'key', secret: rest };
    case 'basic':
      return readBasic(rest);
    default:
      return unreadable('its scheme is neither "Bearer" nor "Basic"');
  }
}

function readBasic(encoded: string): Credential {
  const [user = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  const secret = rest.join(':') || user;
  return secret === '' ? unreadable('"Basic" holds neither user nor password') : { kind: 'key', secret };
}

function unreadable(why: string): Credential {
  return { kind: 'unreadable', message: `the authorization header carries no API key: ${why}` };
}
