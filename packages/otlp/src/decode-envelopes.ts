/** Decodes what the three requests have in common: resources, in them scopes, in them items. */
import { decodeKeyValue } from './decode-attributes.ts';
import type { EntityRef, KeyValue, Resource, Scope } from './model.ts';
import { ProtoReader } from './proto-reader.ts';

export interface ScopeItems<Item> {
  readonly scope: Scope;
  readonly schemaUrl: string;
  readonly items: readonly Item[];
}

export interface ResourceScopes<ScopeOf> {
  readonly resource: Resource;
  readonly schemaUrl: string;
  readonly scopes: readonly ScopeOf[];
}

export interface ItemDecoder<Item, ScopeOf> {
  /** Reads the item that comes next. */
  readonly decodeItem: (reader: ProtoReader) => Item;
  readonly toScope: (items: ScopeItems<Item>) => ScopeOf;
}

const REQUEST_FIELDS = 0b10;
const ENVELOPE_FIELDS = 0b1110;
const RESOURCE_FIELDS = 0b1110;
const SCOPE_FIELDS = 0b1_1110;
const ENTITY_REF_FIELDS = 0b1_1110;

export function decodeEnvelopes<Item, ScopeOf>(
  bytes: Uint8Array,
  decoder: ItemDecoder<Item, ScopeOf>,
): readonly ResourceScopes<ScopeOf>[] {
  const reader = new ProtoReader(bytes);
  const resources: ResourceScopes<ScopeOf>[] = [];
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === ((1 << 3) | 2)) resources.push(decodeResourceScopes(reader, decoder));
    else reader.skip(tag, REQUEST_FIELDS);
  }
  return resources;
}

function decodeResourceScopes<Item, ScopeOf>(
  reader: ProtoReader,
  decoder: ItemDecoder<Item, ScopeOf>,
): ResourceScopes<ScopeOf> {
  const outer = reader.enter();
  const resource: MutableResource = { attributes: [], droppedAttributesCount: 0, entityRefs: [] };
  const scopes: ScopeOf[] = [];
  let schemaUrl = '';
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === ((1 << 3) | 2)) decodeResource(reader, resource);
    else if (tag === ((2 << 3) | 2)) scopes.push(decoder.toScope(decodeScopeItems(reader, decoder)));
    else if (tag === ((3 << 3) | 2)) schemaUrl = reader.string();
    else reader.skip(tag, ENVELOPE_FIELDS);
  }
  reader.leave(outer);
  return { resource, schemaUrl, scopes };
}

function decodeScopeItems<Item, ScopeOf>(
  reader: ProtoReader,
  { decodeItem }: ItemDecoder<Item, ScopeOf>,
): ScopeItems<Item> {
  const outer = reader.enter();
  const scope: MutableScope = { name: '', version: '', attributes: [], droppedAttributesCount: 0 };
  const items: Item[] = [];
  let schemaUrl = '';
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === ((2 << 3) | 2)) items.push(decodeItem(reader));
    else if (tag === ((1 << 3) | 2)) decodeScope(reader, scope);
    else if (tag === ((3 << 3) | 2)) schemaUrl = reader.string();
    else reader.skip(tag, ENVELOPE_FIELDS);
  }
  reader.leave(outer);
  return { scope, schemaUrl, items };
}

interface MutableResource extends Resource {
  readonly attributes: KeyValue[];
  droppedAttributesCount: number;
  readonly entityRefs: EntityRef[];
}

/** Reads into `resource`, so that a second Resource message merges with the first. */
function decodeResource(reader: ProtoReader, resource: MutableResource): void {
  const outer = reader.enter();
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === ((1 << 3) | 2)) resource.attributes.push(decodeKeyValue(reader));
    else if (tag === 2 << 3) resource.droppedAttributesCount = reader.uint32();
    else if (tag === ((3 << 3) | 2)) resource.entityRefs.push(decodeEntityRef(reader));
    else reader.skip(tag, RESOURCE_FIELDS);
  }
  reader.leave(outer);
}

interface MutableScope extends Scope {
  name: string;
  version: string;
  readonly attributes: KeyValue[];
  droppedAttributesCount: number;
}

function decodeScope(reader: ProtoReader, scope: MutableScope): void {
  const outer = reader.enter();
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === ((1 << 3) | 2)) scope.name = reader.string();
    else if (tag === ((2 << 3) | 2)) scope.version = reader.string();
    else if (tag === ((3 << 3) | 2)) scope.attributes.push(decodeKeyValue(reader));
    else if (tag === 4 << 3) scope.droppedAttributesCount = reader.uint32();
    else reader.skip(tag, SCOPE_FIELDS);
  }
  reader.leave(outer);
}

function decodeEntityRef(reader: ProtoReader): EntityRef {
  const outer = reader.enter();
  const idKeys: string[] = [];
  const descriptionKeys: string[] = [];
  let schemaUrl = '';
  let type = '';
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === ((1 << 3) | 2)) schemaUrl = reader.string();
    else if (tag === ((2 << 3) | 2)) type = reader.string();
    else if (tag === ((3 << 3) | 2)) idKeys.push(reader.string());
    else if (tag === ((4 << 3) | 2)) descriptionKeys.push(reader.string());
    else reader.skip(tag, ENTITY_REF_FIELDS);
  }
  reader.leave(outer);
  return { schemaUrl, type, idKeys, descriptionKeys };
}
