/**
 * Cursors: where the next page begins, bound to tenant, reader, filter and direction by an HMAC, so that a cursor can
 * neither be made up nor carried over to another question or person.
 */
import { timingSafeEqual } from 'node:crypto';
import type { TenantId } from '@sluice/core/ids';
import type { Keyring } from '../keyring.ts';
import type { EventFilter } from './event-filter.ts';

export type Order = 'newest' | 'oldest';

export interface Question {
  readonly tenant: TenantId;
  readonly filter: EventFilter;
  readonly order: Order;
  /** Whose question it is. */
  readonly reader?: string;
}

export class CursorError extends Error {
  override readonly name = 'CursorError';
}

/** `seq` is the last event that was looked at. */
export async function encodeCursor(seq: number, question: Question, keyring: Keyring): Promise<string> {
  return Buffer.from(`${seq}.${await tagOf(seq, question, keyring)}`).toString('base64url');
}

/** @throws CursorError */
export async function decodeCursor(cursor: string, question: Question, keyring: Keyring): Promise<number> {
  const [position = '', tag = ''] = Buffer.from(cursor, 'base64url').toString('latin1').split('.');
  const seq = Number(position);
  const expected = Buffer.from(await tagOf(seq, question, keyring));
  const given = Buffer.from(tag);
  if (!Number.isSafeInteger(seq) || given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new CursorError('the cursor does not belong to this question; start without one');
  }
  return seq;
}

async function tagOf(
  seq: number,
  { tenant, filter, order, reader = '' }: Question,
  keyring: Keyring,
): Promise<string> {
  const names = Object.keys(filter).sort();
  const question = JSON.stringify(names.map((name) => [name, filter[name as keyof EventFilter]]));
  return (
    await keyring.fingerprint(tenant, `cursor\n${order}\n${seq}\n${JSON.stringify(reader)}\n${question}`)
  ).slice(0, 32);
}
