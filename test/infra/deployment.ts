/** The recorded resources as a deployment: by kind, with their policies read. */
import type { RecordedResource } from './recorder.ts';

export interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Principal?: unknown;
  readonly Condition?: unknown;
}

/** What one role may do, an action and a resource at a time. */
export interface Permission {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
}

/** Inputs of a resource; what is not there is `undefined`. */
// biome-ignore lint/suspicious/noExplicitAny: the shapes are those of some thirty resource types
export type Inputs = Readonly<Record<string, any>>;

export interface Deployment {
  readonly resources: readonly RecordedResource[];
  of(type: string): readonly Inputs[];
  readonly permissions: readonly Permission[];
}

export const TYPE = {
  queue: 'aws:sqs/queue:Queue',
  queuePolicy: 'aws:sqs/queuePolicy:QueuePolicy',
  redriveAllow: 'aws:sqs/redriveAllowPolicy:RedriveAllowPolicy',
  table: 'aws:dynamodb/table:Table',
  fn: 'aws:lambda/function:Function',
  url: 'aws:lambda/functionUrl:FunctionUrl',
  mapping: 'aws:lambda/eventSourceMapping:EventSourceMapping',
  invokeConfig: 'aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig',
  permission: 'aws:lambda/permission:Permission',
  role: 'aws:iam/role:Role',
  schedule: 'aws:scheduler/schedule:Schedule',
  logGroup: 'aws:cloudwatch/logGroup:LogGroup',
  indexPolicy: 'aws:cloudwatch/logIndexPolicy:LogIndexPolicy',
  savedQuery: 'aws:cloudwatch/queryDefinition:QueryDefinition',
  alarm: 'aws:cloudwatch/metricAlarm:MetricAlarm',
  topic: 'aws:sns/topic:Topic',
  subscription: 'aws:sns/topicSubscription:TopicSubscription',
  alias: 'aws:kms/alias:Alias',
  scheduleGroup: 'aws:scheduler/scheduleGroup:ScheduleGroup',
  topicPolicy: 'aws:sns/topicPolicy:TopicPolicy',
  key: 'aws:kms/key:Key',
  parameter: 'aws:ssm/parameter:Parameter',
  budget: 'aws:budgets/budget:Budget',
  webAcl: 'aws:wafv2/webAcl:WebAcl',
  distribution: 'aws:cloudfront/distribution:Distribution',
  api: 'aws:apigatewayv2/api:Api',
} as const;

export function toDeployment(resources: readonly RecordedResource[]): Deployment {
  const of = (type: string): readonly Inputs[] =>
    resources.filter((resource) => resource.type === type).map(({ inputs }) => inputs);
  const permissions = of(TYPE.role).flatMap((role) =>
    ((role.inlinePolicies ?? []) as readonly { readonly policy: string }[]).flatMap(({ policy }) =>
      statementsOf(policy).flatMap(({ Action, Resource }) =>
        list(Action).flatMap((action) =>
          list(Resource).map((resource) => ({ role: String(role.name), action, resource })),
        ),
      ),
    ),
  );
  return { resources, of, permissions };
}

export function statementsOf(policy: string): readonly Statement[] {
  return (JSON.parse(policy) as { readonly Statement: readonly Statement[] }).Statement;
}

export function list(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}
