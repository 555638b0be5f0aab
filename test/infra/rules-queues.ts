/** Rules of queues and of what feeds functions. */
import { type Deployment, type Inputs, statementsOf, TYPE } from './deployment.ts';
import type { Rule } from './rules.ts';

const MAX_RETENTION_SECONDS = 14 * 86_400;
/** Lambda developer guide § Creating and configuring an SQS event source mapping. */
const VISIBILITY_FACTOR = 6;
const BATCH_WITHOUT_WINDOW = 10;
const MAX_FIFO_BATCH = 10;
const MAX_QUEUE_NAME = 80;

const arnOf = (queue: Inputs): string => `arn:aws:sqs:eu-central-1:123456789012:${queue.name}`;
const isDead = ({ name }: Inputs): boolean => /-dead(\.fifo)?$/.test(String(name));
const dead = (deployment: Deployment): readonly Inputs[] => deployment.of(TYPE.queue).filter(isDead);
const live = (deployment: Deployment): readonly Inputs[] =>
  deployment.of(TYPE.queue).filter((queue) => !isDead(queue));

export const queueRules: readonly Rule[] = [
  function everyQueueHasDeadLetters(deployment) {
    const known = new Map(dead(deployment).map((queue) => [arnOf(queue), queue]));
    return live(deployment).flatMap((queue) => {
      const policy = JSON.parse(String(queue.redrivePolicy ?? '{}')) as {
        deadLetterTargetArn?: string;
        maxReceiveCount?: number;
      };
      const target = known.get(policy.deadLetterTargetArn ?? '');
      if (target === undefined) return [`${queue.name} has no dead-letter queue`];
      const problems = [];
      if (target.fifoQueue !== queue.fifoQueue)
        problems.push(`${queue.name} and its dead letters differ in kind`);
      if (!((policy.maxReceiveCount ?? 0) >= 100))
        problems.push(`${queue.name} gives messages up while a destination is down`);
      return problems;
    });
  },
  function deadLettersAreKeptAsLongAsPossible(deployment) {
    return dead(deployment)
      .filter(({ messageRetentionSeconds }) => messageRetentionSeconds !== MAX_RETENTION_SECONDS)
      .map(({ name }) => `${name} keeps its messages for less than 14 days`);
  },
  function deadLettersComeFromTheirQueueAlone(deployment) {
    const allowed = new Set(
      deployment.of(TYPE.redriveAllow).map(({ queueUrl }) => String(queueUrl).split('/').at(-1)),
    );
    return live(deployment)
      .map(({ name }) => String(name).replace(/(\.fifo)?$/, '-dead$1'))
      .filter((name) => !allowed.has(name))
      .map((name) => `${name} takes the dead letters of any queue`);
  },
  function everyQueueIsEncryptedAndRefusesPlainHttp(deployment) {
    const refusing = new Set(
      deployment
        .of(TYPE.queuePolicy)
        .filter(({ policy }) =>
          statementsOf(String(policy)).some(
            ({ Effect, Condition }) =>
              Effect === 'Deny' && JSON.stringify(Condition).includes('"aws:SecureTransport":"false"'),
          ),
        )
        .map(({ queueUrl }) => String(queueUrl).split('/').at(-1)),
    );
    return deployment
      .of(TYPE.queue)
      .flatMap((queue) => [
        ...(refusing.has(String(queue.name)) ? [] : [`${queue.name} takes plain HTTP`]),
        ...(queue.sqsManagedSseEnabled === true ? [] : [`${queue.name} is not encrypted`]),
      ]);
  },
  function everyQueueHasOneConsumer(deployment) {
    const sources = deployment.of(TYPE.mapping).map(({ eventSourceArn }) => String(eventSourceArn));
    return live(deployment).flatMap((queue) => {
      const count = sources.filter((arn) => arn === arnOf(queue)).length;
      return count === 1 ? [] : [`${queue.name} has ${count} consumers`];
    });
  },
  function visibilityIsSixTimesTheTimeout(deployment) {
    return deployment.of(TYPE.mapping).flatMap((mapping) => {
      const queue = live(deployment).find((candidate) => arnOf(candidate) === mapping.eventSourceArn);
      const fn = functionOf(deployment, mapping);
      if (queue === undefined || fn === undefined)
        return [`a mapping ties ${mapping.eventSourceArn} to ${mapping.functionName}`];
      const least =
        VISIBILITY_FACTOR * Number(fn.timeout) + Number(mapping.maximumBatchingWindowInSeconds ?? 0);
      return Number(queue.visibilityTimeoutSeconds) + 30 >= least &&
        Number(queue.visibilityTimeoutSeconds) >= VISIBILITY_FACTOR * Number(fn.timeout)
        ? []
        : [
            `${queue.name} shows messages again after ${queue.visibilityTimeoutSeconds} s; 6 x the timeout is ${least} s`,
          ];
    });
  },
  function batchesAreWithinWhatLambdaTakes(deployment) {
    return deployment.of(TYPE.mapping).flatMap((mapping) => {
      const name = String(mapping.eventSourceArn).split(':').at(-1)!;
      const { batchSize, maximumBatchingWindowInSeconds: window = 0, functionResponseTypes = [] } = mapping;
      const problems = [];
      if (batchSize > BATCH_WITHOUT_WINDOW && !(window >= 1))
        problems.push(`${name}: a batch of ${batchSize} needs a window`);
      if (name.endsWith('.fifo') && (batchSize > MAX_FIFO_BATCH || window > 0))
        problems.push(`${name}: a FIFO queue takes batches of 10 and no window`);
      if (!functionResponseTypes.includes('ReportBatchItemFailures'))
        problems.push(`${name}: one failure fails the batch`);
      if (!(mapping.scalingConfig?.maximumConcurrency >= 2))
        problems.push(`${name}: no limit of concurrency`);
      return problems;
    });
  },
  function namesFit(deployment) {
    return deployment
      .of(TYPE.queue)
      .filter(({ name }) => String(name).length > MAX_QUEUE_NAME)
      .map(({ name }) => `${name} is longer than ${MAX_QUEUE_NAME} characters`);
  },
];

function functionOf(deployment: Deployment, { functionName }: Inputs): Inputs | undefined {
  return deployment.of(TYPE.fn).find(({ name }) => String(functionName).endsWith(`:function:${name}`));
}
