/**
 * The keys of a tenant's trail: one data key per subject (so that forgetting a person is destroying a
 * key), one index key (so that look-ups hold no plain ids). Data keys are kept wrapped; the wrapping key
 * is KMS in the cloud and a key file locally.
 */
import { hash, randomBytes } from 'node:crypto';
import type { TenantId } from '@sluice/core/ids';
import type { Clock } from '@sluice/core/ports/clock';
import { type Item, queryAll, type Table } from '@sluice/core/ports/table';
import { tenantPartition } from './table-keys.ts';

/** Envelope encryption of data keys. `context` is bound to the wrapped key: it opens only with the same. */
export interface KeyWrapper {
  wrap(key: Uint8Array, context: string): Promise<Uint8Array>;
  /** @throws when the bytes were changed or belong to another context. */
  unwrap(wrapped: Uint8Array, context: string): Promise<Uint8Array>;
}

/** A stored key that cannot be used: it was changed, it is gone, or what wraps it does not answer. */
export class KeyError extends Error {
  override readonly name = 'KeyError';
}

export interface SubjectKey {
  /** `<subject ref>.<generation>`. */
  readonly keyId: string;
  readonly key: Uint8Array;
}

export interface Keyring {
  /** Pseudonym of a value, the same each time: HMAC-SHA256 under the tenant's index key, 32 hex digits. */
  pseudonym(tenant: TenantId, value: string): Promise<string>;
  /** The same as a plain function, for many values of one tenant. */
  pseudonymizer(tenant: TenantId): Promise<(value: string) => string>;
  /** HMAC-SHA256 under the tenant's index key of any text, 64 hex digits: sameness without the text. */
  fingerprint(tenant: TenantId, text: string): Promise<string>;
  /** The key to encrypt a subject's data with now; made when there is none. */
  keyFor(tenant: TenantId, subject: string): Promise<SubjectKey>;
  /** `undefined` once the subject was erased. `fresh` passes the memory by and reads the table. @throws when the stored key was tampered with. */
  open(
    tenant: TenantId,
    keyId: string,
    options?: { readonly fresh?: boolean },
  ): Promise<Uint8Array | undefined>;
  /** Every key id that a subject ever had, destroyed ones included. */
  keysOf(tenant: TenantId, subject: string): Promise<readonly string[]>;
  /** Destroys every key of a subject. Repeatable. */
  erase(tenant: TenantId, subject: string): Promise<void>;
}

export interface KeyringOptions {
  readonly table: Table;
  readonly wrapper: KeyWrapper;
  readonly clock: Clock;
  /** Opened keys kept in memory; another process may use an erased key for at most this long. */
  readonly cacheMs?: number;
}

const KEY_BYTES = 32;
const CACHE_ENTRIES = 10_000;

interface Cached {
  readonly key: Uint8Array;
  readonly untilMs: number;
}

export function createKeyring({ table, wrapper, clock, cacheMs = 60_000 }: KeyringOptions): Keyring {
  const opened = new Map<string, Cached>();
  const pseudonyms = new Map<TenantId, Map<string, string>>();
  const current = new Map<string, { readonly value: SubjectKey; readonly untilMs: number }>();

  const contextOf = (tenant: TenantId, keyId: string): string => `sluice-audit ${tenant} ${keyId}`;

  async function unwrap(tenant: TenantId, keyId: string, wrapped: Uint8Array): Promise<Uint8Array> {
    try {
      return await wrapper.unwrap(wrapped, contextOf(tenant, keyId));
    } catch (cause) {
      throw new KeyError(`the audit key ${keyId} of tenant ${tenant} cannot be opened`, { cause });
    }
  }

  async function readOrCreate(tenant: TenantId, keyId: string): Promise<Uint8Array | 'erased'> {
    const cacheKey = `${tenant} ${keyId}`;
    const hit = opened.get(cacheKey);
    if (hit !== undefined && hit.untilMs > clock.nowMs()) return hit.key;
    const address = { pk: tenantPartition(tenant), sk: `key#${keyId}` };
    let item: Item | undefined = await table.get(address, { consistent: true });
    if (item === undefined) {
      const wrapped = await wrapper.wrap(randomBytes(KEY_BYTES), contextOf(tenant, keyId));
      await table.put({ ...address, wrapped }, { condition: { kind: 'absent' } });
      item = await table.get(address, { consistent: true });
    }
    const wrapped = item?.wrapped;
    if (!(wrapped instanceof Uint8Array)) return 'erased';
    const key = await unwrap(tenant, keyId, wrapped);
    remember(opened, cacheKey, { key, untilMs: clock.nowMs() + cacheMs });
    return key;
  }

  async function indexKey(tenant: TenantId): Promise<Uint8Array> {
    const key = await readOrCreate(tenant, 'index.0');
    if (key !== 'erased') return key;
    throw new KeyError(`the audit index key of tenant ${tenant} is gone; restore the table from a backup`);
  }

  async function pseudonymizer(tenant: TenantId): Promise<(value: string) => string> {
    const key = await indexKey(tenant);
    const known = pseudonyms.get(tenant) ?? new Map<string, string>();
    pseudonyms.set(tenant, known);
    return (value) => {
      const hit = known.get(value);
      if (hit !== undefined) return hit;
      const made = hmacSha256(key, `ref\n${value}`).slice(0, 32);
      remember(known, value, made);
      return made;
    };
  }

  const pseudonym = async (tenant: TenantId, value: string): Promise<string> =>
    (await pseudonymizer(tenant))(value);

  async function subjectItems(tenant: TenantId, subject: string): Promise<readonly Item[]> {
    const prefix = `key#${await pseudonym(tenant, subject)}.`;
    const items: Item[] = [];
    for await (const item of queryAll(table, { pk: tenantPartition(tenant), prefix, consistent: true }))
      items.push(item);
    return items;
  }

  return {
    pseudonym,
    pseudonymizer,
    fingerprint: async (tenant, text) => hmacSha256(await indexKey(tenant), `same\n${text}`),

    async keyFor(tenant, subject) {
      const ref = await pseudonym(tenant, subject);
      const hit = current.get(`${tenant} ${ref}`);
      if (hit !== undefined && hit.untilMs > clock.nowMs()) return hit.value;
      for (let generation = 0; ; generation++) {
        const keyId = `${ref}.${generation}`;
        const key = await readOrCreate(tenant, keyId);
        if (key === 'erased') continue;
        remember(current, `${tenant} ${ref}`, { value: { keyId, key }, untilMs: clock.nowMs() + cacheMs });
        return { keyId, key };
      }
    },

    async open(tenant, keyId, { fresh = false } = {}) {
      const hit = opened.get(`${tenant} ${keyId}`);
      if (!fresh && hit !== undefined && hit.untilMs > clock.nowMs()) return hit.key;
      const item = await table.get({ pk: tenantPartition(tenant), sk: `key#${keyId}` }, { consistent: true });
      const wrapped = item?.wrapped;
      if (!(wrapped instanceof Uint8Array)) return undefined;
      const key = await unwrap(tenant, keyId, wrapped);
      remember(opened, `${tenant} ${keyId}`, { key, untilMs: clock.nowMs() + cacheMs });
      return key;
    },

    keysOf: async (tenant, subject) =>
      (await subjectItems(tenant, subject)).map(({ sk }) => sk.slice('key#'.length)),

    async erase(tenant, subject) {
      current.delete(`${tenant} ${await pseudonym(tenant, subject)}`);
      for (const { pk, sk } of await subjectItems(tenant, subject)) {
        opened.delete(`${tenant} ${sk.slice('key#'.length)}`);
        await table.put({ pk, sk, erased: true });
      }
    },
  };
}

/** HMAC of RFC 2104 from two one-shot hashes: several times faster than a hash object for texts this short. */
function hmacSha256(key: Uint8Array, text: string): string {
  const inner = hash('sha256', Buffer.concat([padKey(key, 0x36), Buffer.from(text)]), 'buffer');
  return hash('sha256', Buffer.concat([padKey(key, 0x5c), inner]), 'hex');
}

function padKey(key: Uint8Array, pad: number): Uint8Array {
  const block = new Uint8Array(64).fill(pad);
  for (let i = 0; i < key.length; i++) block[i]! ^= key[i]!;
  return block;
}

/** Keeps a map within its bound by dropping what was put in first. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > CACHE_ENTRIES) map.delete(map.keys().next().value!);
}
