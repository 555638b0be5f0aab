/** Rules of roles: nothing is allowed that is not used, and nobody else can take a role. */
import { type Deployment, statementsOf, TYPE } from './deployment.ts';
import type { Rule, RuleContext } from './rules.ts';
import { partOf } from './rules-functions.ts';

const TRUSTED = ['lambda.amazonaws.com', 'scheduler.amazonaws.com'];
/** Actions that know no resource but all of a kind (Service Authorization Reference § CloudWatch Logs). */
const WITHOUT_RESOURCE = ['logs:GetQueryResults', 'logs:StopQuery'];

export const permissionRules: readonly Rule[] = [
  function rolesAreTakenByTheirServiceAlone(deployment) {
    return deployment.of(TYPE.role).flatMap(({ name, assumeRolePolicy, managedPolicyArns = [] }) => {
      const statements = statementsOf(String(assumeRolePolicy));
      const service = (statements[0]?.Principal as { Service?: string } | undefined)?.Service ?? '';
      return [
        ...(statements.length === 1 && TRUSTED.includes(service)
          ? []
          : [`${name} trusts more than one service`]),
        ...(managedPolicyArns.length === 0 ? [] : [`${name} has managed policies`]),
        ...(String(name).length > 64 ? [`the name of ${name} is too long`] : []),
      ];
    });
  },
  function everyFunctionHasARoleOfItsOwn(deployment) {
    const roles = deployment.of(TYPE.fn).map(({ role }) => String(role));
    const shared = roles.filter((role, i) => roles.indexOf(role) !== i);
    return shared.map((role) => `${role} is used by several functions`);
  },
  function nothingIsAllowedOnEverything(deployment) {
    return deployment.permissions.flatMap(({ role, action, resource }) => [
      ...(action.includes('*') ? [`${role} may ${action}`] : []),
      ...(isWide(resource) && !WITHOUT_RESOURCE.includes(action)
        ? [`${role} may ${action} on ${resource}`]
        : []),
    ]);
  },
  function whatIsGrantedIsWhatIsUsed(deployment, context) {
    const granted = grantedByFunction(deployment, context);
    return [...new Set([...Object.keys(granted), ...Object.keys(context.needed)])].flatMap((name) => {
      const has = granted[name] ?? [];
      const needs = context.needed[name] ?? [];
      return [
        ...needs
          .filter((permission) => !has.includes(permission))
          .map((permission) => `${name} lacks ${permission}`),
        ...has
          .filter((permission) => !needs.includes(permission))
          .map((permission) => `${name} is granted ${permission} and does not use it`),
      ];
    });
  },
  function checkpointsCannotBeTakenBack(deployment, { stage }) {
    return deployment.permissions
      .filter(
        ({ action, resource }) =>
          resource.endsWith(`table/sluice-${stage}-checkpoints`) &&
          !['dynamodb:PutItem', 'dynamodb:Query'].includes(action),
      )
      .map(({ role, action }) => `${role} may ${action} on the copies of checkpoints`);
  },
];

/** `action resource` for each function, in words that are the same for every stage. */
export function grantedByFunction(
  { permissions }: Deployment,
  { stage }: Pick<RuleContext, 'stage'>,
): Readonly<Record<string, readonly string[]>> {
  const granted: Record<string, string[]> = {};
  for (const { role, action, resource } of permissions) {
    const name = partOf(role, stage);
    const words = `${action} ${toWord(resource, stage)}`;
    granted[name] = [...(granted[name] ?? []), words];
  }
  return Object.fromEntries(
    Object.entries(granted)
      .map(([name, words]) => [name, [...new Set(words)].sort()] as const)
      .sort(([a], [b]) => a.localeCompare(b)),
  );
}

/** E.g. `arn:aws:sqs:…:sluice-dev-traces-dead` is `queue traces-dead`. */
export function toWord(arn: string, stage: string): string {
  if (arn === '*') return arn;
  const [, , service, , , ...rest] = arn.split(':');
  const name = rest.join(':').replaceAll(`sluice-${stage}-`, '').replace(`/${stage}/`, '/');
  switch (service) {
    case 'sqs':
      return `queue ${name}`;
    case 'dynamodb':
      return name.replace('table/', 'table ');
    case 'logs':
      return name.replace(/^log-group:/, 'logs ').replace(/:\*$/, '');
    case 'kms':
      return name.replace('key/key-', 'key ');
    case 'ssm':
      return name.replace('parameter/sluice/', 'secret ');
    default:
      return name.replace('function:', 'function ');
  }
}

function isWide(resource: string): boolean {
  // The streams of a log group are named by those who write to it, and secrets of receivers by the configuration.
  const named = /(:log-group:[^*]+:|:parameter\/sluice\/[^/*]+\/config\/)\*$/;
  return resource.replace(named, '$1').includes('*');
}
