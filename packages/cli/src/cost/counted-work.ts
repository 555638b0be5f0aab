/** What was counted, by signal: the shape of `counted.json`, which a run over the bundled functions writes. */
import counted from './counted.json' with { type: 'json' };
import type { BatchWork, Work } from './work.ts';

export interface TraceWork {
  /** Of a post, uncompressed. */
  readonly rawBytes: number;
  /** Of a post. */
  readonly ingest: Work;
  readonly deliver: BatchWork;
  readonly spanMetrics: {
    /** Calls on the way to the queue of metrics; what deriving takes is in `deliver`. */
    readonly send: BatchWork;
    readonly collect: BatchWork;
  };
}

export interface LogWork {
  readonly records: number;
  readonly rawBytes: number;
  readonly ingest: Work;
  readonly deliver: BatchWork;
}

export interface MetricWork {
  readonly points: number;
  readonly ingest: Work;
  readonly collect: BatchWork;
}

/** Of a shard: with its first series, and with each further one. */
export interface BySeries<T> {
  readonly first: T;
  readonly further: T;
}

export interface SeriesWork {
  readonly firstSeries: number;
  /** Of every minute. */
  readonly tick: BySeries<Work>;
  /** Of every ten minutes. */
  readonly compact: BySeries<Work>;
  /** That lie in the table at any time. */
  readonly storedBytes: BySeries<number>;
}

export interface AuditWork {
  readonly ingest: Work;
  readonly record: BatchWork;
}

export interface Counted {
  /** By spans of a post. */
  readonly traces: Readonly<Record<string, TraceWork>>;
  readonly logs: LogWork;
  readonly metrics: MetricWork;
  /** The messages of an order to reduce, without what it then does. */
  readonly order: Work;
  readonly series: SeriesWork;
  readonly audit: AuditWork;
  /** A run of each schedule when there is nothing to do. */
  readonly idle: Readonly<Record<string, Work>>;
  /** That functions write into their logs for CloudWatch. */
  readonly customMetrics: number;
}

export const COUNTED: Counted = counted;
