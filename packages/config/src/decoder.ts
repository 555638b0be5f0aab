/**
 * Nodes into typed values. A decoder reports what is wrong at the node and goes on, so that one run
 * tells everything; it answers undefined for what it could not read.
 */
import type { ConfigNode, NodeKind } from './config-node.ts';
import { parseDuration } from './duration.ts';
import { type ParsedYaml, parseYaml } from './parse-yaml.ts';
import { hasErrors, type Problem } from './problem.ts';

export type Decoder<T> = (node: ConfigNode) => T | undefined;

/** What a decoder gives when nothing is wrong. */
export type Decoded<D> = D extends Decoder<infer T> ? T : never;

const KIND_NAMES: Readonly<Record<NodeKind, string>> = {
  null: 'nothing',
  text: 'a text',
  number: 'a number',
  boolean: 'true or false',
  sequence: 'a list',
  mapping: 'a mapping',
};

function refuse(node: ConfigNode, wanted: string): undefined {
  const shown =
    node.kind === 'sequence' || node.kind === 'mapping' || node.kind === 'null'
      ? KIND_NAMES[node.kind]
      : JSON.stringify(node.source);
  node.report(`want ${wanted}, got ${shown}`);
  return undefined;
}

const isScalar = (node: ConfigNode): boolean => !['sequence', 'mapping', 'null'].includes(node.kind);

/** Any scalar as it was written: YAML's `1.0` in a field of text is "1.0". */
export const text: Decoder<string> = (node) =>
  isScalar(node) ? node.source : node.kind === 'null' ? '' : refuse(node, 'a text');

export const nonEmptyText: Decoder<string> = (node) => {
  const value = text(node);
  if (value === '') node.report('must not be empty');
  return value === '' ? undefined : value;
};

export const boolean: Decoder<boolean> = (node) => {
  if (typeof node.scalar === 'boolean') return node.scalar;
  // YAML 1.1 spellings, which Go's YAML still takes for booleans.
  if (/^(yes|on)$/i.test(node.source)) return true;
  return /^(no|off)$/i.test(node.source) ? false : refuse(node, 'true or false');
};

export const number: Decoder<number> = (node) =>
  typeof node.scalar === 'number' ? node.scalar : refuse(node, 'a number');

export const integer: Decoder<number> = (node) =>
  Number.isSafeInteger(node.scalar) ? (node.scalar as number) : refuse(node, 'a whole number');

/** A Prometheus duration (`5m`, `1h30m`, `0`), in milliseconds. */
export const durationMs: Decoder<number> = (node) => {
  const value = isScalar(node) ? parseDuration(node.source) : undefined;
  return value ?? refuse(node, 'a duration such as 30s, 5m or 1h30m');
};

export function oneOf<const T extends string>(...choices: readonly T[]): Decoder<T> {
  return (node) => {
    const found = choices.find((choice) => choice === node.source);
    return found ?? refuse(node, `one of ${choices.join(', ')}`);
  };
}

export function listOf<T>(item: Decoder<T>): Decoder<readonly T[]> {
  return (node) => {
    if (node.kind === 'null') return [];
    if (node.kind !== 'sequence') return refuse(node, 'a list');
    return node.items.map(item).filter((value): value is T & {} => value !== undefined);
  };
}

/** Keys in the order of the file. */
export function mapOf<T>(value: Decoder<T>): Decoder<ReadonlyMap<string, T>> {
  return (node) => {
    if (node.kind === 'null') return new Map();
    if (node.kind !== 'mapping') return refuse(node, 'a mapping');
    const result = new Map<string, T>();
    for (const entry of node.entries) {
      const decoded = value(entry.value);
      if (decoded !== undefined) result.set(entry.key, decoded);
    }
    return result;
  };
}

export interface Field<T> {
  readonly decode: Decoder<T>;
  readonly isRequired: boolean;
  readonly fallback?: T | undefined;
}

export function required<T>(decode: Decoder<T>): Field<T> {
  return { decode, isRequired: true };
}

export function optional<T>(decode: Decoder<T>): Field<T | undefined> {
  return { decode, isRequired: false };
}

export function withDefault<T>(decode: Decoder<T>, fallback: T): Field<T> {
  return { decode, isRequired: false, fallback };
}

type Fields = Readonly<Record<string, Field<unknown>>>;
export type FieldValues<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never;
};

/** Keys that are not named are errors, as the programs that own these files say it. */
export function mapping<F extends Fields>(
  fields: F,
  options: { readonly isLenient?: boolean } = {},
): Decoder<FieldValues<F>> {
  return (node) => {
    if (node.kind !== 'mapping' && node.kind !== 'null') return refuse(node, 'a mapping');
    const values: Record<string, unknown> = {};
    const seen = new Set<string>();
    let isWhole = true;
    for (const { key, keyNode, value } of node.entries) {
      const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
      if (field === undefined) {
        if (options.isLenient !== true) keyNode.report(unknownKey(key, Object.keys(fields)));
        continue;
      }
      seen.add(key);
      const decoded = value.kind === 'null' && !field.isRequired ? field.fallback : field.decode(value);
      if (decoded === undefined && field.isRequired) isWhole = false;
      values[key] = decoded ?? field.fallback;
    }
    for (const [key, field] of Object.entries(fields)) {
      if (seen.has(key)) continue;
      if (field.isRequired) {
        node.report(`${key} is missing`);
        isWhole = false;
      } else values[key] = field.fallback;
    }
    return isWhole ? (values as FieldValues<F>) : undefined;
  };
}

/** A check on top of a decoder: what `validate` answers is reported at the node. */
export function checked<T>(decode: Decoder<T>, validate: (value: T) => string | undefined): Decoder<T> {
  return (node) => {
    const value = decode(node);
    if (value === undefined) return undefined;
    const message = validate(value);
    if (message !== undefined) node.report(message);
    return message === undefined ? value : undefined;
  };
}

export function mapped<T, U>(
  decode: Decoder<T>,
  change: (value: T, node: ConfigNode) => U | undefined,
): Decoder<U> {
  return (node) => {
    const value = decode(node);
    return value === undefined ? undefined : change(value, node);
  };
}

export interface DecodedFile<T> {
  /** Undefined when there are errors. */
  readonly value: T | undefined;
  readonly problems: readonly Problem[];
}

/** The first document of a file; an empty file is an empty mapping. */
export function decodeYaml<T>(
  source: string,
  decode: Decoder<T>,
  { file }: { readonly file: string },
): DecodedFile<T> {
  const parsed: ParsedYaml = parseYaml(source, { file });
  if (hasErrors(parsed.problems)) return { value: undefined, problems: parsed.problems };
  const { documents, problems } = parsed.documents.length > 0 ? parsed : parseYaml('{}', { file });
  if (documents.length > 1) documents[1]!.report('only one document is read from this file');
  const value = decode(documents[0]!);
  return { value: hasErrors(problems) ? undefined : value, problems };
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = known.find((name) => distance(name, key) <= Math.min(2, key.length - 1));
  return `unknown key ${JSON.stringify(key)}${near === undefined ? '' : `, did you mean ${near}?`}`;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
