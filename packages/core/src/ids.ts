/** Branded ids, so that a tenant can never be passed where a message id is meant. */

declare const brand: unique symbol;
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** `[a-z0-9][a-z0-9_-]{0,62}`; comes only from the API key (or is `default` in local mode). */
export type TenantId = Branded<string, 'TenantId'>;
/** 64 lower-case hex digits: SHA-256 of tenant, signal, inflated bytes and part number. */
export type MessageId = Branded<string, 'MessageId'>;

const TENANT_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** @throws RangeError naming the value and the allowed form. */
export function parseTenantId(value: string): TenantId {
  if (!TENANT_PATTERN.test(value)) {
    throw new RangeError(
      `tenant ${JSON.stringify(value)} is not 1-63 characters of a-z, 0-9, "-" and "_" that start with a letter or digit`,
    );
  }
  return value as TenantId;
}
