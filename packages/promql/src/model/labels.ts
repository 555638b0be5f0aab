/**
 * Label sets as the engine handles them: sorted by name, no empty values (an empty value is the same as
 * no label: Prometheus data model), never changed once made.
 */
import { goQuote } from './go-quote.ts';
export interface Label {
  readonly name: string;
  readonly value: string;
}

export type Labels = readonly Label[];

export const METRIC_NAME = '__name__';
export const BUCKET_LABEL = 'le';
/** Labels that describe the metric rather than the series; they go when a function changes its meaning. */
const METADATA_LABELS: ReadonlySet<string> = new Set([METRIC_NAME, '__type__', '__unit__']);

export const NO_LABELS: Labels = [];

/** Sorted labels of a record; empty values are left out. */
export function toLabels(record: Readonly<Record<string, string>>): Labels {
  return fromPairs(Object.entries(record));
}

export function fromPairs(pairs: Iterable<readonly [string, string]>): Labels {
  const labels: Label[] = [];
  for (const [name, value] of pairs) if (value !== '') labels.push({ name, value });
  return labels.sort(compareNames);
}

export function toRecord(labels: Labels): Record<string, string> {
  const record: Record<string, string> = Object.create(null);
  for (const { name, value } of labels) record[name] = value;
  return record;
}

/** The value of a label, '' when it is not there. */
export function labelValue(labels: Labels, name: string): string {
  for (let i = 0; i < labels.length; i++) if (labels[i]!.name === name) return labels[i]!.value;
  return '';
}

/** With the given labels set; '' removes one. */
export function withLabels(labels: Labels, changes: ReadonlyMap<string, string>): Labels {
  const kept = labels.filter(({ name }) => !changes.has(name));
  for (const [name, value] of changes) if (value !== '') kept.push({ name, value });
  return kept.sort(compareNames);
}

export function withLabel(labels: Labels, name: string, value: string): Labels {
  return withLabels(labels, new Map([[name, value]]));
}

export function keepLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  return labels.filter(({ name }) => names.has(name));
}

export function dropLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  return labels.filter(({ name }) => !names.has(name));
}

/** Without the metric's name, type and unit. */
export function dropMetadata(labels: Labels): Labels {
  return labels.some(({ name }) => METADATA_LABELS.has(name)) ? dropLabels(labels, METADATA_LABELS) : labels;
}

/** A string that is equal for equal label sets only: names and values hold no U+0000 and U+0001 by contract. */
export function labelsKey(labels: Labels): string {
  let key = '';
  for (const { name, value } of labels) key += `${name}\u0000${value}\u0001`;
  return key;
}

/** The order of results: name by name, value by value, a prefix first (Prometheus labels.Compare). */
export function compareLabels(a: Labels, b: Labels): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const left = a[i]!;
    const right = b[i]!;
    if (left.name !== right.name) return left.name < right.name ? -1 : 1;
    if (left.value !== right.value) return left.value < right.value ? -1 : 1;
  }
  return a.length - b.length;
}

/** `{a="b", c="d"}` with Go's quoting, the metric name among the labels. */
export function formatLabels(labels: Labels): string {
  const parts = labels.map(({ name, value }) => `${quoteNameIfNeeded(name)}=${goQuote(value)}`);
  return `{${parts.join(', ')}}`;
}

/** Names outside `[a-zA-Z_][a-zA-Z0-9_]*` are written as strings (UTF-8 names of Prometheus 3). */
export function quoteNameIfNeeded(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : goQuote(name);
}

function compareNames(a: Label, b: Label): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
