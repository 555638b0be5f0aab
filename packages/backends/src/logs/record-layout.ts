/**
 * A layout says, for one sequence of attribute names, how these attributes are written: the nested JSON
 * text between the values, which value goes where, and which ids are repeated behind the JSON. It
 * depends on names alone, so a service's few shapes of records are laid out once.
 */
import {
  BAGGAGE_KEY,
  isDurationKey,
  isLevelKey,
  isTailKey,
  MAX_TAIL_FIELDS,
  pathOf,
  scaledDurationOf,
  splitName,
  trackingRank,
} from './record-fields.ts';

/** How a value is written: as it is, as seconds from a text or number, or divided by a unit. */
export interface Slot {
  readonly attribute: number;
  /** 0: as it is. 1: seconds, from a number or a text such as `250ms`. Above 1: units per second. */
  readonly scale: number;
}

export interface TailField {
  readonly attribute: number;
  /** ` name=` */
  readonly prefix: Uint8Array;
  readonly isQuoted: boolean;
}

export interface RecordLayout {
  /** `literals[i]` stands before `slots[i]`; the last literal closes the objects. */
  readonly literals: readonly Uint8Array[];
  readonly slots: readonly Slot[];
  /** Attributes beyond the field budget, with their names as JSON text. */
  readonly overflow: readonly { readonly attribute: number; readonly name: Uint8Array }[];
  readonly tail: readonly TailField[];
  /** Attributes that may hold the tracking id, best first. */
  readonly tracking: readonly number[];
  readonly baggage: number | undefined;
  readonly level: number | undefined;
  readonly hasException: boolean;
}

interface Node {
  slot?: Slot;
  /** The slot came here from a name that is also a prefix: it gives way to an attribute of this very name. */
  isMoved?: boolean;
  children?: Map<string, Node>;
}

export interface LayoutRules {
  readonly maxFields: number;
  /** Record attributes follow the record's names; those of a resource or scope only nest. */
  readonly isRecord: boolean;
}

const encoder = new TextEncoder();

export function createRecordLayout(
  keys: readonly string[],
  { maxFields, isRecord }: LayoutRules,
): RecordLayout {
  const root: Node = {};
  const overflow: { attribute: number; name: Uint8Array }[] = [];
  const known = new Set(keys);
  const tracking: { attribute: number; rank: number }[] = [];
  let fields = 0;
  const place = (path: readonly string[], slot: Slot, key: string): void => {
    if (fields < maxFields) fields += insert(root, path, slot) ? 1 : 0;
    else overflow.push({ attribute: slot.attribute, name: encoder.encode(`${JSON.stringify(key)}:`) });
  };

  keys.forEach((key, attribute) => {
    if (!isRecord) {
      place(splitName(key), { attribute, scale: 0 }, key);
      return;
    }
    const rank = trackingRank(key);
    if (rank !== undefined) {
      tracking.push({ attribute, rank });
      // The best source is the field tracking_id itself.
      if (key === 'tracking_id') return;
    }
    // An explicit error.* wins over the same fact as exception.*.
    const explicit = key.startsWith('exception.') ? `error.${key.slice('exception.'.length)}` : undefined;
    const isTwice = explicit !== undefined && known.has(explicit.replace(/stacktrace$/, 'stack'));
    place(isTwice ? splitName(key) : pathOf(key), { attribute, scale: isDurationKey(key) ? 1 : 0 }, key);
    const scaled = scaledDurationOf(key);
    if (scaled !== undefined && !known.has(scaled.key) && fields < maxFields) {
      fields += insert(root, pathOf(scaled.key), { attribute, scale: scaled.perSecond }) ? 1 : 0;
    }
  });

  const { literals, slots } = emit(root);
  const level = isRecord ? keys.findIndex(isLevelKey) : -1;
  const baggage = isRecord ? keys.lastIndexOf(BAGGAGE_KEY) : -1;
  return {
    literals: literals.map((text) => encoder.encode(text)),
    slots,
    overflow,
    tail: isRecord ? tailOf(keys, root) : [],
    tracking: tracking
      .sort((a, b) => a.rank - b.rank || b.attribute - a.attribute)
      .map(({ attribute }) => attribute),
    baggage: baggage < 0 ? undefined : baggage,
    level: level < 0 ? undefined : level,
    hasException: isRecord && keys.includes('exception.type'),
  };
}

/** Answers whether a field was added (of a name given twice the last counts). */
function insert(root: Node, path: readonly string[], slot: Slot): boolean {
  let node = root;
  let siblings: Map<string, Node> = new Map();
  for (const segment of path) {
    // A value whose name is also the prefix of others moves under "value" inside their object.
    if (node.slot !== undefined) {
      node.children = new Map([['value', { slot: node.slot, isMoved: true }]]);
      delete node.slot;
    }
    node.children ??= new Map();
    let child = node.children.get(segment);
    if (child === undefined) {
      child = {};
      node.children.set(segment, child);
    }
    siblings = node.children;
    node = child;
  }
  if (node.children !== undefined) return insert(node, [freeName(node.children)], slot);
  if (node.isMoved === true) {
    siblings.set(freeName(siblings), { slot: node.slot!, isMoved: true });
    delete node.isMoved;
    node.slot = slot;
    return true;
  }
  const isNew = node.slot === undefined;
  node.slot = slot;
  return isNew;
}

function freeName(children: ReadonlyMap<string, Node>): string {
  let name = 'value';
  while (children.has(name)) name += '_';
  return name;
}

function emit(root: Node): { readonly literals: readonly string[]; readonly slots: readonly Slot[] } {
  const literals: string[] = [];
  const slots: Slot[] = [];
  let text = '';
  const visit = (children: ReadonlyMap<string, Node>, isTop: boolean): void => {
    let first = !isTop;
    for (const [name, node] of children) {
      text += `${first ? '' : ','}${JSON.stringify(name)}:`;
      first = false;
      if (node.children !== undefined) {
        text += '{';
        visit(node.children, false);
        text += '}';
      } else {
        literals.push(text);
        slots.push(node.slot!);
        text = '';
      }
    }
  };
  if (root.children !== undefined) visit(root.children, true);
  literals.push(text);
  return { literals, slots };
}

function tailOf(keys: readonly string[], root: Node): readonly TailField[] {
  const tail: TailField[] = [];
  const errorType = root.children?.get('error')?.children?.get('type')?.slot;
  if (errorType !== undefined) {
    tail.push({ attribute: errorType.attribute, prefix: encoder.encode(' error_type='), isQuoted: true });
  }
  keys.forEach((key, attribute) => {
    if (!isTailKey(key) || tail.length >= MAX_TAIL_FIELDS || keys.lastIndexOf(key) !== attribute) return;
    tail.push({ attribute, prefix: encoder.encode(` ${key}=`), isQuoted: false });
  });
  return tail;
}
