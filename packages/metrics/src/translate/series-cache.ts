/**
 * Series that were made before, by what they were made of: SDKs send the same ones every minute, and
 * sorting, sanitising and joining labels is most of what a point costs.
 */
import type { SeriesIdentity } from '../model/metric-point.ts';

export interface SeriesCache {
  /** The series of one context (resource, scope, metric), by the text of a point's attributes. */
  ofContext(contextKey: string): Map<string, SeriesIdentity>;
  /** To be told of each one that was made. */
  grown(): void;
}

export function createSeriesCache(maxSeries = 200_000): SeriesCache {
  const contexts = new Map<string, Map<string, SeriesIdentity>>();
  let size = 0;
  return {
    ofContext(contextKey) {
      let context = contexts.get(contextKey);
      if (context === undefined) {
        context = new Map();
        contexts.set(contextKey, context);
      }
      return context;
    },
    grown() {
      size += 1;
      if (size <= maxSeries) return;
      contexts.clear();
      size = 0;
    },
  };
}
