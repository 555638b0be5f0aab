/**
 * Series that were made before, by what they were made of: SDKs send the same ones every minute, and
 * sorting, sanitising and joining labels is most of what a point costs.
 */
import type { KeyValue } from '@sluice/otlp/model';
import type { MetricPoint, PointFamily, SeriesIdentity } from '../model/metric-point.ts';
import type { BaseLabels, ResourceContext, ScopeContext } from './resource-context.ts';

export interface SeriesCache {
  /** The series of one context: resource, scope and metric. */
  ofContext(contextKey: string): KnownSeries;
  /** By the text of the resource as it was sent. */
  readonly resources: Map<string, KnownResource>;
  /** To be told of each series, resource and scope that was made. */
  grown(): void;
}

export interface KnownResource {
  readonly context: ResourceContext;
  /** By the text of the scope as it was sent. */
  readonly scopes: Map<string, KnownScope>;
  /** `target_info` of delta metrics (true), which have no instance labels, and of the others. */
  readonly targets: Map<boolean, SeriesIdentity>;
}

export interface KnownScope {
  readonly context: ScopeContext;
  /** By the text of what the metric says of itself. */
  readonly metrics: Map<string, KnownMetric>;
}

export interface KnownMetric {
  readonly family: PointFamily;
  readonly mode: MetricPoint['mode'];
  readonly base: BaseLabels;
  /** It came as a Prometheus series: its name and labels are kept as they are. */
  readonly verbatim: boolean;
  readonly known: KnownSeries;
}

export interface KnownSeries {
  /** By the text of a point's attributes. */
  readonly byText: Map<string, SeriesIdentity>;
  /** By place in the metric: an SDK sends its points in the same order again and again. */
  readonly byPlace: (PlacedSeries | undefined)[];
}

interface PlacedSeries {
  readonly attributes: readonly KeyValue[];
  readonly series: SeriesIdentity;
}

export function createSeriesCache(maxSeries = 200_000): SeriesCache {
  const contexts = new Map<string, KnownSeries>();
  const resources = new Map<string, KnownResource>();
  let size = 0;
  return {
    ofContext(contextKey) {
      let context = contexts.get(contextKey);
      if (context === undefined) {
        context = { byText: new Map(), byPlace: [] };
        contexts.set(contextKey, context);
      }
      return context;
    },
    resources,
    grown() {
      size += 1;
      if (size <= maxSeries) return;
      contexts.clear();
      resources.clear();
      size = 0;
    },
  };
}

/** Whether two lists are equal to the letter; lists and maps among the values count as different. */
export function isSameAttributes(a: readonly KeyValue[], b: readonly KeyValue[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const left = a[i]!;
    const right = b[i]!;
    if (left.key !== right.key || left.value.type !== right.value.type) return false;
    if (!('value' in left.value) || !('value' in right.value) || left.value.value !== right.value.value)
      return false;
  }
  return true;
}
