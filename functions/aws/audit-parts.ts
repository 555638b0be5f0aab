/** The audit trail as the functions share it: its table, its keys in KMS, and the copies of its checkpoints. */

import { setImmediate } from 'node:timers/promises';
import { createAuditLog } from '@sluice/audit/audit-log';
import { createKeyring } from '@sluice/audit/keyring';
import { CLOUD_ENV } from '@sluice/core/names';
import { createKmsClient } from '@sluice/platform/aws/kms-client';
import { createKmsKeyWrapper } from '@sluice/platform/aws/kms-key-wrapper';
import { createKmsSigner } from '@sluice/platform/aws/kms-signer';
import { createCheckpointTable } from './checkpoint-table.ts';
import type { CloudProcess } from './process.ts';
import { requireText } from './require-text.ts';
import { openTables } from './tables.ts';

/** Under which verifiers know the key. */
const KEY_NAME = 'sluice-audit';

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
  const signer = await createKmsSigner({ client, keyId, keyName: KEY_NAME });
  const copies = createCheckpointTable(openTables(process).table(CLOUD_ENV.checkpointsTable), process.clock);
  return { ...trail, signer, keys: [signer], copies, pause: () => setImmediate() };
}
