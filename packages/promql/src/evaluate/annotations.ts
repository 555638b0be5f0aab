/**
 * Warnings and infos about a query, each with the place in the expression that it is about. They are told
 * apart by their text without the place; of equal ones the last place counts, as in Prometheus.
 */

import { formatGeneral, formatPrecision } from '../model/go-float.ts';
import { goQuote } from '../model/go-quote.ts';
import { formatPosition, type PositionRange } from '../parse/position.ts';

export type AnnotationLevel = 'warning' | 'info';

export interface Annotations {
  warn(message: string, position: PositionRange): void;
  inform(message: string, position: PositionRange): void;
  /** Buckets of a classic histogram that had to be put in order; several are summed up in one. */
  forcedMonotonicity(metricName: string, position: PositionRange, details: ForcedMonotonicity): void;
  /** A sample's start time lies before the sample it follows; several are counted in one. */
  startTimeOverlap(metricName: string, position: PositionRange): void;
  /** Warnings of the store, without a place. */
  foreign(message: string): void;
  /** Complete texts, in the order in which they came up first. */
  texts(level: AnnotationLevel, query: string): string[];
}

export interface ForcedMonotonicity {
  readonly timeMs: number;
  readonly minBucket: number;
  readonly maxBucket: number;
  readonly maxDifference: number;
}

interface Entry {
  readonly level: AnnotationLevel;
  position: PositionRange | undefined;
  describe(): string;
}

export function createAnnotations(): Annotations {
  const entries = new Map<string, Entry>();
  const add = (level: AnnotationLevel, message: string, position: PositionRange): void => {
    const known = entries.get(message);
    if (known) known.position = position;
    else entries.set(message, { level, position, describe: () => message });
  };
  const warn = (message: string, position: PositionRange): void =>
    add('warning', `PromQL warning: ${message}`, position);
  const inform = (message: string, position: PositionRange): void =>
    add('info', `PromQL info: ${message}`, position);

  const monotonicity = new Map<string, Monotonicity>();
  const overlaps = new Map<string, { count: number }>();

  return {
    warn,
    inform,
    forcedMonotonicity(metricName, position, details) {
      const link = 'https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile';
      const message = aboutMetric(
        `PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see ${link})`,
        metricName,
      );
      const state = monotonicity.get(message);
      if (state) {
        widen(state, details);
        return;
      }
      const created = { ...details, firstMs: details.timeMs, lastMs: details.timeMs, count: 1 };
      monotonicity.set(message, created);
      entries.set(message, {
        level: 'info',
        position,
        describe: () => describeMonotonicity(message, created),
      });
    },
    startTimeOverlap(metricName, position) {
      const message = `PromQL warning: sample has start time that overlaps with previous sample timestamp for metric ${goQuote(metricName)}`;
      const state = overlaps.get(message);
      if (state) {
        state.count++;
        return;
      }
      const created = { count: 1 };
      overlaps.set(message, created);
      const describe = (): string =>
        created.count > 1 ? `${message} (${created.count} occurrences)` : message;
      entries.set(message, { level: 'warning', position, describe });
    },
    foreign(message) {
      entries.set(message, { level: 'warning', position: undefined, describe: () => message });
    },
    texts(level, query) {
      return [...entries.values()]
        .filter((entry) => entry.level === level)
        .map(({ position, describe }) =>
          position ? `${describe()} (${formatPosition(query, position)})` : describe(),
        );
    },
  };
}

interface Monotonicity {
  firstMs: number;
  lastMs: number;
  minBucket: number;
  maxBucket: number;
  maxDifference: number;
  count: number;
}

function widen(
  state: Monotonicity,
  { timeMs, minBucket, maxBucket, maxDifference }: ForcedMonotonicity,
): void {
  state.firstMs = Math.min(state.firstMs, timeMs);
  state.lastMs = Math.max(state.lastMs, timeMs);
  state.minBucket = Math.min(state.minBucket, minBucket);
  state.maxBucket = Math.max(state.maxBucket, maxBucket);
  state.maxDifference = Math.max(state.maxDifference, maxDifference);
  state.count++;
}

function describeMonotonicity(message: string, state: Monotonicity): string {
  const { minBucket, maxBucket, maxDifference, count } = state;
  const span = `${formatTime(state.firstMs)} to ${formatTime(state.lastMs)}`;
  const buckets = `from buckets ${formatGeneral(minBucket)} to ${formatGeneral(maxBucket)}`;
  return `${message}, ${buckets}, with a max diff of ${formatPrecision(maxDifference, 2)}, over ${count} samples from ${span}`;
}

/** RFC 3339 to the second. */
function formatTime(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

export function aboutMetric(message: string, metricName: string): string {
  return metricName === '' ? message : `${message} for metric name ${goQuote(metricName)}`;
}
