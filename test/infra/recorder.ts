/**
 * Stands in for the engine and for AWS while the program runs: notes every resource with its inputs, and
 * answers what AWS would make of them (ids, ARNs, URLs) in a form that can be told apart.
 */
export interface RecordedResource {
  /** E.g. `aws:sqs/queue:Queue`. */
  readonly type: string;
  /** Logical name. */
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

interface NewResource {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  readonly id?: string;
}

export interface Recorder {
  readonly resources: RecordedResource[];
  readonly mocks: {
    newResource(args: NewResource): { id: string; state: Record<string, unknown> };
    call(args: { readonly token: string; readonly inputs: Record<string, unknown> }): Record<string, unknown>;
  };
}

export const ACCOUNT = '123456789012';
export const REGION = 'eu-central-1';

/** The service, and what is put before the name, in ARNs by type. */
const ARN_OF: Readonly<Record<string, string>> = {
  'aws:sqs/queue:Queue': `sqs:${REGION}:${ACCOUNT}:`,
  'aws:dynamodb/table:Table': `dynamodb:${REGION}:${ACCOUNT}:table/`,
  'aws:lambda/function:Function': `lambda:${REGION}:${ACCOUNT}:function:`,
  'aws:cloudwatch/logGroup:LogGroup': `logs:${REGION}:${ACCOUNT}:log-group:`,
  'aws:iam/role:Role': `iam::${ACCOUNT}:role/`,
  'aws:sns/topic:Topic': `sns:${REGION}:${ACCOUNT}:`,
  'aws:kms/key:Key': `kms:${REGION}:${ACCOUNT}:key/`,
  'aws:ssm/parameter:Parameter': `ssm:${REGION}:${ACCOUNT}:parameter`,
  'aws:scheduler/scheduleGroup:ScheduleGroup': `scheduler:${REGION}:${ACCOUNT}:schedule-group/`,
  'aws:wafv2/webAcl:WebAcl': `wafv2:us-east-1:${ACCOUNT}:global/webacl/`,
};

export function createRecorder(): Recorder {
  const resources: RecordedResource[] = [];
  return {
    resources,
    mocks: {
      newResource({ type, name, inputs: given, id: knownId }) {
        const inputs = open(given) as Record<string, unknown>;
        resources.push({ type, name, inputs });
        const physical = physicalName(type, name, inputs);
        const arn = `arn:aws:${ARN_OF[type] ?? `${type.split(':')[1]?.split('/')[0]}:::`}${physical}`;
        const url = `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${physical}`;
        const id = knownId || (type === 'aws:sqs/queue:Queue' ? url : physical);
        return {
          id,
          state: {
            ...inputs,
            ...(type.startsWith('aws:') ? { arn } : {}),
            ...madeByAws(type, physical, url),
            name: inputs.name ?? physical,
          },
        };
      },
      call: ({ token, inputs }) => answer(token, inputs),
    },
  };
}

/** Secrets come in a wrapper (Pulumi's protocol § Special values). */
const SIGNATURE = '4dabf18193072939515e22adb298388d';

function open(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(open);
  if (typeof value !== 'object' || value === null) return value;
  const { [SIGNATURE]: signature, value: inner, ...fields } = value as Record<string, unknown>;
  if (signature !== undefined) return open(inner);
  if (inner !== undefined) fields.value = inner;
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, open(field)]));
}

function physicalName(type: string, name: string, inputs: Readonly<Record<string, unknown>>): string {
  if (type === 'aws:kms/key:Key') return `key-${name}`;
  return typeof inputs.name === 'string' ? inputs.name : name;
}

function madeByAws(type: string, physical: string, url: string): Record<string, unknown> {
  switch (type) {
    case 'aws:sqs/queue:Queue':
      return { url };
    case 'aws:kms/key:Key':
      return { keyId: physical };
    case 'aws:ssm/parameter:Parameter':
      return { version: 1 };
    case 'aws:lambda/functionUrl:FunctionUrl':
      return { functionUrl: `https://${physical.toLowerCase()}.lambda-url.${REGION}.on.aws/` };
    case 'aws:lambda/function:Function':
      return { qualifiedArn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${physical}:1`, version: '1' };
    case 'aws:cloudfront/distribution:Distribution':
      return { domainName: `${physical.toLowerCase()}.cloudfront.net` };
    case 'aws:apigatewayv2/api:Api':
      return {
        apiEndpoint: `https://${physical}.execute-api.${REGION}.amazonaws.com`,
        executionArn: `arn:aws:execute-api:${REGION}:${ACCOUNT}:${physical}`,
      };
    case 'random:index/randomBytes:RandomBytes':
      return { base64: 'cmVjb3JkZWQ=' };
    default:
      return {};
  }
}

interface Statement {
  readonly effect?: string;
  readonly actions?: readonly string[];
  readonly resources?: readonly string[];
  readonly conditions?: readonly unknown[];
}

function answer(token: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (token) {
    case 'aws:index/getCallerIdentity:getCallerIdentity':
      return { accountId: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:user/test`, id: ACCOUNT };
    case 'aws:index/getRegion:getRegion':
      return { region: REGION, name: REGION, id: REGION };
    case 'aws:index/getPartition:getPartition':
      return { partition: 'aws', dnsSuffix: 'amazonaws.com' };
    case 'aws:secretsmanager/getRandomPassword:getRandomPassword':
      return { ...inputs, randomPassword: 'x'.repeat(Number(inputs.passwordLength)) };
    case 'aws:iam/getPolicyDocument:getPolicyDocument': {
      const statements = (inputs.statements ?? []) as readonly Statement[];
      const json = JSON.stringify({
        Version: '2012-10-17',
        Statement: statements.map(({ effect = 'Allow', actions, resources, conditions }) => ({
          Effect: effect,
          Action: actions,
          Resource: resources,
          ...(conditions === undefined ? {} : { Condition: conditions }),
        })),
      });
      return { ...inputs, json, id: 'policy' };
    }
    default:
      return inputs;
  }
}
