/**
 * Secrets from where they are kept to where they are read: the environment of the deployment, else `sst secret
 * set`, into an encrypted parameter that exactly the functions may read which need it.
 */
import { SECRETS, type SecretName, type Settings } from './settings';

/** A parameter cannot be empty: this one stands for "not set". */
const UNSET = '-';

export type Secrets = Readonly<Record<SecretName, aws.ssm.Parameter>>;

export function secretPrefix({ app, stage }: Settings): string {
  return `/${app}/${stage}/`;
}

export function createSecrets(settings: Settings): Secrets {
  const create = (name: SecretName): aws.ssm.Parameter => {
    const secret = new sst.Secret(toPascalCase(name), UNSET);
    return new aws.ssm.Parameter(`Secret-${name}`, {
      name: `${secretPrefix(settings)}${name}`,
      type: 'SecureString',
      value: $util.secret(settings.secrets[name] ?? secret.value),
    });
  };
  return Object.fromEntries(SECRETS.map((name) => [name, create(name)])) as Secrets;
}

/** `SLUICE_TEMPO_AUTH` is `SluiceTempoAuth` for `sst secret set`, which takes no other names. */
function toPascalCase(name: string): string {
  return name.toLowerCase().replace(/(^|_)([a-z])/g, (_all, _before, letter: string) => letter.toUpperCase());
}
