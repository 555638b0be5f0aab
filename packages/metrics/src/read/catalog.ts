/**
 * What there is, beside the samples: the port behind Prometheus' label, series, metadata, exemplar and
 * target endpoints. One catalog is of one tenant. Ranges are honoured to the precision of the store
 * (the hour for compacted data): an answer may name what was there a little before or after.
 */
import type { Labels } from '@sluice/promql/model/labels';
import type { Matcher } from '@sluice/promql/model/matcher';

export interface MetricsCatalog {
  /** Names of labels, sorted; `__name__`, `le` and `quantile` among them. */
  listLabels(query: CatalogQuery): Promise<CatalogList<string>>;
  /** Values of one label, sorted. */
  listLabelValues(name: string, query: CatalogQuery): Promise<CatalogList<string>>;
  /** Label sets, sorted, each once; histograms and summaries expanded as they are queried. */
  listSeries(query: CatalogQuery): Promise<CatalogList<Labels>>;
  /** By Prometheus family name, sorted; each metric has one entry. */
  listMetadata(query?: MetadataQuery): Promise<ReadonlyMap<string, readonly MetricMetadata[]>>;
  /** The exemplars that are still in the snapshots: those of the last hours, in order of time. */
  exemplars(query: ExemplarQuery): Promise<readonly SeriesExemplars[]>;
  /** The services that were seen lately, by job and instance. */
  targets(): Promise<readonly TargetInfo[]>;
}

export interface CatalogQuery extends TimeRange {
  /** Series that match all matchers of any one set; all series when there is no set (`match[]` of the API). */
  readonly matcherSets: readonly (readonly Matcher[])[];
  /** At most so many, of those that are found first; absent or 0 is no limit. */
  readonly limit?: number;
  /** Throws once the listing has taken too long; called for every series that is held against matchers. */
  checkTime?(): void;
}

export interface TimeRange {
  /** Inclusive, Unix milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
}

export interface CatalogList<T> {
  readonly values: readonly T[];
  /** Sentences for people: truncated by the limit, a shard that could not be read. */
  readonly warnings: readonly string[];
}

/** The list without what is over the limit, and a warning for that, in Prometheus' words. */
export function toCatalogList<T>(
  values: readonly T[],
  { limit = 0 }: Pick<CatalogQuery, 'limit'>,
): CatalogList<T> {
  if (limit === 0 || values.length <= limit) return { values, warnings: [] };
  return { values: values.slice(0, limit), warnings: ['results truncated due to limit'] };
}

export interface MetadataQuery {
  /** Only this family. */
  readonly metric?: string;
  /** At most so many families. */
  readonly limit?: number;
}

/** As Prometheus' /api/v1/metadata writes it. */
export interface MetricMetadata {
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown';
  readonly help: string;
  readonly unit: string;
}

export interface ExemplarQuery extends TimeRange {
  /** Selectors of the expression; a series that matches any of them is asked for. */
  readonly matcherSets: readonly (readonly Matcher[])[];
}

export interface SeriesExemplars {
  /** Of the series as it is queried: `…_bucket` with its `le` for histograms. */
  readonly seriesLabels: Labels;
  readonly exemplars: readonly {
    readonly labels: Labels;
    readonly value: number;
    readonly timeMs: number;
  }[];
}

export interface TargetInfo {
  readonly job: string;
  /** '' when the sources of the job do not name themselves (most deltas do not). */
  readonly instance: string;
  /** Newest event of any series of it, Unix milliseconds. */
  readonly lastSeenMs: number;
  /** `up` while it was seen within the window of the synthetic `up`, then `down`. */
  readonly health: 'up' | 'down';
  readonly series: number;
}
