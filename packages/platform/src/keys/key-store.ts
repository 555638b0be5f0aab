/** Creates, lists, rotates and revokes API keys in a table. */
import { UsageError } from '@sluice/core/errors';
import { parseTenantId } from '@sluice/core/ids';
import type { Clock } from '@sluice/core/ports/clock';
import { type Item, queryAll, type Table } from '@sluice/core/ports/table';
import {
  type ApiKey,
  fromKeyItem,
  isUseItem,
  KEY_PARTITIONS,
  type KeyLimits,
  keyIdOf,
  SCOPES,
  type Scope,
  toKeyItem,
  toUseItem,
} from './api-key.ts';
import { createKeySecret, hashKey } from './key-format.ts';

export interface NewKey {
  readonly tenant: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly limits?: KeyLimits;
  readonly expiresAtMs?: number;
}

export interface CreatedKey {
  /** To be shown once; it cannot be found again. */
  readonly secret: string;
  readonly key: ApiKey;
}

export interface KeyStore {
  /** @throws UsageError naming what is wrong with the wish. */
  create(wish: NewKey): Promise<CreatedKey>;
  /** Newest first; of all tenants without an argument. */
  list(tenant?: string): Promise<readonly ApiKey[]>;
  /** A new secret with the same rights; the old one stays valid for `graceMs` (default 24 h). @throws UsageError */
  rotate(id: string, options?: { readonly graceMs?: number }): Promise<CreatedKey>;
  /** Takes effect at once here and within the verifier's cache time elsewhere. Twice is fine. @throws UsageError */
  revoke(id: string): Promise<ApiKey>;
}

export interface KeyStoreOptions {
  readonly table: Table;
  readonly clock: Clock;
  /** For tests. */
  readonly createSecret?: () => string;
}

const GRACE_MS = 24 * 3_600_000;
const MAX_NAME_CHARS = 100;
const CONTROL_CHARACTERS = /\p{Cc}/u;

export function createKeyStore({ table, clock, createSecret = createKeySecret }: KeyStoreOptions): KeyStore {
  const create = async (wish: NewKey): Promise<CreatedKey> => {
    const secret = createSecret();
    const key = toApiKey(wish, { hash: hashKey(secret), nowMs: clock.nowMs() });
    if ((await table.put(toKeyItem(key), { condition: { kind: 'absent' } })) === 'conflict') {
      throw new Error('a key with this secret exists already; try again');
    }
    return { secret, key };
  };
  const list = async (tenant?: string): Promise<readonly ApiKey[]> => {
    const partitions = await Promise.all(KEY_PARTITIONS.map((pk) => readPartition(table, pk)));
    return partitions
      .flat()
      .filter((key) => tenant === undefined || key.tenant === tenant)
      .sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? -1 : 1));
  };
  const find = async (id: string): Promise<ApiKey> => {
    const found = (await list()).find((key) => key.id === id);
    if (found === undefined)
      throw new UsageError(`there is no key "${id}"; "sluice keys list" shows all ids`);
    return found;
  };
  const change = async (key: ApiKey, changes: Partial<ApiKey>): Promise<ApiKey> => {
    const changed = { ...key, ...changes, revision: key.revision + 1 };
    const condition = { kind: 'equals', attribute: 'revision', value: key.revision } as const;
    if ((await table.put(toKeyItem(changed), { condition })) === 'conflict') {
      throw new Error(`key ${key.id} was changed by someone else at the same time; try again`);
    }
    return changed;
  };

  return {
    create,
    list,
    async rotate(id, { graceMs = GRACE_MS } = {}) {
      const old = await find(id);
      if (old.revokedAtMs !== undefined) throw new UsageError(`key ${id} is revoked; create a new one`);
      const nowMs = clock.nowMs();
      // The new key first: a crash in between leaves two valid keys, never none.
      const created = await create({
        tenant: old.tenant,
        name: old.name,
        scopes: old.scopes,
        limits: old.limits,
        ...(old.expiresAtMs === undefined || old.expiresAtMs <= nowMs
          ? {}
          : { expiresAtMs: old.expiresAtMs }),
      });
      const expiresAtMs = Math.min(old.expiresAtMs ?? Number.POSITIVE_INFINITY, nowMs + graceMs);
      await change(old, { expiresAtMs, replacedBy: created.key.id });
      return created;
    },
    async revoke(id) {
      const key = await find(id);
      return key.revokedAtMs === undefined ? change(key, { revokedAtMs: clock.nowMs() }) : key;
    },
  };
}

/** Notes the day of last use; repeats are harmless. */
export async function noteKeyUse(table: Table, hash: string, day: string): Promise<void> {
  await table.put(toUseItem(hash, day));
}

async function readPartition(table: Table, pk: string): Promise<readonly ApiKey[]> {
  const items: Item[] = [];
  for await (const item of queryAll(table, { pk, consistent: true })) items.push(item);
  const uses = new Map(items.filter(isUseItem).map((item) => [item.sk, item]));
  return items
    .filter((item) => !isUseItem(item))
    .map((item) => fromKeyItem(item, uses.get(toUseItem(item.sk, '').sk)));
}

function toApiKey(wish: NewKey, { hash, nowMs }: { readonly hash: string; readonly nowMs: number }): ApiKey {
  const { expiresAtMs, limits = {} } = wish;
  const name = wish.name.trim();
  if (name === '' || name.length > MAX_NAME_CHARS || CONTROL_CHARACTERS.test(name)) {
    throw new UsageError(`a key needs a name of 1 to ${MAX_NAME_CHARS} printable characters`);
  }
  if (expiresAtMs !== undefined && !(expiresAtMs > nowMs)) {
    throw new UsageError('the expiry of a new key lies in the past');
  }
  return {
    id: keyIdOf(hash),
    hash,
    tenant: checkTenant(wish.tenant),
    name,
    scopes: checkScopes(wish.scopes),
    limits: checkLimits(limits),
    createdAtMs: nowMs,
    revision: 1,
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  };
}

function checkTenant(tenant: string) {
  try {
    return parseTenantId(tenant);
  } catch (cause) {
    throw new UsageError((cause as RangeError).message, { cause });
  }
}

function checkScopes(wanted: readonly string[]): readonly Scope[] {
  const unknown = wanted.find((scope) => !SCOPES.some((known) => known === scope));
  if (unknown !== undefined) {
    throw new UsageError(`scope ${JSON.stringify(unknown)} is not one of ${SCOPES.join(', ')}`);
  }
  const scopes = SCOPES.filter((scope) => wanted.includes(scope));
  if (scopes.length === 0) throw new UsageError(`a key needs at least one scope of ${SCOPES.join(', ')}`);
  return scopes;
}

function checkLimits(limits: KeyLimits): KeyLimits {
  for (const [name, value] of Object.entries(limits)) {
    if (!(Number.isFinite(value) && value > 0))
      throw new UsageError(`${name} ${value} is not a positive number`);
  }
  return limits;
}
