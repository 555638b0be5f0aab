/** A server to push to, as the deployment names it. */
import type { BackendSettings } from '@sluice/core/local-settings';
import { type Environment, readText, readUrl } from '@sluice/core/settings';
import { readTenancy } from '@sluice/core/tenancy';

export interface BackendSource {
  readonly env: Environment;
  readonly secrets: Environment;
}

/** `undefined` when the URL is not set. @throws UsageError */
export function readBackend(
  { env, secrets }: BackendSource,
  names: { readonly url: string; readonly auth: string },
): BackendSettings | undefined {
  const url = readUrl(env, names.url);
  const auth = readText(secrets, names.auth);
  if (url === undefined) return undefined;
  return { url, tenancy: readTenancy(env), ...(auth === undefined ? {} : { auth }) };
}
