/** Rules of what is kept: tables, logs, keys and secrets. */
import { list, statementsOf, TYPE } from './deployment.ts';
import type { Rule } from './rules.ts';

export const dataRules: readonly Rule[] = [
  function tablesForgetWhatHasExpired(deployment) {
    return deployment
      .of(TYPE.table)
      .filter(({ ttl }) => ttl?.attributeName !== 'expiresAt' || ttl.enabled !== true)
      .map(({ name }) => `${name} has no TTL on expiresAt`);
  },
  function tablesArePaidByTheRequest(deployment) {
    return deployment
      .of(TYPE.table)
      .filter(({ billingMode }) => billingMode !== 'PAY_PER_REQUEST')
      .map(({ name }) => `${name} is provisioned`);
  },
  function productionCannotLoseTables(deployment, { stage }) {
    if (stage !== 'production') return [];
    return deployment
      .of(TYPE.table)
      .flatMap(({ name, pointInTimeRecovery, deletionProtectionEnabled }) => [
        ...(pointInTimeRecovery?.enabled === true ? [] : [`${name} has no backups`]),
        ...(deletionProtectionEnabled === true ? [] : [`${name} can be deleted`]),
      ]);
  },
  function allTablesAreThere(deployment, { stage }) {
    const names = new Set(deployment.of(TYPE.table).map(({ name }) => String(name)));
    return ['keys', 'metrics', 'audit', 'checkpoints', 'alerting', 'rules']
      .map((name) => `sluice-${stage}-${name}`)
      .filter((name) => !names.has(name))
      .map((name) => `the table ${name} is missing`);
  },
  function everyLogGroupHasAnEnd(deployment) {
    return deployment
      .of(TYPE.logGroup)
      .filter(({ retentionInDays }) => !(retentionInDays >= 1))
      .map(({ name }) => `${name} is kept for ever`);
  },
  function telemetryHasItsLogGroups(deployment, { stage }) {
    const groups = deployment.of(TYPE.logGroup).map(({ name }) => String(name));
    const indexed = deployment.of(TYPE.indexPolicy).map(({ logGroupName }) => String(logGroupName));
    return ['app', 'audit', 'security']
      .map((kind) => `/sluice/${stage}/${kind}`)
      .flatMap((name) => [
        ...(groups.includes(name) ? [] : [`the log group ${name} is missing`]),
        ...(indexed.includes(name) ? [] : [`${name} has no field index`]),
      ]);
  },
  function secretsAreEncrypted(deployment, { edge }) {
    const parameters = deployment.of(TYPE.parameter);
    const wanted = edge === 'cdn' ? 5 : 4;
    return [
      ...(parameters.length === wanted ? [] : [`${parameters.length} secrets instead of ${wanted}`]),
      ...parameters
        .filter(({ type }) => type !== 'SecureString')
        .map(({ name }) => `${name} is not a SecureString`),
    ];
  },
  function theSignerAloneMaySign(deployment, { stage }) {
    const signing = deployment.of(TYPE.key).find(({ keyUsage }) => keyUsage === 'SIGN_VERIFY');
    if (signing?.customerMasterKeySpec !== 'ECC_NIST_EDWARDS25519')
      return ['there is no Ed25519 signing key'];
    const signer = `sluice-${stage}-seal-audit`;
    const allowed = statementsOf(String(signing.policy)).filter(({ Action }) =>
      list(Action).some((action) => /^kms:(Sign|\*)$/.test(action)),
    );
    const expected = { StringEquals: { 'aws:PrincipalArn': [`arn:aws:iam::123456789012:role/${signer}`] } };
    return [
      ...(allowed.length === 1 && JSON.stringify(allowed[0]!.Condition) === JSON.stringify(expected)
        ? []
        : ['the policy of the signing key lets others sign']),
      ...deployment.permissions
        .filter(({ action, role }) => action === 'kms:Sign' && role !== signer)
        .map(({ role }) => `${role} may sign`),
    ];
  },
  function keysCanBeBroughtBack(deployment) {
    const keys = deployment.of(TYPE.key);
    return [
      ...(keys.length === 2 ? [] : [`${keys.length} keys instead of 2`]),
      ...keys
        .filter(({ deletionWindowInDays }) => deletionWindowInDays !== 30)
        .map(({ description }) => `${description}: is gone in less than 30 days`),
      ...keys
        .filter(({ keyUsage, enableKeyRotation }) => keyUsage !== 'SIGN_VERIFY' && enableKeyRotation !== true)
        .map(({ description }) => `${description}: is not rotated`),
    ];
  },
];
