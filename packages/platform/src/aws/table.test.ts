import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, test } from 'vitest';
import { type DynamoEmulator, startDynamoEmulator } from '../testing/aws-emulators.ts';
import { describeTableContract } from '../testing/table-contract.ts';
import { createDynamoTable } from './table.ts';

describeTableContract('DynamoDB (dynalite)', async () => {
  const emulator = await startDynamoEmulator();
  const { client } = emulator;
  let made = 0;
  return {
    async makeTable(clock) {
      const tableName = `table-${++made}`;
      await emulator.createTable(tableName);
      return createDynamoTable({ client, tableName, clock });
    },
    close: emulator.stop,
    lacks: (await takesEmptyBinary(emulator))
      ? {}
      : { emptyBinary: 'the emulator refuses empty binary values' },
  };
});

describe('errors of DynamoDB', () => {
  const answering = (name: string) => {
    const client = new DynamoDBClient({ region: 'us-east-1' });
    mockClient(client).rejects(Object.assign(new Error('said the service'), { name }));
    return createDynamoTable({ client, tableName: 'telemetry' });
  };

  test.each(['ThrottlingException', 'ProvisionedThroughputExceededException', 'InternalServerError'])(
    '%s is thrown as retryable and names the table',
    async (name) => {
      const get = answering(name).get({ pk: 'p', sk: 's' });
      await expect(get).rejects.toThrow(`table telemetry: ${name}: said the service`);
      await expect(get).rejects.not.toMatchObject({ name: 'PermanentError' });
    },
  );

  test('a request that DynamoDB finds invalid is permanent', async () => {
    const put = answering('ValidationException').put({ pk: 'p', sk: 's' });
    await expect(put).rejects.toMatchObject({ name: 'PermanentError' });
  });
});

async function takesEmptyBinary({ client, createTable }: DynamoEmulator): Promise<boolean> {
  await createTable('probe');
  const table = createDynamoTable({ client, tableName: 'probe' });
  return table.put({ pk: 'p', sk: 's', bytes: new Uint8Array() }).then(
    () => true,
    () => false,
  );
}
