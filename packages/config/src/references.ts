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
