/** The state of a running pipeline, from its own readiness and metrics. */
import { UsageError } from '@sluice/core/errors';
import { deadLetterName, METRIC, QUEUE, SIGNALS, type Signal } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { ApiClient } from '../api-client.ts';
import { parsePrometheusText, type Samples, sumOf, valuesOf } from '../prometheus-text.ts';

export interface Snapshot {
  readonly atMs: number;
  readonly ready: boolean;
  /** What is not ready, and why. */
  readonly problems: readonly string[];
  readonly samples: Samples;
}

export interface Status {
  readonly ready: boolean;
  readonly problems: readonly string[];
  readonly uptimeSeconds: number | null;
  readonly signals: readonly SignalStatus[];
  readonly destinations: readonly DestinationStatus[];
  /** `null` where logs are kept elsewhere. */
  readonly logStore: LogStoreStatus | null;
}

export interface LogStoreStatus {
  readonly lines: number;
  readonly storedBytes: number;
  /** Since the start: let go because the store was full, before their retention ended. */
  readonly evictedLines: number;
}

export interface SignalStatus {
  readonly signal: Signal;
  readonly accepted: number;
  readonly rejected: number;
  /** Accepted items per second between the two snapshots. */
  readonly perSecond: number;
  readonly waiting: number;
  readonly inFlight: number;
  /** Waiting for their next try, or sent with a delay. */
  readonly delayed: number;
  readonly oldestAgeSeconds: number;
  readonly deadLetters: number;
}

export interface DestinationStatus {
  readonly signal: string;
  readonly sink: string;
  readonly items: number;
  readonly perSecond: number;
  readonly failedPushes: number;
  readonly misconfigured: boolean;
}

/** @throws UsageError when no pipeline answers, or what answers is none. */
export async function takeSnapshot(api: ApiClient, clock: Clock): Promise<Snapshot> {
  const [ready, metrics] = await Promise.all([api.get('/-/ready'), api.get('/metrics')]);
  if (metrics.status !== 200)
    throw new UsageError(`${api.url}/metrics answered HTTP ${metrics.status}: is it the API port of Sluice?`);
  const samples = parsePrometheusText(metrics.text);
  if (!samples.has(METRIC.buildInfo) && !samples.has(METRIC.queueMessages)) {
    throw new UsageError(`${api.url} serves metrics, but not those of Sluice: is it the API port of Sluice?`);
  }
  return { atMs: clock.nowMs(), ready: ready.status === 200, problems: problemsOf(ready.text), samples };
}

/** Totals of the later snapshot, rates between the two. */
export function toStatus(before: Snapshot, now: Snapshot): Status {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  // A counter that fell belongs to a restarted pipeline: it began at 0.
  const rate = (name: string, labels: Record<string, string>): number => {
    const [earlier, later] = [sumOf(before.samples, name, labels), sumOf(now.samples, name, labels)];
    return (later >= earlier ? later - earlier : later) / seconds;
  };
  const startSeconds = sumOf(now.samples, METRIC.startTime);
  return {
    ready: now.ready,
    problems: now.problems,
    uptimeSeconds: startSeconds === 0 ? null : Math.max(0, now.atMs / 1000 - startSeconds),
    signals: SIGNALS.map((signal): SignalStatus => {
      const queue = QUEUE[signal];
      const messages = (name: string, state?: string): number =>
        sumOf(now.samples, METRIC.queueMessages, { queue: name, ...(state === undefined ? {} : { state }) });
      return {
        signal,
        accepted: sumOf(now.samples, METRIC.itemsAccepted, { signal }),
        rejected: sumOf(now.samples, METRIC.itemsRejected, { signal }),
        perSecond: rate(METRIC.itemsAccepted, { signal }),
        waiting: messages(queue, 'visible'),
        inFlight: messages(queue, 'in-flight'),
        delayed: messages(queue, 'delayed'),
        oldestAgeSeconds: sumOf(now.samples, METRIC.queueOldestAge, { queue }),
        deadLetters: messages(deadLetterName(queue)),
      };
    }),
    destinations: SIGNALS.flatMap((signal) => destinationsOf(signal, now.samples, rate)),
    logStore: now.samples.has(METRIC.logStoreBytes) ? logStoreOf(now.samples) : null,
  };
}

function logStoreOf(samples: Samples): LogStoreStatus {
  return {
    lines: sumOf(samples, METRIC.logStoreLines),
    storedBytes: sumOf(samples, METRIC.logStoreBytes),
    evictedLines: sumOf(samples, METRIC.logStoreEvicted, { reason: 'size' }),
  };
}

function destinationsOf(
  signal: Signal,
  samples: Samples,
  rate: (name: string, labels: Record<string, string>) => number,
): readonly DestinationStatus[] {
  const ofSignal: Samples = new Map(
    [...samples].map(([name, all]) => [name, all.filter(({ labels }) => labels.signal === signal)]),
  );
  const sinks = new Set([
    ...valuesOf(ofSignal, METRIC.misconfigured, 'sink'),
    ...valuesOf(ofSignal, METRIC.deliveries, 'sink'),
  ]);
  return [...sinks].sort().map((sink) => ({
    signal,
    sink,
    items: sumOf(ofSignal, METRIC.deliveredItems, { sink }),
    perSecond: rate(METRIC.deliveredItems, { signal, sink }),
    failedPushes:
      sumOf(ofSignal, METRIC.deliveries, { sink }) -
      sumOf(ofSignal, METRIC.deliveries, { sink, outcome: 'ok' }),
    misconfigured: sumOf(ofSignal, METRIC.misconfigured, { sink }) > 0,
  }));
}

function problemsOf(text: string): readonly string[] {
  try {
    const { checks } = JSON.parse(text) as {
      checks?: readonly { name: string; ok: boolean; detail?: string }[];
    };
    return (checks ?? [])
      .filter(({ ok }) => !ok)
      .map(({ name, detail }) => (detail === undefined ? name : `${name}: ${detail}`));
  } catch {
    return [];
  }
}
