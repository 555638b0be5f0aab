/**
 * What wakes somebody up, and where it goes. Each alarm has a section in docs/operate-aws.md that says what it
 * means, where to look and what helps.
 */

import { QUEUE_KEYS, type Queues } from './queues';
import { nameOf, type Settings } from './settings';

export interface AlarmDeps {
  readonly settings: Settings;
  readonly queues: Queues;
  readonly scheduleDeadLetters: aws.sqs.Queue;
  readonly functions: Readonly<Record<string, sst.aws.Function>>;
}

/** Where functions write their own metrics: core's EMF_NAMESPACE. */
const OWN_NAMESPACE = 'Sluice';
const MINUTE = 60;
/** Age of the oldest message: a destination is down, or a consumer does not keep up. */
const MAX_AGE_SECONDS = {
  traces: 900,
  logs: 900,
  metrics: 300,
  reduce: 180,
  audit: 300,
  notifications: 300,
} as const;

type AlarmArgs = Partial<Omit<aws.cloudwatch.MetricAlarmArgs, 'alarmActions' | 'okActions'>>;

export function createAlarms({ settings, queues, scheduleDeadLetters, functions }: AlarmDeps): aws.sns.Topic {
  const topic = createTopic(settings);
  const alarm = (name: string, args: AlarmArgs): void => {
    new aws.cloudwatch.MetricAlarm(`Alarm-${name}`, {
      name: nameOf(settings, name),
      treatMissingData: 'notBreaching',
      period: MINUTE,
      evaluationPeriods: 1,
      comparisonOperator: 'GreaterThanThreshold',
      threshold: 0,
      statistic: 'Maximum',
      ...args,
      alarmActions: [topic.arn],
      okActions: [topic.arn],
    });
  };
  const onQueue = (queue: aws.sqs.Queue, metricName: string) => ({
    namespace: 'AWS/SQS',
    metricName,
    dimensions: { QueueName: queue.name },
  });
  const onFunction = (name: string, metricName: string) => ({
    namespace: 'AWS/Lambda',
    metricName,
    dimensions: { FunctionName: functions[name]!.name },
    statistic: 'Sum',
  });
  const own = (functionName: string, metricName: string) => ({
    namespace: OWN_NAMESPACE,
    metricName,
    dimensions: { stage: settings.stage, function: functionName },
  });

  for (const key of QUEUE_KEYS) {
    alarm(`${key}-dead-letters`, {
      ...onQueue(queues[key].deadLetter, 'ApproximateNumberOfMessagesVisible'),
      alarmDescription: `Messages of the queue ${key} were given up. docs/operate-aws.md#dead-letters`,
    });
    alarm(`${key}-queue-age`, {
      ...onQueue(queues[key].queue, 'ApproximateAgeOfOldestMessage'),
      threshold: MAX_AGE_SECONDS[key],
      evaluationPeriods: 3,
      alarmDescription: `Messages of the queue ${key} wait too long. docs/operate-aws.md#queue-age`,
    });
  }
  alarm('schedules-dead-letters', {
    ...onQueue(scheduleDeadLetters, 'ApproximateNumberOfMessagesVisible'),
    alarmDescription: 'Scheduled work was given up. docs/operate-aws.md#schedules-dead-letters',
  });
  for (const name of Object.keys(functions)) {
    alarm(`${name}-errors`, {
      ...onFunction(name, 'Errors'),
      evaluationPeriods: 5,
      datapointsToAlarm: 3,
      alarmDescription: `The function ${name} fails. docs/operate-aws.md#function-errors`,
    });
  }
  alarm('ingest-throttles', {
    ...onFunction('ingest', 'Throttles'),
    evaluationPeriods: 3,
    alarmDescription:
      'Senders are held back by the limit of concurrency. docs/operate-aws.md#ingest-throttles',
  });
  // No data is the fault here: a tick that does not run writes nothing.
  alarm('tick-missing', {
    ...onFunction('tick', 'Invocations'),
    comparisonOperator: 'LessThanThreshold',
    threshold: 1,
    evaluationPeriods: 5,
    treatMissingData: 'breaching',
    alarmDescription: 'The tick of every minute does not run. docs/operate-aws.md#tick-missing',
  });
  for (const name of ['deliver-traces', 'deliver-logs']) {
    alarm(`${name}-misconfigured`, {
      ...own(name, 'sluice_delivery_destination_misconfigured'),
      alarmDescription: `A destination of ${name} refuses us. docs/operate-aws.md#misconfigured`,
    });
  }
  alarm('audit-checkpoint-age', {
    ...own('seal-audit', 'audit_checkpoint_age_seconds'),
    threshold: 900,
    evaluationPeriods: 5,
    treatMissingData: 'breaching',
    alarmDescription: 'The audit trail is not sealed. docs/operate-aws.md#audit-checkpoint-age',
  });
  alarm('audit-seal-refused', {
    ...own('seal-audit', 'audit_seal_refused'),
    alarmDescription:
      'The audit trail does not continue what was sealed. docs/operate-aws.md#audit-seal-refused',
  });
  alarm('audit-findings', {
    ...own('keep-audit', 'sluice_audit_findings'),
    period: 3600,
    alarmDescription: 'The audit trail was tampered with. docs/operate-aws.md#audit-findings',
  });
  return topic;
}

function createTopic(settings: Settings): aws.sns.Topic {
  const topic = new aws.sns.Topic('Alarms', { name: nameOf(settings, 'alarms') });
  new aws.sns.TopicPolicy('AlarmsPolicy', {
    arn: topic.arn,
    policy: $jsonStringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Service: ['cloudwatch.amazonaws.com', 'budgets.amazonaws.com'] },
          Action: 'sns:Publish',
          Resource: topic.arn,
          Condition: { StringEquals: { 'aws:SourceAccount': aws.getCallerIdentityOutput({}).accountId } },
        },
      ],
    }),
  });
  if (settings.alarmEmail !== undefined) {
    new aws.sns.TopicSubscription('AlarmsEmail', {
      topic: topic.arn,
      protocol: 'email',
      endpoint: settings.alarmEmail,
    });
  }
  return topic;
}
