/** Sets of labels: their order, their text and their fingerprint, equal to those of Prometheus' common/model. */
import { goQuote } from '@sluice/templates/go-print';

export type LabelSet = Readonly<Record<string, string>>;

/** Names in byte order. */
export function sortedNames(labels: LabelSet): readonly string[] {
  return Object.keys(labels).sort(compareBytes);
}

export function compareBytes(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The order of Prometheus' common/model: fewer labels first, then by the first name that is different, then by values. */
export function compareLabelSets(a: LabelSet, b: LabelSet): number {
  const [names, others] = [sortedNames(a), sortedNames(b)];
  if (names.length !== others.length) return names.length - others.length;
  for (const [index, name] of names.entries()) {
    // The set that lacks the smaller name comes first.
    const order = compareBytes(others[index]!, name) || compareBytes(a[name]!, b[name] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

/** The order of alerts in notifications: by job, by instance (those without come last), then by all labels. */
export function compareAlertLabels(a: LabelSet, b: LabelSet): number {
  for (const name of ['job', 'instance']) {
    const [left, right] = [a[name], b[name]];
    if (left === right) continue;
    if (left === undefined) return 1;
    if (right === undefined) return -1;
    return compareBytes(left, right);
  }
  return compareLabelSets(a, b);
}

/** `{a="x", b="y"}`: how a set of labels stands in group keys. */
export function formatLabelSet(labels: LabelSet): string {
  return `{${sortedNames(labels)
    .map((name) => `${name}=${goQuote(labels[name]!)}`)
    .join(', ')}}`;
}

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;
const SEPARATOR = 255;

/** FNV-1a over names and values, 16 hex digits: the fingerprint that Alertmanager's API shows. */
export function fingerprint(labels: LabelSet): string {
  let hash = FNV_OFFSET;
  const add = (bytes: Uint8Array): void => {
    for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * FNV_PRIME) & MASK;
    hash = ((hash ^ BigInt(SEPARATOR)) * FNV_PRIME) & MASK;
  };
  for (const name of sortedNames(labels)) {
    add(Buffer.from(name));
    add(Buffer.from(labels[name]!));
  }
  return hash.toString(16).padStart(16, '0');
}

/** Labels and annotations that all have, with the same value. */
export function commonOf(sets: readonly LabelSet[]): LabelSet {
  const [first, ...rest] = sets;
  if (first === undefined) return {};
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => rest.every((other) => other[name] === value)),
  );
}
