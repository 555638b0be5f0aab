/**
 * One sink as delivery sees it over time: pushes are counted and timed, a change between working,
 * failing and misconfigured is logged once, and it knows whether the last push went through.
 */
import { describeError, PermanentError } from '@sluice/core/errors';
import type { TenantId } from '@sluice/core/ids';
import type { Logger } from '@sluice/core/logger';
import { METRIC, type Signal } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { PushResult, Sink } from '@sluice/core/ports/sink';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import type { Unit } from './unit.ts';

/** A sink's answer, or `threw`: it did not keep its promise to answer. */
export type PushAnswer = PushResult | { readonly status: 'threw'; readonly reason: string };

export interface Destination {
  readonly sink: Sink;
  push(tenant: TenantId, units: readonly Unit[], signal: AbortSignal): Promise<PushAnswer>;
  /** True until a push fails, and again from the next that goes through. */
  isHealthy(): boolean;
  /** Pushes that went through since the process started. */
  successes(): number;
}

export interface DestinationOptions {
  readonly signal: Signal;
  readonly clock: Clock;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
}

type State = 'working' | 'failing' | 'misconfigured';

const DURATION_BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 10, 30];

export function createDestination(
  sink: Sink,
  { signal, clock, selfMetrics, logger }: DestinationOptions,
): Destination {
  const labels = { signal, sink: sink.name };
  const pushes = selfMetrics.counter(METRIC.deliveries, 'Pushes to destinations, by outcome.');
  const items = selfMetrics.counter(METRIC.deliveredItems, 'Spans and log records that a destination took.');
  const durations = selfMetrics.histogram(
    METRIC.deliveryDuration,
    'Duration of a push in seconds.',
    DURATION_BUCKETS,
  );
  const misconfigured = selfMetrics.gauge(
    METRIC.misconfigured,
    '1 while the destination answers 401, 403 or 404.',
  );
  misconfigured.set(0, labels);
  let state: State = 'working';
  let successes = 0;

  const enter = (next: State, reason: string): void => {
    if (next === state) return;
    state = next;
    misconfigured.set(next === 'misconfigured' ? 1 : 0, labels);
    const fields = { signal, destination: sink.name, reason };
    if (next === 'working') logger.info('the destination takes data again', fields);
    else if (next === 'failing') logger.warn('the destination fails; its data waits in the queue', fields);
    else logger.error('the destination is set up wrongly; its data waits until that is mended', fields);
  };

  return {
    sink,
    isHealthy: () => state === 'working',
    successes: () => successes,
    async push(tenant, units, abort) {
      const startedMs = clock.nowMs();
      const answer = await ask(sink, tenant, units, abort);
      if (abort.aborted && answer.status !== 'ok') return answer;
      durations.observe((clock.nowMs() - startedMs) / 1000, labels);
      pushes.add(1, { ...labels, outcome: outcomeLabel(answer) });
      if (answer.status === 'ok') {
        successes += 1;
        items.add(answer.items ?? units.reduce((sum, { part }) => sum + part.items, 0), labels);
        enter('working', '');
        if (answer.warning !== undefined)
          logger.warn('the destination took the data with a warning', {
            signal,
            destination: sink.name,
            warning: answer.warning,
          });
      } else if (answer.status === 'retryable') {
        enter(answer.misconfigured ? 'misconfigured' : 'failing', answer.reason);
      } else if (answer.status === 'threw') {
        enter('failing', answer.reason);
      }
      return answer;
    },
  };
}

async function ask(
  sink: Sink,
  tenant: TenantId,
  units: readonly Unit[],
  signal: AbortSignal,
): Promise<PushAnswer> {
  try {
    return await sink.push(
      tenant,
      units.map(({ part }) => part),
      { signal },
    );
  } catch (error) {
    const status = error instanceof PermanentError ? 'permanent' : 'threw';
    return { status, reason: describeError(error) };
  }
}

function outcomeLabel(answer: PushAnswer): string {
  return answer.status === 'retryable' && answer.misconfigured ? 'misconfigured' : answer.status;
}
