/** Rules of what runs by the clock and of what wakes people up. */
import { type Deployment, type Inputs, TYPE } from './deployment.ts';
import type { Rule } from './rules.ts';
import { partOf } from './rules-functions.ts';

const alarmsOn = (deployment: Deployment, metricName: string): readonly Inputs[] =>
  deployment.of(TYPE.alarm).filter((alarm) => alarm.metricName === metricName);

/** Metrics that functions write themselves, and which must have an alarm: by metric and function. */
const OWN_ALARMS = [
  ['sluice_delivery_destination_misconfigured', 'deliver-traces'],
  ['sluice_delivery_destination_misconfigured', 'deliver-logs'],
  ['audit_checkpoint_age_seconds', 'seal-audit'],
  ['audit_seal_refused', 'seal-audit'],
  ['sluice_audit_findings', 'keep-audit'],
] as const;

const JOBS: Readonly<Record<string, string>> = {
  tick: 'rate(1 minute)',
  evaluate: 'rate(1 minute)',
  'compact-metrics': 'rate(10 minutes)',
  'seal-audit': 'rate(1 minute)',
  'keep-audit': 'rate(1 hour)',
};

export const watchRules: readonly Rule[] = [
  function everyDeadLetterQueueHasAnAlarm(deployment) {
    const watched = alarmsOn(deployment, 'ApproximateNumberOfMessagesVisible').map(
      ({ dimensions }) => dimensions.QueueName,
    );
    return deployment
      .of(TYPE.queue)
      .filter(({ name }) => /-dead(\.fifo)?$/.test(String(name)) && !watched.includes(name))
      .map(({ name }) => `${name} has no alarm`);
  },
  function everyQueueHasAnAlarmOfAge(deployment) {
    const watched = alarmsOn(deployment, 'ApproximateAgeOfOldestMessage').map(
      ({ dimensions }) => dimensions.QueueName,
    );
    return deployment
      .of(TYPE.queue)
      .filter(({ name }) => !/-dead(\.fifo)?$/.test(String(name)) && !watched.includes(name))
      .map(({ name }) => `${name} has no alarm of age`);
  },
  function everyFunctionHasAnAlarm(deployment) {
    const watched = alarmsOn(deployment, 'Errors').map(({ dimensions }) => dimensions.FunctionName);
    return deployment
      .of(TYPE.fn)
      .filter(({ name }) => !watched.includes(name))
      .map(({ name }) => `${name} has no alarm of errors`);
  },
  function whatMustRunIsMissedWhenItDoesNot(deployment, { stage }) {
    const [missing] = alarmsOn(deployment, 'Invocations');
    const throttles = alarmsOn(deployment, 'Throttles').map(({ dimensions }) => dimensions.FunctionName);
    return [
      ...(missing?.treatMissingData === 'breaching' &&
      missing.dimensions.FunctionName === `sluice-${stage}-tick`
        ? []
        : ['nobody would miss the tick']),
      ...(throttles.includes(`sluice-${stage}-ingest`) ? [] : ['nobody would see that ingest is throttled']),
      ...OWN_ALARMS.filter(
        ([metric, name]) =>
          !alarmsOn(deployment, metric).some(
            ({ dimensions, namespace }) =>
              namespace === 'Sluice' && dimensions.stage === stage && dimensions.function === name,
          ),
      ).map(([metric, name]) => `${metric} of ${name} has no alarm`),
    ];
  },
  function everyAlarmReachesSomebodyAndIsExplained(deployment, { sections, stage }) {
    const topics = deployment
      .of(TYPE.topic)
      .map(({ name }) => `arn:aws:sns:eu-central-1:123456789012:${name}`);
    const policies = deployment.of(TYPE.topicPolicy).map(({ arn }) => String(arn));
    return [
      ...(topics.length === 1 && policies.includes(topics[0]!)
        ? []
        : ['alarms have no topic that they may publish to']),
      ...deployment.of(TYPE.alarm).flatMap((alarm) => {
        const name = partOf(alarm.name, stage);
        const section = /docs\/operate-aws\.md#([\w-]+)$/.exec(String(alarm.alarmDescription))?.[1] ?? '';
        return [
          ...(topics.includes(alarm.alarmActions?.[0]) ? [] : [`the alarm ${name} reaches nobody`]),
          ...(sections.includes(section)
            ? []
            : [`the alarm ${name} has no section "${section}" in docs/operate-aws.md`]),
        ];
      }),
    ];
  },
  function alarmsOfProductionReachAPerson(deployment, { stage }) {
    const people = deployment.of(TYPE.subscription).filter(({ protocol }) => protocol === 'email');
    return stage === 'production' && people.length === 0 ? ['nobody is subscribed to alarms'] : [];
  },
  function productionHasABudget(deployment, { stage }) {
    return stage === 'production' && deployment.of(TYPE.budget).length !== 1 ? ['there is no budget'] : [];
  },
  function everyScheduleHasDeadLetters(deployment, { stage }) {
    const queues = deployment
      .of(TYPE.queue)
      .map(({ name }) => `arn:aws:sqs:eu-central-1:123456789012:${name}`);
    const schedules = deployment.of(TYPE.schedule);
    const rates = Object.fromEntries(
      schedules.map(({ name, scheduleExpression }) => [partOf(name, stage), scheduleExpression]),
    );
    return [
      ...Object.entries(JOBS)
        .filter(([job, rate]) => rates[job] !== rate)
        .map(([job, rate]) => `${job} does not run at ${rate}`),
      ...schedules.flatMap(({ name, target, groupName }) => {
        const job = partOf(name, stage);
        const invoke = deployment.of(TYPE.invokeConfig).find((config) => config.functionName === name);
        return [
          ...(queues.includes(target.deadLetterConfig?.arn)
            ? []
            : [`the schedule ${job} has no dead letters`]),
          ...(queues.includes(invoke?.destinationConfig?.onFailure?.destination)
            ? []
            : [`failures of ${job} go nowhere`]),
          ...(deployment.of(TYPE.scheduleGroup).some((group) => group.name === groupName)
            ? []
            : [`the group of the schedule ${job} is missing`]),
          ...(String(name).length > 64 ? [`the schedule ${job} has a name of more than 64 characters`] : []),
          ...(JSON.parse(target.input).job === job ? [] : [`the schedule ${job} names another job`]),
        ];
      }),
    ];
  },
];
