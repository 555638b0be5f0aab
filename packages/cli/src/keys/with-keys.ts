/** The key store of a data directory. */
import { TABLE } from '@sluice/core/names';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createKeyStore, type KeyStore } from '@sluice/platform/keys/key-store';
import { dataDirOf, withDatabase } from '../data-dir.ts';
import type { Io } from '../io.ts';

export interface KeysAccess {
  readonly dataDir: string | undefined;
  /** A first key may be made before the pipeline has ever run. */
  readonly create?: boolean;
}

export function withKeys<T>(
  { dataDir, create = false }: KeysAccess,
  io: Io,
  work: (keys: KeyStore) => Promise<T>,
): Promise<T> {
  const { clock } = io;
  return withDatabase({ dir: dataDirOf(dataDir, io), create }, (database) =>
    work(createKeyStore({ table: createEmbeddedTable({ database, name: TABLE.keys, clock }), clock })),
  );
}
