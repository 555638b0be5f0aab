/** The dead-letter queues of a data directory, or of a deployment, each with the queue that a redrive sends back to. */
import { CLOUD_ENV, deadLetterName, QUEUE } from '@sluice/core/names';
import type { Queue } from '@sluice/core/ports/queue';
import { readText } from '@sluice/core/settings';
import type { DeadLetterFilter } from '@sluice/delivery/dead-letters';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import type { OptionTable } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import { DATA_DIR_OPTION, dataDirOf, withDatabase } from '../data-dir.ts';
import type { Io } from '../io.ts';
import { readChoiceOption } from '../parse-command-line.ts';

/** The three signals, and what else travels by queue. */
export type QueueLabel = keyof typeof QUEUE;
export const QUEUE_LABELS = Object.keys(QUEUE) as readonly QueueLabel[];

export interface DeadLetterQueue {
  readonly signal: QueueLabel;
  readonly source: Queue;
  readonly deadLetter: Queue;
}

export const SELECTION_OPTIONS = {
  queue: { type: 'string', value: QUEUE_LABELS.join('|'), help: 'only this queue (default: all)' },
  tenant: { type: 'string', value: 'TENANT', help: 'only of this tenant' },
  sink: { type: 'string', value: 'NAME', help: 'only what this destination has not got' },
  reason: { type: 'string', value: 'TEXT', help: 'only reasons that hold this text' },
  'data-dir': DATA_DIR_OPTION,
} as const satisfies OptionTable;

interface Selection {
  readonly queue: string | undefined;
  readonly tenant: string | undefined;
  readonly sink: string | undefined;
  readonly reason: string | undefined;
  readonly 'data-dir': string | undefined;
}

/** `undefined` when nothing was selected. */
export function toFilter(
  { tenant, sink, reason }: Selection,
  ids: readonly string[] = [],
): DeadLetterFilter | undefined {
  const filter = {
    ...(ids.length === 0 ? {} : { ids }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(sink === undefined ? {} : { sink }),
    ...(reason === undefined ? {} : { reason }),
  };
  return Object.keys(filter).length === 0 ? undefined : filter;
}

/** For what changes something: a selection must be meant. @throws CommandLineError */
export function requireFilter(
  options: Selection & { readonly all: boolean },
  ids: readonly string[],
): DeadLetterFilter {
  const filter = toFilter(options, ids);
  if (filter === undefined && !options.all) {
    throw new CommandLineError('which dead letters? Give IDs, --tenant, --sink or --reason, or --all');
  }
  if (filter !== undefined && options.all) throw new CommandLineError('--all does not go with a selection');
  return filter ?? {};
}

/** @throws CommandLineError, or UsageError when the directory holds no data. */
export async function withDeadLetters<T>(
  options: Selection,
  io: Io,
  work: (queues: readonly DeadLetterQueue[]) => Promise<T>,
): Promise<T> {
  const wanted = readChoiceOption('queue', options.queue, QUEUE_LABELS);
  const { clock } = io;
  const labels = QUEUE_LABELS.filter((signal) => wanted === undefined || wanted === signal);
  const toQueues = (open: (name: string) => Queue): readonly DeadLetterQueue[] =>
    labels.map((signal) => ({
      signal,
      source: open(QUEUE[signal]),
      deadLetter: open(deadLetterName(QUEUE[signal])),
    }));
  const base = readText(io.env, CLOUD_ENV.queuesUrl);
  if (base !== undefined && options['data-dir'] === undefined) {
    const { createSqsClient } = await import('@sluice/platform/aws/sqs-client');
    const { createSqsQueue } = await import('@sluice/platform/aws/queue');
    const client = createSqsClient();
    return work(toQueues((name) => createSqsQueue({ client, queueUrl: `${base}${name}`, name })));
  }
  return withDatabase({ dir: dataDirOf(options['data-dir'], io) }, (database) =>
    work(toQueues((name) => createEmbeddedQueue({ database, name, clock }))),
  );
}
