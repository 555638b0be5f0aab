/** What the application of one tick's points needs beside the points: the tick, the limits, a place for warnings. */
import type { MetricsSettings } from '../metrics-settings.ts';
import type { ShardState } from './state.ts';

export interface TickContext {
  readonly state: ShardState;
  /** The tick that is being made, and the one it continues (0: none). */
  readonly tickMs: number;
  readonly previousTickMs: number;
  readonly settings: MetricsSettings;
  readonly warnings: Warnings;
}

export function createTickContext(
  parts: Pick<TickContext, 'state' | 'tickMs' | 'previousTickMs' | 'settings'>,
): TickContext {
  return { ...parts, warnings: createWarnings(parts.settings) };
}

/** Counted by what they are about, so that one warning names a thousand cases. */
export interface Warnings {
  add(kind: WarningKind, about: string, count?: number): void;
  list(): readonly string[];
}

const SENTENCES = {
  'series-limit': (about: string, count: number, limits: MetricsSettings) =>
    `${count} points of ${about} exceed the limit of ${limits.maxSeriesPerFamily} series a metric and job: deltas are counted under otel_metric_overflow="true", the rest is refused`,
  'shard-limit': (about: string, count: number, limits: MetricsSettings) =>
    `${count} points of ${about} exceed the limit of ${limits.maxSeriesPerShard} series a shard: deltas are counted under otel_metric_overflow="true", the rest is refused`,
  'kind-conflict': (about: string, count: number) =>
    `${count} points of ${about} are refused: the same series is sent as another kind of metric`,
  'falling-total': (about: string, count: number) =>
    `${about} fell ${count} times without a new start time: each fall counts as a restart`,
  'shared-start': (about: string, count: number) =>
    `${about}: two writers share one identity and start time and cannot be told apart (${count} points); give each its own service.instance.id, or start times`,
  'bounds-differ': (about: string, count: number) =>
    `${count} points of ${about} have other bucket bounds than the series: their counts are placed by upper bound`,
  'forms-differ': (about: string, count: number) =>
    `${count} points of ${about} are refused: the series is sent with explicit and with exponential buckets at once`,
  'unknown-past': (about: string, count: number) =>
    `${about}: ${count} sources were met with a past that is not known here; they count from now on`,
  'state-lost': (about: string) =>
    `the object of the last tick could not be read (${about}): levels begin anew, and sources count from now on`,
  'damaged-block': (about: string, count: number) =>
    `${count} blocks could not be read and are set aside: ${about}`,
} as const;
export type WarningKind = keyof typeof SENTENCES;

/** Distinct subjects a kind; the rest is summed up. */
const MAX_SUBJECTS = 20;

function createWarnings(settings: MetricsSettings): Warnings {
  const kinds = new Map<WarningKind, Map<string, number>>();
  return {
    add(kind, about, count = 1) {
      const subjects = kinds.get(kind) ?? new Map<string, number>();
      kinds.set(kind, subjects);
      const name = subjects.has(about) || subjects.size < MAX_SUBJECTS ? about : 'other metrics';
      subjects.set(name, (subjects.get(name) ?? 0) + count);
    },
    list: () =>
      [...kinds].flatMap(([kind, subjects]) =>
        [...subjects].map(([about, count]) => SENTENCES[kind](about, count, settings)),
      ),
  };
}
