/**
 * What the roles of the deployment allow, judged call by call as IAM does it: what no statement of the caller's
 * role names, with its action and its resource, is refused; a key also asks its own policy (KMS Developer Guide §
 * Key policies). Only what policies of this program use is read: allowing statements, `*` and `?` in patterns.
 */
import { type Inputs, list, type Permission, type Statement, statementsOf } from '../infra/deployment.ts';

export interface IamCall {
  /** Name of the function that signed. */
  readonly caller: string;
  /** In the words of IAM. */
  readonly action: string;
  /** ARN, or `*` where the action knows no resource. */
  readonly arn: string;
}

export interface Iam {
  /** What allows the call: `undefined` when nothing does. */
  allow(call: IamCall): Permission | undefined;
}

export interface IamOptions {
  readonly roles: readonly Inputs[];
  /** With their policies, by their ARNs. */
  readonly keys: ReadonlyMap<string, Inputs>;
  /** What names of functions and roles start with. */
  readonly prefix: string;
}

/** Of the tests that run the program. */
const ACCOUNT = '123456789012';
const REGION = 'eu-central-1';

export function arnOf(service: string, resource: string): string {
  return `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
}

export function createIam({ roles, keys, prefix }: IamOptions): Iam {
  const permissions = Map.groupBy(
    roles.flatMap(({ name, inlinePolicies = [] }) =>
      (inlinePolicies as readonly { readonly policy: string }[]).flatMap(({ policy }) =>
        statementsOf(policy).flatMap((statement) => toPermissions(String(name), statement)),
      ),
    ),
    ({ role }) => role,
  );
  const keyAllows = ({ caller, action, arn }: IamCall): boolean => {
    const key = keys.get(arn);
    if (key === undefined) return !arn.includes(':kms:');
    return statementsOf(String(key.policy)).some(
      (statement) => list(statement.Action).includes(action) && isFor(statement, prefix + caller),
    );
  };
  return {
    allow(call) {
      if (!keyAllows(call)) return undefined;
      return permissions
        .get(prefix + call.caller)
        ?.find(({ action, resource }) => action === call.action && isMatch(resource, call.arn));
    },
  };
}

function toPermissions(role: string, { Effect, Action, Resource }: Statement): readonly Permission[] {
  if (Effect !== 'Allow') throw new Error(`${role} has a statement that is not read here: ${Effect}`);
  return list(Action).flatMap((action) => list(Resource).map((resource) => ({ role, action, resource })));
}

/** A key's statement for the account holds for all of its roles, unless a condition names some. */
function isFor({ Condition }: Statement, role: string): boolean {
  if (Condition === undefined) return true;
  const named = (
    Condition as { readonly StringEquals?: Readonly<Record<string, string | readonly string[]>> }
  ).StringEquals?.['aws:PrincipalArn'];
  if (named === undefined) throw new Error(`a condition is not read here: ${JSON.stringify(Condition)}`);
  return list(named).includes(`arn:aws:iam::${ACCOUNT}:role/${role}`);
}

/** IAM User Guide § Resource: `*` stands for any characters, `?` for one. */
function isMatch(pattern: string, arn: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(arn);
}
