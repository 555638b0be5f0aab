/** Sort-key ranges and cursors of queries: the same words in every adapter. */
import { PermanentError } from '@sluice/core/errors';
import type { QueryOptions } from '@sluice/core/ports/table';

/** @throws PermanentError when bounds contradict each other or the limit is not a positive whole number. */
export function checkQuery({ pk, from, to, prefix, limit }: QueryOptions): void {
  if (pk === '') throw new PermanentError('a query needs a pk');
  if (prefix !== undefined && (from !== undefined || to !== undefined)) {
    throw new PermanentError('a query takes either a prefix or from/to, not both');
  }
  if (limit !== undefined && !(Number.isInteger(limit) && limit > 0)) {
    throw new PermanentError(`query limit ${limit} is not a positive whole number`);
  }
}

/** No sort key can lie between the bounds: there is nothing to ask for (DynamoDB refuses such a range). */
export function isEmptyRange({ from, to }: QueryOptions): boolean {
  if (to === '') return true;
  return from !== undefined && to !== undefined && Buffer.compare(Buffer.from(from), Buffer.from(to)) > 0;
}

/** Opaque to callers: the sort key that the page ended at. */
export function encodeCursor(sk: string): string {
  return Buffer.from(sk).toString('base64url');
}

/** @throws PermanentError */
export function decodeCursor(cursor: string): string {
  const sk = Buffer.from(cursor, 'base64url').toString();
  if (sk === '' || encodeCursor(sk) !== cursor) {
    throw new PermanentError(`query cursor ${JSON.stringify(cursor)} is not one that a query has answered`);
  }
  return sk;
}

/**
 * The least text that sorts after everything that starts with `prefix` (by code point, which is the
 * order of UTF-8 bytes), or `undefined` when there is none.
 */
export function endOfPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0)!);
  while (points.length > 0) {
    const last = points.pop()!;
    if (last < 0x10ffff) return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
  }
  return undefined;
}
