/**
 * The environment with its secrets: a variable that is set is taken as it is, else the encrypted parameter of
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
  const missing = names.filter((name) => readText(env, name) === undefined);
  if (prefix === undefined || missing.length === 0) return env;
  const secrets = createSsmSecrets({ client: createSsmClient(), prefix });
  const read = await Promise.all(missing.map(async (name) => [name, await secrets.get(name)] as const));
  return { ...env, ...Object.fromEntries(read.filter(([, value]) => value !== UNSET)) };
}
