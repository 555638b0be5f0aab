/**
 * `${env:NAME}` and `${secret:name}` in configuration: replaced when a file is read, never written back.
 * A value that came from a secret is remembered, so that messages can leave it out.
 */
import type { ConfigNode } from './config-node.ts';
import type { Decoder } from './decoder.ts';

export interface ReferenceSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Secrets that were read before; names without a value are reported. */
  readonly secrets: ReadonlyMap<string, string>;
  /** The values only stand for the secrets: nothing is to be concluded from what they look like. */
  readonly areHidden?: boolean;
}

const REFERENCE = /\$\{(env|secret):([^}]*)\}/g;

/** Names of the secrets that a file refers to, so that they can be read before it is decoded. */
export function findSecretNames(source: string): readonly string[] {
  return [
    ...new Set(
      [...source.matchAll(REFERENCE)].filter(([, kind]) => kind === 'secret').map(([, , name]) => name!),
    ),
  ];
}

/** For who has no business with the secrets: in the form of an address, since that is what most of them are. */
export function hideSecrets(source: string, { env }: Pick<ReferenceSource, 'env'>): ReferenceSource {
  const names = findSecretNames(source);
  const secrets = new Map(names.map((name) => [name, `https://secret.invalid/${name}`]));
  return { env, secrets, areHidden: true };
}

/** A decoder of texts whose references are replaced; a name without a value is reported with its remedy. */
export function withReferences(decode: Decoder<string>, source: ReferenceSource): Decoder<string> {
  return (node) => {
    const value = decode(node);
    return value === undefined ? undefined : replace(value, node, source);
  };
}

function replace(value: string, node: ConfigNode, { env, secrets }: ReferenceSource): string | undefined {
  let isWhole = true;
  const replaced = value.replaceAll(REFERENCE, (whole, kind: string, name: string) => {
    const found = kind === 'env' ? env[name] : secrets.get(name);
    if (found === undefined) {
      isWhole = false;
      node.report(
        kind === 'env'
          ? `${whole}: the environment variable ${name} is not set`
          : `${whole}: there is no secret of this name`,
      );
    }
    return found ?? '';
  });
  return isWhole ? replaced : undefined;
}
