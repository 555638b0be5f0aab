/** The tables: one shape for all, paid by the request, backed up by the second, and not to be deleted by mistake. */
import { nameOf, type Settings } from './settings';

export const TABLE_KEYS = ['keys', 'metrics', 'audit', 'checkpoints', 'alerting', 'rules'] as const;
export type TableKey = (typeof TABLE_KEYS)[number];
export type Tables = Readonly<Record<TableKey, aws.dynamodb.Table>>;

export function createTables(settings: Settings): Tables {
  const { keepData } = settings;
  const create = (key: TableKey) =>
    new aws.dynamodb.Table(
      `Table-${key}`,
      {
        name: nameOf(settings, key),
        billingMode: 'PAY_PER_REQUEST',
        hashKey: 'pk',
        rangeKey: 'sk',
        attributes: [
          { name: 'pk', type: 'S' },
          { name: 'sk', type: 'S' },
        ],
        ttl: { attributeName: 'expiresAt', enabled: true },
        pointInTimeRecovery: { enabled: keepData },
        deletionProtectionEnabled: keepData,
      },
      { retainOnDelete: keepData },
    );
  return Object.fromEntries(TABLE_KEYS.map((key) => [key, create(key)])) as Tables;
}
