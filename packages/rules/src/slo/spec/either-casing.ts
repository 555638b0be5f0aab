/**
 * Mappings whose keys may be in snake case or in camel case: Sloth writes `error_query` in its own files and
 * `errorQuery` in Kubernetes objects, and people move SLOs between the two.
 */
import type { ConfigNode } from '@sluice/config/config-node';
import * as d from '@sluice/config/decoder';

type Fields = Readonly<Record<string, d.Field<unknown>>>;

/** Fields are named in snake case. A key that stands there in both casings is unknown the second time. */
export function eitherCasing<F extends Fields>(fields: F): d.Decoder<d.FieldValues<F>> {
  return (node) => {
    const present = new Set(node.entries.map(({ key }) => key));
    const spelling = (name: string): string =>
      !present.has(name) && present.has(toCamel(name)) ? toCamel(name) : name;
    const names = Object.keys(fields);
    const spelled = Object.fromEntries(names.map((name) => [spelling(name), fields[name]!]));
    const values = d.mapping(spelled)(node) as Readonly<Record<string, unknown>> | undefined;
    if (values === undefined) return undefined;
    return Object.fromEntries(names.map((name) => [name, values[spelling(name)]])) as d.FieldValues<F>;
  };
}

function toCamel(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

export interface Located<T> {
  readonly value: T;
  readonly node: ConfigNode;
}

/** A value with its place, for checks that need more than the value. */
export function located<T>(decode: d.Decoder<T>): d.Decoder<Located<T>> {
  return (node) => {
    const value = decode(node);
    return value === undefined ? undefined : { value, node };
  };
}
