/**
 * Finds the layout of a record from the bytes of its attribute names: a tree of names already seen, where
 * each node first tries the name that came next the last time. Bounded: what does not fit is laid out anew.
 */
import type { LogRecordView } from '@sluice/otlp/walk-logs';
import { createRecordLayout, type LayoutRules, type RecordLayout } from './record-layout.ts';

interface Node {
  readonly next: Map<string, Node>;
  likelyKey: Uint8Array | undefined;
  likelyNode: Node | undefined;
  layout: RecordLayout | undefined;
}

export interface LayoutCache {
  layoutOf(view: LogRecordView): RecordLayout;
}

/** At some 300 bytes a node, a few MB. */
const MAX_NODES = 10_000;
const MAX_CACHED_KEYS = 200;

export function createLayoutCache(rules: LayoutRules): LayoutCache {
  let root = createNode();
  let nodes = 1;

  return {
    layoutOf(view) {
      const { attributeCount, attributes, bytes } = view;
      if (attributeCount > MAX_CACHED_KEYS) return createRecordLayout(keysOf(view), rules);
      if (nodes > MAX_NODES) {
        root = createNode();
        nodes = 1;
      }
      let node = root;
      for (let i = 0; i < attributeCount; i++) {
        const start = attributes[i * 4]!;
        const end = attributes[i * 4 + 1]!;
        const likely = node.likelyKey;
        if (likely !== undefined && isEqual(bytes, start, end, likely)) {
          node = node.likelyNode!;
          continue;
        }
        const key = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
        let next = node.next.get(key);
        if (next === undefined) {
          next = createNode();
          nodes += 1;
          node.next.set(key, next);
        }
        node.likelyKey = bytes.slice(start, end);
        node.likelyNode = next;
        node = next;
      }
      node.layout ??= createRecordLayout(keysOf(view), rules);
      return node.layout;
    },
  };
}

function createNode(): Node {
  return { next: new Map(), likelyKey: undefined, likelyNode: undefined, layout: undefined };
}

function isEqual(bytes: Uint8Array, start: number, end: number, other: Uint8Array): boolean {
  if (end - start !== other.length) return false;
  for (let i = start, j = 0; i < end; i++, j++) if (bytes[i] !== other[j]) return false;
  return true;
}

const decoder = new TextDecoder();

function keysOf({ bytes, attributes, attributeCount }: LogRecordView): readonly string[] {
  return Array.from({ length: attributeCount }, (_, i) =>
    decoder.decode(bytes.subarray(attributes[i * 4]!, attributes[i * 4 + 1]!)),
  );
}
