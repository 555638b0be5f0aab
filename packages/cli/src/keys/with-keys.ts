/** The key store of a data directory, or of a deployment when its table is named. */
import { CLOUD_ENV, TABLE } from '@sluice/core/names';
import { readText } from '@sluice/core/settings';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createKeyStore, type KeyStore } from '@sluice/platform/keys/key-store';
import { dataDirOf, withDatabase } from '../data-dir.ts';
import type { Io } from '../io.ts';

export interface KeysAccess {
  readonly dataDir: string | undefined;
  /** A first key may be made before the pipeline has ever run. */
  readonly create?: boolean;
}

export async function withKeys<T>(
  { dataDir, create = false }: KeysAccess,
  io: Io,
  work: (keys: KeyStore) => Promise<T>,
): Promise<T> {
  const { clock } = io;
  const tableName = readText(io.env, CLOUD_ENV.keysTable);
  if (tableName !== undefined && dataDir === undefined) {
    const { createDynamoDbClient } = await import('@sluice/platform/aws/dynamodb-client');
    const { createDynamoTable } = await import('@sluice/platform/aws/table');
    const table = createDynamoTable({ client: createDynamoDbClient(), tableName, clock });
    return work(createKeyStore({ table, clock }));
  }
  return withDatabase({ dir: dataDirOf(dataDir, io), create }, (database) =>
    work(createKeyStore({ table: createEmbeddedTable({ database, name: TABLE.keys, clock }), clock })),
  );
}
