/**
 * Secrets by the names of their variables: one that is set is taken as it is, else the encrypted parameter of
 * its name. Asked once an environment of the function: a deployment after `sst secret set` starts new ones.
 */
import { CLOUD_ENV } from '@sluice/core/names';
import { type Environment, readText } from '@sluice/core/settings';
import { createSsmSecrets } from '@sluice/platform/aws/secrets';
import { createSsmClient } from '@sluice/platform/aws/ssm-client';

/** What infra/secrets.ts writes for a secret that nobody has set. */
const UNSET = '-';

export async function readSecrets(env: Environment, names: readonly string[]): Promise<Environment> {
  const prefix = readText(env, CLOUD_ENV.secretsPrefix);
  const store = prefix === undefined ? undefined : createSsmSecrets({ client: createSsmClient(), prefix });
  const read = names.map(async (name) => {
    const value = readText(env, name) ?? (await store?.get(name));
    return [name, value === UNSET ? undefined : value] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}
