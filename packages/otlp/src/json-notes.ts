/** Where a JSON conversion stands, and what it warns about: one line for each kind, with the first place. */
import { OtlpFormatError } from './format-error.ts';

export class JsonNotes {
  readonly #path: (string | number)[] = [];
  /** Where the first member stands that the schema does not know. */
  unknownPlace: string | undefined;
  readonly #warnings = new Map<string, { readonly place: string; count: number }>();

  /** Runs `work` one step further down. */
  within(step: string | number, work: () => void): void {
    this.#path.push(step);
    work();
    this.#path.pop();
  }

  /** For example `$.resourceSpans[0].scopeSpans[0].spans[3].traceId`. */
  place(): string {
    return this.#path.reduce<string>(
      (path, step) => (typeof step === 'number' ? `${path}[${step}]` : `${path}.${step}`),
      '$',
    );
  }

  fail(message: string): never {
    throw this.error(message);
  }

  /** For a statement that shall narrow a type. */
  error(message: string): OtlpFormatError {
    const path = this.place();
    return new OtlpFormatError(`${path}: ${message}`, { path });
  }

  /** `message` is the kind of the warning, of which there are few; `found` is told of the first case only. */
  warn(message: string, found = ''): void {
    const known = this.#warnings.get(message);
    if (known === undefined) this.#warnings.set(message, { place: `${this.place()}: ${found}`, count: 1 });
    else known.count++;
  }

  /** Unknown members are legal; which was the first matters only when nothing else is found. */
  passOver(name: string): void {
    this.unknownPlace ??= `${this.place()}.${name}`;
  }

  warnings(): readonly string[] {
    return [...this.#warnings].map(([message, { place, count }]) =>
      count === 1 ? `${place}${message}` : `${place}${message} (${count} times)`,
    );
  }
}

/** A value as it may stand in a message: its type, and a short value itself. */
export function describeJson(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `the string ${JSON.stringify(shorten(value))}`;
  return `the ${typeof value === 'boolean' ? 'boolean' : 'number'} ${shorten(String(value))}`;
}

function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}
