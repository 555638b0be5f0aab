/** Tables by the variables that name them. */
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';
import type { Environment } from '@sluice/core/settings';
import { createDynamoDbClient } from '@sluice/platform/aws/dynamodb-client';
import { createDynamoTable } from '@sluice/platform/aws/table';
import { requireText } from './require-text.ts';

export interface Tables {
  /** @throws UsageError when the variable is not set */
  table(variable: string): Table;
}

export interface TablesOptions {
  readonly env: Environment;
  readonly clock: Clock;
}

export function openTables({ env, clock }: TablesOptions): Tables {
  const client = createDynamoDbClient();
  return { table: (variable) => createDynamoTable({ client, tableName: requireText(env, variable), clock }) };
}
