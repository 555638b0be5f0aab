/**
 * Where no key is needed, whoever reaches the port is trusted, and a browser reaches it on behalf of any page. Such a
 * page could erase persons or, under a host name that is made to point here (DNS rebinding), read the trail: it is
 * told by the Origin header, and by a Host that is no name of this machine.
 */
import { isLoopbackHost } from '@sluice/core/local-settings';

export const FOREIGN_PAGE =
  'without a key the audit trail is open to programs of this machine alone, not to pages of other origins';

export function isForeignPage({ url, headers }: Request, reader: string): boolean {
  if (reader !== 'anonymous') return false;
  const { host, hostname } = new URL(url);
  if (!isLoopbackHost(hostname)) return true;
  const origin = headers.get('origin');
  return origin !== null && !(URL.canParse(origin) && new URL(origin).host === host);
}
