/**
 * The values that templates work on. Numbers are Go's float64, bigints its integers; a `GoMap` is a map,
 * an array a slice, a `Date` a time.Time, a plain object a struct whose functions are its methods.
 */

export type GoValue =
  | string
  | boolean
  | number
  | bigint
  | null
  | undefined
  | Date
  | GoDuration
  | SafeHtml
  | GoMap
  | GoFunction
  | readonly GoValue[]
  | GoStruct;

export type GoFunction = (...args: readonly GoValue[]) => GoValue;

export interface GoStruct {
  readonly [field: string]: GoValue;
}

/** A map; what a missing key reads as is `zero` ('' for maps of strings, `undefined` prints `<no value>`). */
export class GoMap {
  readonly entries: ReadonlyMap<string, GoValue>;
  readonly zero: GoValue;
  readonly methods: Readonly<Record<string, GoFunction>>;

  constructor(
    entries: Iterable<readonly [string, GoValue]>,
    {
      zero,
      methods = {},
    }: { readonly zero?: GoValue; readonly methods?: Readonly<Record<string, GoFunction>> } = {},
  ) {
    this.entries = new Map(entries);
    this.zero = zero;
    this.methods = methods;
  }

  /** In the order in which Go ranges over and prints a map: by key. */
  sorted(): readonly (readonly [string, GoValue])[] {
    return [...this.entries].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }
}

/** `time.Duration`. */
export class GoDuration {
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }

  get seconds(): number {
    return Number(this.nanoseconds) / 1e9;
  }
}

/** Text that is not escaped when it is put into HTML. */
export class SafeHtml {
  readonly html: string;

  constructor(html: string) {
    this.html = html;
  }
}

/** A slice with methods, such as Alertmanager's `.Alerts.Firing`. */
export function withMethods(
  items: readonly GoValue[],
  methods: Readonly<Record<string, GoFunction>>,
): readonly GoValue[] {
  return Object.assign([...items], methods);
}

/** Whether a pipeline counts as true in `if`, `and`, `or`, `not`. */
export function isTruthy(value: GoValue): boolean {
  if (value === null || value === undefined) return false;
  if (typeof value === 'boolean' || typeof value === 'function') return Boolean(value);
  if (typeof value === 'number') return value !== 0;
  if (typeof value === 'bigint') return value !== 0n;
  if (typeof value === 'string') return value !== '';
  if (value instanceof GoMap) return value.entries.size > 0;
  if (value instanceof GoDuration) return value.nanoseconds !== 0n;
  if (value instanceof SafeHtml) return value.html !== '';
  if (Array.isArray(value)) return value.length > 0;
  return true;
}

/** Go's name of the type, for messages. */
export function typeName(value: GoValue): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return 'float64';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'function') return 'func';
  if (value instanceof Date) return 'time.Time';
  if (value instanceof GoDuration) return 'time.Duration';
  if (value instanceof SafeHtml) return 'template.HTML';
  if (value instanceof GoMap) return value.zero === '' ? 'map[string]string' : 'map[string]interface {}';
  return Array.isArray(value) ? 'slice' : 'struct';
}
