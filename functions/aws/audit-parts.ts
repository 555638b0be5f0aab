/** The audit trail as the functions share it: its table, its keys in KMS, and the copies of its checkpoints. */

import { setImmediate } from 'node:timers/promises';
import { createAuditLog } from '@sluice/audit/audit-log';
import { AUDIT_KEY_NAME } from '@sluice/audit/checkpoint';
import { createKeyring } from '@sluice/audit/keyring';
import { CLOUD_ENV } from '@sluice/core/names';
import { readList } from '@sluice/core/settings';
import { createKmsClient } from '@sluice/platform/aws/kms-client';
import { createKmsKeyWrapper } from '@sluice/platform/aws/kms-key-wrapper';
import { createKmsSigner, readKmsVerifier } from '@sluice/platform/aws/kms-signer';
import { createCheckpointTable } from './checkpoint-table.ts';
import type { CloudProcess } from './process.ts';
import { requireText } from './require-text.ts';
import { openTables } from './tables.ts';

export function openTrail({ env, clock }: Pick<CloudProcess, 'env' | 'clock'>) {
  const client = createKmsClient();
  const table = openTables({ env, clock }).table(CLOUD_ENV.auditTable);
  const wrapper = createKmsKeyWrapper({
    client,
    keyId: requireText(env, CLOUD_ENV.wrappingKey),
    encryptionContext: { stage: requireText(env, CLOUD_ENV.stage) },
    clock,
  });
  const keyring = createKeyring({ table, wrapper, clock });
  return { client, table, keyring, log: createAuditLog({ table, keyring, clock }), clock };
}

/** With its checkpoints. `signer` signs where the role of the function may, and verifies everywhere. */
export async function openSealedTrail(process: CloudProcess) {
  const { client, ...trail } = openTrail(process);
  const keyId = requireText(process.env, CLOUD_ENV.signingKey);
  const [signer, ...earlierKeys] = await Promise.all([
    createKmsSigner({ client, keyId, keyName: AUDIT_KEY_NAME }),
    ...readList(process.env, CLOUD_ENV.earlierSigningKeys).map((earlier) =>
      readKmsVerifier({ client, keyId: earlier, keyName: AUDIT_KEY_NAME }),
    ),
  ]);
  const copies = createCheckpointTable(openTables(process).table(CLOUD_ENV.checkpointsTable), process.clock);
  const keys = [signer, ...earlierKeys];
  return { ...trail, signer, earlierKeys, keys, copies, pause: () => setImmediate() };
}
