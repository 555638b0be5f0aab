/**
 * A Bloom filter over what spans can be searched by: operation names and `key = value` pairs. It stands
 * beside every stored batch, so that a search for one user's request opens only the batches that can hold
 * it. False positives cost a look; false negatives cannot happen, because every form that a value may have
 * on the wire is asked for, and what has no single form (lists, maps, bytes, odd encodings) is entered
 * under its key alone.
 */
import { FieldReader } from './field-reader.ts';

/** Ten bits an entry and four probes: about 1.2 % false positives. */
const BITS_PER_ENTRY = 10;
const PROBES = 4;
/** The probes of few entries need room, or they all fall on the same bits. */
const MIN_FILTER_BYTES = 32;

const OPERATION_SEED = 0x51ed270b;
const TAG_SEED = 0x2545f491;
const ANY_VALUE = 0xff;
const MAX_SHORT = 0x80;

const LONG_VALUE_END_BYTES = 16;
const KEY_END_BYTES = 8;

/** Tags of the fields of AnyValue (common.proto), which tell apart 1, "1", 1.0 and true. */
const STRING = 0x0a;
const BOOL = 0x10;
const INT = 0x18;
const DOUBLE = 0x21;

/** A set of 32-bit hashes. */
export class HashSet {
  /** Open addressing; 0 is a free slot, so the hash 0 is kept as 1: another false positive at worst. */
  #slots = new Int32Array(1024);
  #hashes = new Int32Array(512);
  #size = 0;

  add(hash: number): void {
    const key = hash === 0 ? 1 : hash;
    const mask = this.#slots.length - 1;
    let at = key & mask;
    for (let found = this.#slots[at]!; found !== 0; found = this.#slots[at]!) {
      if (found === key) return;
      at = (at + 1) & mask;
    }
    this.#slots[at] = key;
    this.#hashes[this.#size++] = key;
    if (this.#size === this.#hashes.length) this.#grow();
  }

  toFilter(): Uint8Array {
    const filter = new Uint8Array(Math.max(MIN_FILTER_BYTES, Math.ceil((this.#size * BITS_PER_ENTRY) / 8)));
    for (let i = 0; i < this.#size; i++) setBits(filter, this.#hashes[i]!);
    return filter;
  }

  #grow(): void {
    const hashes = this.#hashes;
    this.#slots = new Int32Array(hashes.length * 4);
    this.#hashes = new Int32Array(hashes.length * 2);
    this.#size = 0;
    for (const hash of hashes) this.add(hash);
  }
}

export function mayHold(filter: Uint8Array, hash: number): boolean {
  const bits = filter.length * 8;
  const key = hash === 0 ? 1 : hash;
  let probe = key >>> 0;
  const step = stepOf(key);
  for (let i = 0; i < PROBES; i++) {
    const bit = probe % bits;
    if ((filter[bit >>> 3]! & (1 << (bit & 7))) === 0) return false;
    probe = (probe + step) >>> 0;
  }
  return true;
}

function setBits(filter: Uint8Array, hash: number): void {
  const bits = filter.length * 8;
  let probe = hash >>> 0;
  const step = stepOf(hash);
  for (let i = 0; i < PROBES; i++) {
    const bit = probe % bits;
    filter[bit >>> 3]! |= 1 << (bit & 7);
    probe = (probe + step) >>> 0;
  }
}

function stepOf(hash: number): number {
  return (Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) | 1) >>> 0;
}

export function operationHash(view: DataView, start: number, end: number): number {
  return hashBytes(view, start, end, OPERATION_SEED);
}

/**
 * Of a KeyValue message. Key and value in the usual order, the value a string, number or bool in its
 * shortest form, have a hash of their own; everything else hashes like its key with any value.
 */
export function tagHash(view: DataView, start: number, end: number): number {
  const keySize = end - start < 4 ? MAX_SHORT : view.getUint8(start + 1);
  const keyEnd = start + 2 + keySize;
  if (keySize > 0x7f || keyEnd >= end || view.getUint8(start) !== STRING || view.getUint8(keyEnd) !== 0x12) {
    return oddTagHash(view, start, end);
  }
  const key = hashKey(view, start + 2, keyEnd);
  const at = varintEnd(view, keyEnd + 1, end);
  if (at >= end) return mix(key, ANY_VALUE);
  const type = view.getUint8(at);
  const valueAt = at + 1;
  if (type === STRING) {
    const textAt = varintEnd(view, valueAt, end);
    const size = textAt === valueAt + 1 ? view.getUint8(valueAt) : longSize(view, valueAt, textAt);
    return textAt + size === end ? hashBytes(view, textAt, end, mix(key, STRING)) : mix(key, ANY_VALUE);
  }
  const plain =
    type === DOUBLE
      ? valueAt + 8 === end
      : (type === INT || type === BOOL) &&
        varintEnd(view, valueAt, end) === end &&
        (valueAt + 1 === end || view.getUint8(end - 1) !== 0);
  return plain ? hashBytes(view, valueAt, end, mix(key, type)) : mix(key, ANY_VALUE);
}

function varintEnd(view: DataView, start: number, end: number): number {
  let at = start;
  while (at < end && view.getUint8(at) > 0x7f) at++;
  return at + 1;
}

function longSize(view: DataView, start: number, end: number): number {
  let size = 0;
  for (let at = end - 1; at >= start; at--) size = size * 128 + (view.getUint8(at) & 0x7f);
  return size;
}

/** For a long key, or fields in an unusual order. */
function oddTagHash(view: DataView, start: number, end: number): number {
  const reader = new FieldReader(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  reader.enter(start, end);
  let hash = hashKey(view, start, start);
  while (reader.next()) if (reader.field === 1) hash = hashKey(view, reader.start, reader.stop);
  return mix(hash, ANY_VALUE);
}

/** Of the text of a tag that is looked for: one of these is in the filter if the tag is in the batch. */
export function tagHashes(key: string, text: string): readonly number[] {
  const keyHash = hashKeyText(key);
  const hashes = [mix(keyHash, ANY_VALUE), hashText(text, mix(keyHash, STRING))];
  const number = toNumber(text);
  if (number !== undefined) {
    const double = new DataView(new ArrayBuffer(8));
    double.setFloat64(0, number, true);
    hashes.push(hashBytes(double, 0, 8, mix(keyHash, DOUBLE)));
  }
  const int = toInt64(text);
  if (int !== undefined) {
    hashes.push(hashAll(encodeVarint(int), mix(keyHash, INT)));
  }
  if (text === 'true' || text === 'false') {
    hashes.push(hashAll(Uint8Array.of(text === 'true' ? 1 : 0), mix(keyHash, BOOL)));
  }
  return hashes;
}

export function operationNameHash(name: string): number {
  return hashText(name, OPERATION_SEED);
}

/** The name of an event, which Jaeger shows as the log field `event`. */
export function eventNameHash(view: DataView, start: number, end: number): number {
  return hashBytes(view, start, end, EVENT_NAME_SEED);
}

/** `undefined` for text that is not a whole number of 64 bits. */
export function toInt64(text: string): bigint | undefined {
  if (!/^-?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

export function toNumber(text: string): number | undefined {
  if (text.trim() === '') return undefined;
  const value = Number(text);
  return Number.isNaN(value) ? undefined : value;
}

function encodeVarint(value: bigint): Uint8Array {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Uint8Array.from(out);
}

function hashKeyText(key: string): number {
  const bytes = Buffer.from(key);
  return hashKey(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length);
}

function hashText(text: string, seed: number): number {
  return hashAll(Buffer.from(text), seed);
}

function hashAll(bytes: Uint8Array, seed: number): number {
  return hashBytes(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length, seed);
}

function mix(hash: number, salt: number): number {
  const mixed = Math.imul(hash ^ salt, 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}

/**
 * Four bytes at a time, with the mixing steps of MurmurHash3 (32 bits). Of long values only both ends and
 * the length count: values that agree in those share an entry, at worst another false positive.
 */
function hashBytes(view: DataView, start: number, end: number, seed: number): number {
  let hash = seed ^ (end - start);
  let at = start;
  if (end - start > 2 * LONG_VALUE_END_BYTES) {
    hash = hashWords(view, start, start + LONG_VALUE_END_BYTES, hash);
    at = end - LONG_VALUE_END_BYTES;
  }
  hash = hashWords(view, at, end, hash);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** Keys of one length that end alike (`http.route`, `html.route`) may share a hash: the value tells them apart. */
function hashKey(view: DataView, start: number, end: number): number {
  const from = Math.max(start, end - KEY_END_BYTES);
  return mix(hashWords(view, from, end, TAG_SEED ^ (end - start)), 0);
}

function hashWords(view: DataView, start: number, end: number, seed: number): number {
  let hash = seed;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    let word = Math.imul(view.getInt32(at, true), 0xcc9e2d51);
    word = (word << 15) | (word >>> 17);
    hash ^= Math.imul(word, 0x1b873593);
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193);
  return hash;
}

const EVENT_NAME_SEED = mix(hashKeyText('event'), STRING);
