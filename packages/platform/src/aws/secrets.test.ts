import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { describeSecretsContract } from '../testing/secrets-contract.ts';
import { createSsmSecrets } from './secrets.ts';

function make() {
  const client = new SSMClient({ region: 'us-east-1' });
  const mock = mockClient(client);
  mock.on(GetParameterCommand).rejects(Object.assign(new Error('none'), { name: 'ParameterNotFound' }));
  const clock = createFakeClock();
  const set = (name: string, Value: string): void => {
    const input = { Name: `/sluice/test/${name}`, WithDecryption: true };
    mock.on(GetParameterCommand, input).resolves({ Parameter: { Value } });
  };
  return { mock, clock, set, secrets: createSsmSecrets({ client, prefix: '/sluice/test/', clock }) };
}

describeSecretsContract('Parameter Store', () => {
  const { mock, clock, set, secrets } = make();
  return {
    secrets,
    async set(name, value) {
      set(name, value);
      await clock.advance(300_000);
    },
    async breakWith() {
      mock.on(GetParameterCommand).rejects(new Error('internal error'));
    },
  };
});

test('a value is asked for once in five minutes', async () => {
  const { mock, clock, set, secrets } = make();
  set('signer', 'value');
  for (let i = 0; i < 10; i++) await secrets.get('signer');
  await secrets.get('missing');
  await secrets.get('missing');
  expect(mock.commandCalls(GetParameterCommand)).toHaveLength(2);
  await clock.advance(300_000);
  await secrets.get('signer');
  expect(mock.commandCalls(GetParameterCommand)).toHaveLength(3);
});

test('during an outage the last value serves', async () => {
  const { mock, clock, set, secrets } = make();
  set('signer', 'value');
  await secrets.get('signer');
  mock.reset();
  mock.on(GetParameterCommand).rejects(new Error('internal error'));
  await clock.advance(300_000);
  expect(await secrets.get('signer')).toBe('value');
  await expect(secrets.get('never seen')).rejects.toThrow(/secret \/sluice\/test\/never seen cannot be read/);
});
