/** Attributes as Prometheus labels: names sanitised, names that meet joined, reserved names refused. */
import type { KeyValue } from '@sluice/otlp/model';
import { toLabelValue } from './attribute-text.ts';
import { PointFault } from './rejections.ts';

/** Set by the kind of series or by the resource. */
const REFUSED: ReadonlySet<string> = new Set(['__name__', 'le', 'quantile']);

/** @throws PointFault when the name has no character that labels may hold. */
export function toLabelName(key: string, utf8Names: boolean): string {
  if (key === '') throw new PointFault('label-name-vanishes', 'an attribute has no name');
  if (utf8Names) return cleanText(key);
  const name = key.replace(/[^a-zA-Z0-9_]/g, '_');
  if (/^_*$/.test(name)) {
    throw new PointFault(
      'label-name-vanishes',
      `attribute ${JSON.stringify(key)} has no character of a-z, A-Z or 0-9`,
    );
  }
  if (/^[0-9]/.test(name)) return `key_${name}`;
  return /^_[^_]/.test(name) ? `key${name}` : name;
}

/**
 * Adds attributes to labels. Two keys that become one name are joined by `;` in the order of the keys
 * (specification, "Metric Attributes"); `job` and `instance` of a point are kept as `exported_…`, as
 * Prometheus does with scraped ones. `verbatim`: they are Prometheus labels already.
 */
export function addAttributes(
  labels: Map<string, string>,
  attributes: readonly KeyValue[],
  {
    utf8Names,
    prefix = '',
    verbatim = false,
  }: { readonly utf8Names: boolean; readonly prefix?: string; readonly verbatim?: boolean },
): void {
  if (verbatim) {
    for (const { key, value } of attributes) labels.set(key, cleanText(toLabelValue(value)));
    return;
  }
  const sorted = attributes.length < 2 ? attributes : [...attributes].sort(byKey);
  const own = new Map<string, string>();
  let previous: KeyValue | undefined;
  for (const attribute of sorted) {
    const { key } = attribute;
    const name = prefix === '' ? toLabelName(key, utf8Names) : toLabelName(`${prefix}${key}`, utf8Names);
    if (REFUSED.has(name)) {
      throw new PointFault('reserved-label', `attribute ${JSON.stringify(key)} is the label ${name}`);
    }
    const value = cleanText(toLabelValue(attribute.value));
    if (previous?.key === key) {
      if (cleanText(toLabelValue(previous.value)) === value) continue;
      throw new PointFault('duplicate-attribute', `attribute ${JSON.stringify(key)} has two values`);
    }
    previous = attribute;
    const earlier = own.get(name);
    own.set(name, earlier === undefined ? value : `${earlier};${value}`);
  }
  for (const [name, value] of own) {
    labels.set(labels.has(name) ? freeName(`exported_${name}`, labels, own) : name, value);
  }
}

function freeName(
  name: string,
  taken: ReadonlyMap<string, string>,
  own: ReadonlyMap<string, string>,
): string {
  return taken.has(name) || own.has(name) ? freeName(`exported_${name}`, taken, own) : name;
}

/** The two characters that label keys are joined with cannot be part of a name or value. */
function cleanText(text: string): string {
  return text.replaceAll('\u0000', '\ufffd').replaceAll('\u0001', '\ufffd');
}

function byKey(a: KeyValue, b: KeyValue): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
