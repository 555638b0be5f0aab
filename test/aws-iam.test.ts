import { describe, expect, test } from 'vitest';
import { arnOf, createIam } from './aws/iam.ts';

const PREFIX = 'sluice-test-';
const QUEUE = arnOf('sqs', 'sluice-test-logs');
const KEY = arnOf('kms', 'key/key-Signing');

const policyOf = (...statements: readonly object[]): string => JSON.stringify({ Statement: statements });
const roleOf = (name: string, ...statements: readonly object[]) => ({
  name: PREFIX + name,
  inlinePolicies: [{ policy: policyOf(...statements.map((own) => ({ Effect: 'Allow', ...own }))) }],
});
const everybody = { Effect: 'Allow', Action: ['kms:GetPublicKey'], Resource: '*' };
const signer = {
  Effect: 'Allow',
  Action: 'kms:Sign',
  Resource: '*',
  Condition: { StringEquals: { 'aws:PrincipalArn': [`arn:aws:iam::123456789012:role/${PREFIX}seal`] } },
};
const useKey = { Action: ['kms:Sign', 'kms:GetPublicKey'], Resource: KEY };

const iam = createIam({
  prefix: PREFIX,
  keys: new Map([[KEY, { policy: policyOf(everybody, signer) }]]),
  roles: [
    roleOf('seal', { Action: ['sqs:SendMessage'], Resource: [QUEUE] }, useKey),
    roleOf(
      'query',
      useKey,
      { Action: 'ssm:GetParameter', Resource: arnOf('ssm', 'parameter/sluice/test/config/*') },
      { Action: 'logs:StopQuery', Resource: '*' },
      { Action: 'logs:StartQuery', Resource: arnOf('logs', 'log-group:/sluice/test/app:*') },
    ),
  ],
});

describe('a call is judged by the role of its caller', () => {
  test.each([
    ['the action on the queue', 'seal', 'sqs:SendMessage', QUEUE, true],
    ['another action', 'seal', 'sqs:ReceiveMessage', QUEUE, false],
    ['another queue whose name begins alike', 'seal', 'sqs:SendMessage', `${QUEUE}-dead`, false],
    ['another role', 'query', 'sqs:SendMessage', QUEUE, false],
    ['a caller without a role', 'nobody', 'sqs:SendMessage', QUEUE, false],
    ['below a path', 'query', 'ssm:GetParameter', arnOf('ssm', 'parameter/sluice/test/config/HOOK'), true],
    ['beside a path', 'query', 'ssm:GetParameter', arnOf('ssm', 'parameter/sluice/test/TEMPO'), false],
    ['an action that knows no resource', 'query', 'logs:StopQuery', '*', true],
    [
      'a stream of a group',
      'query',
      'logs:StartQuery',
      arnOf('logs', 'log-group:/sluice/test/app:log-stream:'),
      true,
    ],
    [
      'a group whose name begins alike',
      'query',
      'logs:StartQuery',
      arnOf('logs', 'log-group:/sluice/test/app2:log-stream:'),
      false,
    ],
    ['a key for everybody with a grant', 'query', 'kms:GetPublicKey', KEY, true],
    ['a key whose own policy names the role', 'seal', 'kms:Sign', KEY, true],
    ['a key whose own policy names another', 'query', 'kms:Sign', KEY, false],
    ['a key without a policy', 'seal', 'kms:Sign', arnOf('kms', 'key/key-Other'), false],
  ])('%s', (_what, caller, action, arn, allowed) => {
    expect(iam.allow({ caller, action, arn }) !== undefined).toBe(allowed);
  });

  test('and by what allows it', () => {
    const arn = arnOf('ssm', 'parameter/sluice/test/config/HOOK');
    expect(iam.allow({ caller: 'query', action: 'ssm:GetParameter', arn })).toEqual({
      role: `${PREFIX}query`,
      action: 'ssm:GetParameter',
      resource: arnOf('ssm', 'parameter/sluice/test/config/*'),
    });
  });
});

test('what is not read here is not passed over', () => {
  const denies = { name: 'a', inlinePolicies: [{ policy: policyOf({ ...everybody, Effect: 'Deny' }) }] };
  expect(() => createIam({ prefix: '', keys: new Map(), roles: [denies] })).toThrow(/not read here: Deny/);
  const odd = { ...signer, Condition: { Bool: { 'aws:SecureTransport': 'true' } } };
  const guarded = createIam({ prefix: '', keys: new Map([[KEY, { policy: policyOf(odd) }]]), roles: [] });
  expect(() => guarded.allow({ caller: 'a', action: 'kms:Sign', arn: KEY })).toThrow(/condition/);
});
