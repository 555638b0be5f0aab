/** What runs by the clock. A tick that cannot be delivered, or whose function fails for good, becomes a dead letter. */
import { toLogicalName } from './function';
import { nameOf, type Settings } from './settings';

export interface ScheduleSpec {
  /** Name of the job, as the function knows it. */
  readonly job: string;
  readonly rate: 'rate(1 minute)' | 'rate(10 minutes)' | 'rate(1 hour)';
  readonly fn: sst.aws.Function;
}

export interface ScheduleDeps {
  readonly settings: Settings;
  readonly deadLetter: aws.sqs.Queue;
}

/** A tick that is older than this has been overtaken by the next. */
const MAX_AGE_SECONDS = { 'rate(1 minute)': 60, 'rate(10 minutes)': 600, 'rate(1 hour)': 3600 } as const;
const RETRIES = 2;

export function createSchedules(
  schedules: readonly ScheduleSpec[],
  { settings, deadLetter }: ScheduleDeps,
): void {
  const group = new aws.scheduler.ScheduleGroup('Schedules', { name: nameOf(settings, 'schedules') });
  const role = new aws.iam.Role('SchedulerRole', {
    name: nameOf(settings, 'scheduler'),
    assumeRolePolicy: $jsonStringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Service: 'scheduler.amazonaws.com' },
          Action: 'sts:AssumeRole',
          // Nobody else's schedule can borrow the role (Scheduler user guide § Confused deputy prevention).
          Condition: { ArnEquals: { 'aws:SourceArn': group.arn } },
        },
      ],
    }),
    inlinePolicies: [
      {
        name: 'invoke',
        policy: $jsonStringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Action: 'lambda:InvokeFunction',
              Resource: schedules.map(({ fn }) => fn.arn),
            },
            { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: deadLetter.arn },
          ],
        }),
      },
    ],
  });
  for (const { job, rate, fn } of schedules) {
    new aws.scheduler.Schedule(`Schedule-${job}`, {
      name: nameOf(settings, job),
      groupName: group.name,
      scheduleExpression: rate,
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: fn.arn,
        roleArn: role.arn,
        input: JSON.stringify({ job, scheduledAtMs: '<aws.scheduler.scheduled-time>' }),
        deadLetterConfig: { arn: deadLetter.arn },
        retryPolicy: { maximumRetryAttempts: RETRIES, maximumEventAgeInSeconds: MAX_AGE_SECONDS[rate] },
      },
    });
    new aws.lambda.FunctionEventInvokeConfig(`Invoke-${toLogicalName(job)}`, {
      functionName: fn.name,
      maximumRetryAttempts: RETRIES,
      maximumEventAgeInSeconds: MAX_AGE_SECONDS[rate],
      destinationConfig: { onFailure: { destination: deadLetter.arn } },
    });
  }
}
