/** Settings that may stand in the file or in a file of their own: `url` and `url_file`. */
import type { ConfigNode } from '@sluice/config/config-node';
import * as d from '@sluice/config/decoder';
import { withReferences } from '@sluice/config/references';
import type { DecodeContext } from '../receivers/receiver.ts';

type SecretFields<N extends string> = Readonly<Record<N | `${N}_file`, d.Field<string | undefined>>>;

export function secretFields<N extends string>(
  name: N,
  { references }: Pick<DecodeContext, 'references'>,
): SecretFields<N> {
  return {
    [name]: d.optional(withReferences(d.text, references)),
    [`${name}_file`]: d.optional(d.text),
  } as SecretFields<N>;
}

/** The secret itself; a fault is reported at the node. */
export function secretOf<N extends string>(
  value: Readonly<Record<N | `${N}_file`, string | undefined>>,
  name: N,
  {
    node,
    context,
    isRequired = false,
  }: {
    readonly node: ConfigNode;
    readonly context: Pick<DecodeContext, 'readFile'>;
    readonly isRequired?: boolean;
  },
): string | undefined {
  const direct = value[name];
  const path = value[`${name}_file`];
  if (direct !== undefined && path !== undefined) {
    node.report(`at most one of ${name} and ${name}_file must be configured`);
    return undefined;
  }
  const found = path === undefined ? direct : readSecretFile(path, node, context);
  if (isRequired && found === undefined && path === undefined)
    node.report(`one of ${name} or ${name}_file must be configured`);
  return found === '' ? undefined : found;
}

/** What a `*_file` setting names, without blanks around it; a file that cannot be read is reported. */
export function readSecretFile(
  path: string,
  node: ConfigNode | undefined,
  { readFile }: Pick<DecodeContext, 'readFile'>,
): string | undefined {
  try {
    if (readFile === undefined) throw new Error('files are not read here');
    return readFile(path).trim();
  } catch (error) {
    node?.report(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
