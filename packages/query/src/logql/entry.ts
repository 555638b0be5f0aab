/**
 * A log line on its way through a pipeline: its text and its labels. Labels come from the stream, from
 * structured metadata (ids and level, beside the line) or from stages; stages may hide any of them.
 */
import type { LogLabels } from '@sluice/backends/log-reader';
import { METADATA_LABELS, readMetadata } from './line-metadata.ts';

export const ERROR_LABEL = '__error__';
export const ERROR_DETAILS_LABEL = '__error_details__';

export interface Entry {
  readonly timeNs: bigint;
  line: string;
  /** '' for a label that is not there. */
  get(name: string): string;
  /** A label set by a stage; an empty value takes it away. */
  set(name: string, value: string): void;
  remove(name: string): void;
  /** A label found by a parser: a name that stream or metadata have already gets the suffix `_extracted`. */
  extract(name: string, value: string): void;
  fail(error: string, details: string): void;
  /** All labels that are not empty, in no order. */
  labels(): LogLabels;
  /** The same by where they come from. */
  categories(): EntryCategories;
}

export interface EntryCategories {
  readonly stream: LogLabels;
  readonly structuredMetadata: LogLabels;
  readonly parsed: LogLabels;
}

export function createEntry(timeNs: bigint, line: string, stream: LogLabels): Entry {
  const original = line;
  let metadata: LogLabels | undefined;
  let own: Map<string, string> | undefined;

  const metadataOf = (): LogLabels => {
    metadata ??= readMetadata(original);
    return metadata;
  };
  const base = (name: string): string => {
    if (Object.hasOwn(stream, name)) return stream[name]!;
    const beside = METADATA_LABELS.includes(name) ? metadataOf() : undefined;
    return beside !== undefined && Object.hasOwn(beside, name) ? beside[name]! : '';
  };
  const set = (name: string, value: string): void => {
    own ??= new Map();
    own.set(name, value);
  };

  return {
    timeNs,
    line,
    get: (name) => own?.get(name) ?? base(name),
    set,
    remove: (name) => set(name, ''),
    extract: (name, value) => set(base(name) === '' ? name : `${name}_extracted`, value),
    fail(error, details) {
      set(ERROR_LABEL, error);
      set(ERROR_DETAILS_LABEL, details);
    },
    labels() {
      const { stream: kept, structuredMetadata, parsed } = this.categories();
      return { ...kept, ...structuredMetadata, ...parsed };
    },
    categories() {
      const changed = own;
      const keep = (labels: LogLabels): LogLabels =>
        changed === undefined
          ? labels
          : Object.fromEntries(Object.entries(labels).filter(([name]) => !changed.has(name)));
      const parsed = [...(changed ?? [])].filter(([, value]) => value !== '');
      return {
        stream: keep(stream),
        structuredMetadata: keep(metadataOf()),
        parsed: Object.fromEntries(parsed),
      };
    },
  };
}
