/**
 * Records in the trail who looks at the trail, before anything is shown: what cannot be recorded is not answered.
 * The record names nobody who was asked about, since it outlives the erasure of that person.
 */
import { encodeAuditMessages } from '@sluice/audit/audit-message';
import type { Json } from '@sluice/audit/canonical-json';
import type { Keyring } from '@sluice/audit/keyring';
import { makeLogRecord, type RecordType } from '@sluice/audit/log-records';
import type { EventFilter } from '@sluice/audit/read/event-filter';
import { describeError } from '@sluice/core/errors';
import type { TenantId } from '@sluice/core/ids';
import type { Queue } from '@sluice/core/ports/queue';
import { AuditRequestError } from './audit-request-error.ts';

export interface Reading {
  readonly tenant: TenantId;
  /** Who reads. */
  readonly reader: string;
  readonly result?: string;
  readonly attributes: { readonly [name: string]: Json };
}

export interface ReadingRecorder {
  /** @throws AuditRequestError (503) when the queue does not take the record. */
  record(type: RecordType, reading: Reading): Promise<void>;
  /** The filter as text, with pseudonyms for actors and for the text that was looked for. */
  describe(tenant: TenantId, filter: EventFilter): Promise<string>;
}

export interface ReadingRecorderOptions {
  readonly queue: Queue;
  readonly keyring: Pick<Keyring, 'pseudonymizer'>;
  readonly nowMs: () => number;
}

export function createReadingRecorder({ queue, keyring, nowMs }: ReadingRecorderOptions): ReadingRecorder {
  return {
    async record(type, { tenant, reader, result, attributes }) {
      const event = makeLogRecord(type, {
        tenant,
        nowMs: nowMs(),
        actorId: reader,
        ...(result === undefined ? {} : { result }),
        attributes,
      });
      try {
        const outcomes = await queue.send(encodeAuditMessages({ tenant, events: [event] }));
        const failed = outcomes.find(({ status }) => status !== 'ok');
        if (failed !== undefined && failed.status !== 'ok') throw new Error(failed.reason);
      } catch (cause) {
        const message = `this cannot be recorded in the audit trail now, so it is not answered: try again (${describeError(cause)})`;
        throw new AuditRequestError(503, message, { cause });
      }
    },
    async describe(tenant, { actors, text, ...open }) {
      const pseudonym = await keyring.pseudonymizer(tenant);
      return JSON.stringify({
        ...open,
        ...(actors === undefined ? {} : { actorRefs: actors.map(pseudonym) }),
        ...(text === undefined ? {} : { textRef: pseudonym(`text\n${text}`) }),
      });
    },
  };
}
