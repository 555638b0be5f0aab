/** Where the pipeline is: as the environment says, else on this machine on the ports that `npm start` would use. */
import { readLocalSettings } from '@sluice/core/local-settings';
import { ENV } from '@sluice/core/names';
import { type Environment, readUrl } from '@sluice/core/settings';

/** Without a trailing slash. @throws UsageError */
export function ingestUrlOf(env: Environment): string {
  const { ingestPort } = readLocalSettings({ [ENV.ingestPort]: env[ENV.ingestPort], [ENV.apiPort]: '0' });
  return readUrl(env, ENV.url) ?? `http://127.0.0.1:${ingestPort}`;
}

/** Without a trailing slash. @throws UsageError */
export function apiUrlOf(env: Environment): string {
  const { apiPort } = readLocalSettings({ [ENV.apiPort]: env[ENV.apiPort], [ENV.ingestPort]: '0' });
  return readUrl(env, ENV.apiUrl) ?? `http://127.0.0.1:${apiPort}`;
}
