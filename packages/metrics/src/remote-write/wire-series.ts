/**
 * A series in the form in which remote write repeats it every minute: its labels in order, and their bytes
 * encoded once. Making one is the expensive part of a push, so that these are kept from tick to tick.
 */
import type { Label, Labels } from '@sluice/promql/model/labels';

export interface WireSeries {
  /** Sorted by the UTF-8 bytes of the names, `__name__` among them; no empty value, no name twice. */
  readonly labels: Labels;
  /** The fields `labels` of a remote-write 1.0 TimeSeries, one after the other. */
  readonly labelFields: Uint8Array;
  /** Places of names and values in the symbol store, for remote write 2.0. */
  readonly symbols: Uint32Array;
}

/** Every string that any cached series uses, by a number that stays. */
export interface SymbolStore {
  idOf(text: string): number;
  /** UTF-8. */
  bytesOf(id: number): Uint8Array;
  readonly size: number;
}

const encoder = new TextEncoder();

export function createSymbolStore(): SymbolStore {
  const ids = new Map<string, number>();
  const bytes: Uint8Array[] = [];
  return {
    idOf(text) {
      const known = ids.get(text);
      if (known !== undefined) return known;
      const id = bytes.length;
      ids.set(text, id);
      bytes.push(encoder.encode(text));
      return id;
    },
    bytesOf: (id) => bytes[id]!,
    get size() {
      return bytes.length;
    },
  };
}

export function toWireSeries(labels: Labels, symbols: SymbolStore): WireSeries {
  const refs = new Uint32Array(labels.length * 2);
  let size = 0;
  for (let i = 0; i < labels.length; i++) {
    const { name, value } = labels[i]!;
    refs[i * 2] = symbols.idOf(name);
    refs[i * 2 + 1] = symbols.idOf(value);
    const pair = pairBytes(symbols.bytesOf(refs[i * 2]!).length, symbols.bytesOf(refs[i * 2 + 1]!).length);
    size += 1 + varintBytes(pair) + pair;
  }
  const fields = new Uint8Array(size);
  let at = 0;
  for (let i = 0; i < refs.length; i += 2) {
    const name = symbols.bytesOf(refs[i]!);
    const value = symbols.bytesOf(refs[i + 1]!);
    fields[at++] = 0x0a;
    at = putVarint(fields, at, pairBytes(name.length, value.length));
    at = putText(fields, at, 0x0a, name);
    at = putText(fields, at, 0x12, value);
  }
  return { labels, labelFields: fields, symbols: refs };
}

/**
 * The labels of a series with one more (`le`, `quantile`) and another metric name, in the order that the
 * specification asks for: by the bytes of the names. An empty value is the same as no label.
 */
export function wireLabels(labels: Labels, name: string, extra?: Label): Labels {
  const kept = labels.filter(
    (label) => label.name !== '__name__' && label.value !== '' && label.name !== extra?.name,
  );
  const all = [{ name: '__name__', value: name }, ...kept, ...(extra === undefined ? [] : [extra])];
  all.sort((a, b) => compareByBytes(a.name, b.name));
  return all.filter((label, i) => i === 0 || all[i - 1]!.name !== label.name);
}

/** Order of UTF-8 bytes, which is that of code points: UTF-16 units differ from it beyond U+D7FF. */
export function compareByBytes(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function pairBytes(nameBytes: number, valueBytes: number): number {
  return 2 + varintBytes(nameBytes) + nameBytes + varintBytes(valueBytes) + valueBytes;
}

export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

function putText(target: Uint8Array, start: number, tag: number, text: Uint8Array): number {
  target[start] = tag;
  const at = putVarint(target, start + 1, text.length);
  target.set(text, at);
  return at + text.length;
}

function putVarint(target: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest > 0x7f) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[at++] = rest;
  return at;
}
