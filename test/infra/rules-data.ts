/** Rules of what is kept: tables, logs, keys and secrets. */
import { SAVED_QUERIES } from '@sluice/backends/cloudwatch/saved-queries';
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
  function everySavedQueryIsThere(deployment, { stage }) {
    const groups = deployment.of(TYPE.logGroup).map(({ name }) => String(name));
    const saved = deployment.of(TYPE.savedQuery);
    const names = saved.map(({ name }) => String(name).replace(`sluice-${stage}-logs/`, ''));
    return [
      ...SAVED_QUERIES.filter(({ name }) => !names.includes(name)).map(
        ({ name }) => `the saved query "${name}" is missing`,
      ),
      ...saved
        .filter(({ logGroupNames = [] }) => !logGroupNames.every((name: string) => groups.includes(name)))
        .map(({ name }) => `the saved query "${name}" asks groups that are not there`),
    ];
  },
  function keysAreFoundByTheirAlias(deployment, { stage }) {
    const names = deployment.of(TYPE.alias).map(({ name }) => String(name));
    return ['audit-signing', 'audit-wrapping']
      .map((part) => `alias/sluice-${stage}-${part}`)
      .filter((name) => !names.includes(name))
      .map((name) => `${name} is missing`);
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
    const signing = deployment.of(TYPE.key).filter(({ keyUsage }) => keyUsage === 'SIGN_VERIFY');
    if (
      signing.length === 0 ||
      signing.some(({ customerMasterKeySpec }) => customerMasterKeySpec !== 'ECC_NIST_EDWARDS25519')
    )
      return ['there is no Ed25519 signing key, or one of another kind'];
    const signer = `sluice-${stage}-seal-audit`;
    const allowed = signing.flatMap(({ policy }) =>
      statementsOf(String(policy)).filter(({ Action }) =>
        list(Action).some((action) => /^kms:(Sign|\*)$/.test(action)),
      ),
    );
    const expected = { StringEquals: { 'aws:PrincipalArn': [`arn:aws:iam::123456789012:role/${signer}`] } };
    const signs = deployment.permissions.filter(({ action }) => action === 'kms:Sign');
    return [
      ...(allowed.length === 1 && JSON.stringify(allowed[0]!.Condition) === JSON.stringify(expected)
        ? []
        : ['the policies of the signing keys let others sign, or with a key that was replaced']),
      ...(signs.length === 1 ? [] : [`${signs.length} roles and keys sign`]),
      ...signs.filter(({ role }) => role !== signer).map(({ role }) => `${role} may sign`),
    ];
  },
  function whoeverVerifiesKnowsEveryKey(deployment, { stage }) {
    const count = deployment.of(TYPE.key).filter(({ keyUsage }) => keyUsage === 'SIGN_VERIFY').length;
    return ['seal-audit', 'keep-audit', 'query'].flatMap((part) => {
      const name = `sluice-${stage}-${part}`;
      const told = deployment.of(TYPE.fn).find((fn) => fn.name === name)?.environment?.variables ?? {};
      const keys = [
        told.SLUICE_AUDIT_SIGNING_KEY,
        ...String(told.SLUICE_AUDIT_EARLIER_SIGNING_KEYS ?? '').split(','),
      ]
        .map(String)
        .filter((key) => key !== '');
      const readable = deployment.permissions.filter(
        ({ role, action }) => role === name && action === 'kms:GetPublicKey',
      );
      return keys.length === count && keys.every((key) => readable.some(({ resource }) => resource === key))
        ? []
        : [`${part} does not know each of the ${count} keys that have signed`];
    });
  },
  function keysCanBeBroughtBack(deployment) {
    const keys = deployment.of(TYPE.key);
    const wrapping = keys.filter(({ keyUsage }) => keyUsage !== 'SIGN_VERIFY').length;
    return [
      ...(wrapping === 1 ? [] : [`${wrapping} wrapping keys instead of 1`]),
      ...keys
        .filter(({ deletionWindowInDays }) => deletionWindowInDays !== 30)
        .map(({ description }) => `${description}: is gone in less than 30 days`),
      ...keys
        .filter(({ keyUsage, enableKeyRotation }) => keyUsage !== 'SIGN_VERIFY' && enableKeyRotation !== true)
        .map(({ description }) => `${description}: is not rotated`),
    ];
  },
];
