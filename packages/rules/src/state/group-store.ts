/**
 * What rule groups remember, on the Table port: one item a group, written only if it is still the one that
 * was read. Memory that is too large for an item lies in parts beside it, which are written first and are
 * named after the version, so that a reader never sees half of one.
 */
import { createHash, randomUUID } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Item, Table } from '@sluice/core/ports/table';
import { queryAll } from '@sluice/core/ports/table';
import type { GroupMemory } from '../evaluate/evaluate-group.ts';
import type { RuleAlert } from '../rule-alert.ts';

export interface GroupState {
  readonly file: string;
  readonly name: string;
  readonly memory: GroupMemory;
  /** What the outside has still to be told; it is told before anything else happens. */
  readonly outbox: readonly RuleAlert[];
  readonly durationMs: number;
  /** Since the first evaluation. */
  readonly missedIterations: number;
}

export interface StoredGroup {
  readonly state: GroupState;
  readonly version: string;
}

export interface GroupStore {
  load(group: GroupName): Promise<StoredGroup | undefined>;
  /** Answers the new version; undefined when another writer came first. `before` undefined: still absent. */
  save(state: GroupState, before: string | undefined): Promise<string | undefined>;
  /** False when it has changed since. */
  forget(group: GroupName, version: string): Promise<boolean>;
  list(): Promise<readonly StoredGroup[]>;
}

export interface GroupName {
  readonly file: string;
  readonly name: string;
}

/** Well below the 400 KB of an item, keys and all. */
const MAX_PART_BYTES = 350_000;
/** Table keys hold 1,024 bytes; longer names are cut and told apart by a hash. */
const MAX_ID_BYTES = 800;

/** `<file>;<name>`, as Prometheus names groups in its metrics. */
export function groupIdOf({ file, name }: GroupName): string {
  const id = `${file};${name}`;
  if (Buffer.byteLength(id) <= MAX_ID_BYTES) return id;
  return `${id.slice(0, MAX_ID_BYTES / 4)}~${createHash('sha256').update(id).digest('hex')}`;
}

export function createGroupStore(table: Table, { tenant }: { readonly tenant: string }): GroupStore {
  const pk = `rules#${tenant}`;
  const partsPk = `rules-part#${tenant}`;
  const partKey = (id: string, version: string, index: number) => ({
    pk: partsPk,
    sk: `${id}#${version}#${String(index).padStart(4, '0')}`,
  });

  const read = async (item: Item): Promise<StoredGroup | undefined> => {
    const version = String(item.version);
    const bodies: Uint8Array[] = [toBytes(item.body)];
    for (let index = 1; index < Number(item.parts); index++) {
      const part = await table.get(partKey(item.sk, version, index), { consistent: true });
      // Replaced while it was being read.
      if (part === undefined) return undefined;
      bodies.push(toBytes(part.body));
    }
    const state = JSON.parse(gunzipSync(Buffer.concat(bodies)).toString(), revive) as GroupState;
    return { state, version };
  };

  const dropParts = async (id: string, version: string): Promise<void> => {
    for await (const part of queryAll(table, { pk: partsPk, prefix: `${id}#${version}#` }))
      await table.delete({ pk: partsPk, sk: part.sk });
  };

  const store: GroupStore = {
    async load(group) {
      const key = { pk, sk: groupIdOf(group) };
      for (;;) {
        const item = await table.get(key, { consistent: true });
        if (item === undefined) return undefined;
        const stored = await read(item);
        if (stored !== undefined) return stored;
      }
    },
    async save(state, before) {
      const id = groupIdOf(state);
      const version = randomUUID();
      const bytes = gzipSync(JSON.stringify(state, replace), { level: 1 });
      const parts = Math.max(1, Math.ceil(bytes.length / MAX_PART_BYTES));
      const body = (index: number): Uint8Array =>
        bytes.subarray(index * MAX_PART_BYTES, (index + 1) * MAX_PART_BYTES);
      for (let index = 1; index < parts; index++)
        await table.put({ ...partKey(id, version, index), body: body(index) });
      const outcome = await table.put(
        { pk, sk: id, version, parts, body: body(0) },
        {
          condition:
            before === undefined
              ? { kind: 'absent' }
              : { kind: 'equals', attribute: 'version', value: before },
        },
      );
      if (outcome === 'conflict') await dropParts(id, version);
      else if (before !== undefined) await dropParts(id, before);
      return outcome === 'ok' ? version : undefined;
    },
    async forget(group, version) {
      const id = groupIdOf(group);
      const condition = { kind: 'equals', attribute: 'version', value: version } as const;
      if ((await table.delete({ pk, sk: id }, { condition })) === 'conflict') return false;
      await dropParts(id, version);
      return true;
    },
    async list() {
      const found: StoredGroup[] = [];
      for await (const item of queryAll(table, { pk, consistent: true })) {
        const stored = await read(item);
        if (stored !== undefined) found.push(stored);
      }
      return found;
    },
  };
  return store;
}

function toBytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError('a stored rule group has no body');
  return value;
}

/** JSON knows no NaN and no infinities; values of alerts may be either. A text that looks like one is marked twice. */
function replace(key: string, value: unknown): unknown {
  if (key !== 'value') return value;
  if (typeof value === 'number' && !Number.isFinite(value)) return `#${value}`;
  return typeof value === 'string' && value.startsWith('#') ? `#${value}` : value;
}

function revive(key: string, value: unknown): unknown {
  if (key !== 'value' || typeof value !== 'string' || !value.startsWith('#')) return value;
  return value.startsWith('##') ? value.slice(1) : Number(value.slice(1));
}
