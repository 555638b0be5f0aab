/**
 * Puts logs into CloudWatch Logs (`PutLogEvents`): one JSON record an event, in the group of its level, in a
 * stream of this consumer and day. CloudWatch keeps what it is sent twice, so what a failed push got through
 * is not sent again.
 */
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { describeError } from '@sluice/core/errors';
import type { Clock } from '@sluice/core/ports/clock';
import type { PushResult, Sink } from '@sluice/core/ports/sink';
import { createAcceptedEvents } from './accepted-events.ts';
import { restamp, toBatches } from './event-batches.ts';
import { createEventShaper, type EventsByGroup, toLogEvents } from './log-events.ts';
import { GROUP_KINDS, type GroupKind, type LogGroups } from './log-groups.ts';
import { streamName } from './log-streams.ts';
import { type PutFailure, putEvents } from './put-events.ts';

export interface CloudWatchSinkOptions {
  readonly client: CloudWatchLogsClient;
  readonly groups: LogGroups;
  /** Names this process among those that write: the last part of the stream's name. */
  readonly consumer: string;
  readonly clock: Clock;
  readonly name?: string;
  /** For one call; default 10 s. */
  readonly timeoutMs?: number;
}

/** A record is about as large in JSON as in OTLP: some four batches. */
const MAX_RAW_BYTES = 4 * 1_048_576;
const DEFAULT_TIMEOUT_MS = 10_000;

export function createCloudWatchSink({
  client,
  groups,
  consumer,
  clock,
  name = 'cloudwatch',
  timeoutMs = DEFAULT_TIMEOUT_MS,
}: CloudWatchSinkOptions): Sink {
  const shaper = createEventShaper();
  const accepted = createAcceptedEvents();

  return {
    name,
    maxRawBytes: MAX_RAW_BYTES,
    async push(tenant, parts, { signal }) {
      let events: EventsByGroup;
      try {
        events = await toLogEvents(parts, { shaper, tenant });
      } catch (error) {
        return { status: 'permanent', reason: `${name}: logs cannot be read: ${describeError(error)}` };
      }
      const nowMs = clock.nowMs();
      const warnings: string[] = [];

      const pushGroup = async (kind: GroupKind): Promise<PutFailure | undefined> => {
        const group = groups[kind];
        const { retentionDays } = group;
        const {
          events: own,
          tooOld,
          tooNew,
        } = restamp(accepted.without(events[kind]), { nowMs, retentionDays });
        if (tooOld + tooNew > 0) {
          warnings.push(
            `${tooOld} events too old and ${tooNew} too new for ${group.name} got the time of their receipt`,
          );
        }
        const key = { group, stream: streamName(tenant, consumer, nowMs) };
        for (const batch of toBatches(own)) {
          if (signal.aborted) return { status: 'retryable', reason: `${name}: stopped between two batches` };
          const failure = await putEvents(batch, key, {
            client,
            nowMs: () => clock.nowMs(),
            timeoutMs,
            signal,
            onTaken: accepted.add,
            onRejected: (count, why) =>
              warnings.push(`${group.name} rejected ${count} events (${why}): they got the present time`),
          });
          if (failure !== undefined) return failure;
        }
        return undefined;
      };

      const failures = await Promise.all(GROUP_KINDS.map(pushGroup));
      const failure = worst(failures);
      if (failure !== undefined) return failure;
      accepted.forget(parts.map(({ messageId }) => messageId));
      return warnings.length === 0 ? { status: 'ok' } : { status: 'ok', warning: warnings.join('; ') };
    },
  };
}

/** A group that only has to wait comes first: nothing is given up while another try may still be needed. */
function worst(failures: readonly (PutFailure | undefined)[]): PushResult | undefined {
  return (
    failures.find((failure) => failure?.status === 'retryable') ??
    failures.find((failure) => failure !== undefined)
  );
}
