/**
 * Where no key is needed, a browser reaches the port on behalf of any page: told by a Host that is no name of
 * this machine (a name that is made to point here, DNS rebinding), and by an Origin that is not the port's own.
 */
import { isLoopbackHost } from '@sluice/core/local-settings';

export function hasForeignHost({ url }: Request): boolean {
  return !isLoopbackHost(new URL(url).hostname);
}

export function hasForeignOrigin({ url, headers }: Request): boolean {
  const origin = headers.get('origin');
  return origin !== null && !(URL.canParse(origin) && new URL(origin).host === new URL(url).host);
}
