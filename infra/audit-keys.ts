/**
 * The keys of the audit trail. Which role may use them is said twice, in the role and in the key: whoever
 * may write policies for roles cannot sign with it all the same.
 */
import type { Account } from './account';
import { nameOf, type Settings } from './settings';

export interface AuditKeys {
  /** Ed25519, signs checkpoints. */
  readonly signing: aws.kms.Key;
  /** Signed before, newest first: nobody may sign with them any more. Asymmetric keys are not rotated by KMS. */
  readonly earlier: readonly aws.kms.Key[];
  /** Symmetric, wraps the keys that personal data is encrypted with. */
  readonly wrapping: aws.kms.Key;
}

/** Roles by what they may do; names of functions. */
export const SIGNERS = ['seal-audit'] as const;
export const WRAPPERS = ['record-audit', 'keep-audit', 'query'] as const;

/** Everything that administers a key and uses none. */
const ADMINISTER = [
  'kms:CancelKeyDeletion',
  'kms:CreateAlias',
  'kms:DeleteAlias',
  'kms:DescribeKey',
  'kms:DisableKey',
  'kms:EnableKey',
  'kms:EnableKeyRotation',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus',
  'kms:GetPublicKey',
  'kms:ListResourceTags',
  'kms:PutKeyPolicy',
  'kms:ScheduleKeyDeletion',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateAlias',
  'kms:UpdateKeyDescription',
];
const DELETION_WINDOW_DAYS = 30;

export function createAuditKeys(settings: Settings, account: Account): AuditKeys {
  const roles = (functions: readonly string[]) =>
    functions.map((name) => $interpolate`${account.iam}:role/${nameOf(settings, name)}`);
  const policy = (use: readonly string[], users: readonly string[]) => {
    const root = { AWS: $interpolate`${account.iam}:root` };
    return $jsonStringify({
      Version: '2012-10-17',
      Statement: [
        { Sid: 'Administer', Effect: 'Allow', Principal: root, Action: ADMINISTER, Resource: '*' },
        ...users.slice(0, 1).map(() => ({
          Sid: 'Use',
          Effect: 'Allow',
          Principal: root,
          Action: use,
          Resource: '*',
          // By name: the role is created after the key, whose ARN its policy holds.
          Condition: { StringEquals: { 'aws:PrincipalArn': roles(users) } },
        })),
      ],
    });
  };
  const common = { deletionWindowInDays: DELETION_WINDOW_DAYS };
  const options = { retainOnDelete: settings.keepData };
  const createSigningKey = (generation: number): aws.kms.Key =>
    new aws.kms.Key(
      generation === 1 ? 'SigningKey' : `SigningKey-${generation}`,
      {
        ...common,
        description: `Signs the audit checkpoints of ${settings.app}-${settings.stage}, generation ${generation}`,
        customerMasterKeySpec: 'ECC_NIST_EDWARDS25519',
        keyUsage: 'SIGN_VERIFY',
        policy: policy(['kms:Sign'], generation === settings.auditKeyGeneration ? SIGNERS : []),
      },
      options,
    );
  const generations = Array.from({ length: settings.auditKeyGeneration }, (_, i) => i + 1);
  const [signing, ...earlier] = generations.reverse().map(createSigningKey) as [
    aws.kms.Key,
    ...aws.kms.Key[],
  ];
  const wrapping = new aws.kms.Key(
    'WrappingKey',
    {
      ...common,
      description: `Wraps the data keys of the audit trail of ${settings.app}-${settings.stage}`,
      enableKeyRotation: true,
      policy: policy(['kms:GenerateDataKey', 'kms:Decrypt'], WRAPPERS),
    },
    options,
  );
  new aws.kms.Alias('SigningKeyAlias', {
    name: `alias/${nameOf(settings, 'audit-signing')}`,
    targetKeyId: signing.keyId,
  });
  new aws.kms.Alias('WrappingKeyAlias', {
    name: `alias/${nameOf(settings, 'audit-wrapping')}`,
    targetKeyId: wrapping.keyId,
  });
  return { signing, earlier, wrapping };
}
