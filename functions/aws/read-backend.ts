/** A server to push to, as the deployment names it. */
import type { BackendSettings } from '@sluice/core/local-settings';
import { type Environment, readText, readUrl } from '@sluice/core/settings';

/** `undefined` when the URL is not set. @throws UsageError */
export function readBackend(
  env: Environment,
  { url: urlName, auth: authName }: { readonly url: string; readonly auth: string },
): BackendSettings | undefined {
  const url = readUrl(env, urlName);
  const auth = readText(env, authName);
  if (url === undefined) return undefined;
  return { url, ...(auth === undefined ? {} : { auth }) };
}
