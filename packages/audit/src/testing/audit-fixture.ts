/** A whole trail in memory for tests: table, keys, signer and log, on a fake clock. */
import { createCipheriv, createDecipheriv, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { TenantId } from '@sluice/core/ids';
import { parseTenantId } from '@sluice/core/ids';
import type { Table } from '@sluice/core/ports/table';
import { createFakeClock, type FakeClock } from '@sluice/core/testing/fake-clock';
import type { EmbeddedDatabase } from '@sluice/platform/embedded/database';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import type { Json } from '../canonical-json.ts';
import type { NoteSigner } from '../checkpoint.ts';
import type { AuditEvent } from '../event.ts';
import type { KeyWrapper } from '../keyring.ts';
import { parseAuditEvent } from '../parse-event.ts';

export const ACME: TenantId = parseTenantId('acme');

export interface AuditFixture {
  readonly clock: FakeClock;
  readonly table: Table;
  /** The table's rows, for whoever goes past it. */
  readonly database: EmbeddedDatabase;
  readonly wrapper: KeyWrapper;
  readonly signer: NoteSigner;
  /** Parses like the intake does. @throws for a rejected event. */
  event(input: Json, idempotencyKey?: string): AuditEvent;
}

export function createAuditFixture(): AuditFixture {
  const clock = createFakeClock();
  const database = createMemoryDatabase();
  const table = createEmbeddedTable({ database, name: 'audit', clock });
  return {
    clock,
    table,
    database,
    wrapper: createTestWrapper(),
    signer: createTestSigner('sluice-test'),
    event(input, idempotencyKey) {
      const parsed = parseAuditEvent(input, {
        tenant: ACME,
        nowMs: clock.nowMs(),
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      });
      if (parsed.status === 'rejected') throw new Error(`${parsed.path}: ${parsed.reason}`);
      return parsed.event;
    },
  };
}

export function createTestSigner(keyName: string): NoteSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    keyName,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).subarray(-32),
    sign: async (bytes) => sign(null, bytes, privateKey),
  };
}

function createTestWrapper(): KeyWrapper {
  const master = randomBytes(32);
  return {
    async wrap(bytes, context) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', master, iv).setAAD(Buffer.from(context));
      return Buffer.concat([iv, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
    },
    async unwrap(wrapped, context) {
      const decipher = createDecipheriv('aes-256-gcm', master, wrapped.subarray(0, 12));
      decipher.setAAD(Buffer.from(context)).setAuthTag(wrapped.subarray(-16));
      return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()]);
    },
  };
}
