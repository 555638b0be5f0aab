/**
 * Which tier a promqltest file belongs to. T1: the stable language on floats and classic histograms (a
 * few of its cases touch native histograms too). T2: details and additions that change how stable parts
 * behave. T3: what Prometheus keeps behind feature flags. T4: native histograms.
 */
export type Tier = 'T1' | 'T2' | 'T3' | 'T4';

const TIERS: Readonly<Record<string, Tier>> = {
  'aggregators.test': 'T1',
  'at_modifier.test': 'T1',
  'collision.test': 'T1',
  'functions.test': 'T1',
  'histograms.test': 'T1',
  'literals.test': 'T1',
  'operators.test': 'T1',
  'range_queries.test': 'T1',
  'selectors.test': 'T1',
  'staleness.test': 'T1',
  'subquery.test': 'T1',
  'trig_functions.test': 'T1',
  'limit.test': 'T2',
  'name_label_dropping.test': 'T2',
  'start_timestamps.test': 'T2',
  'type_and_unit.test': 'T2',
  'duration_expression.test': 'T3',
  'extended_vectors.test': 'T3',
  'fill-modifier.test': 'T3',
  'info.test': 'T3',
  'native_histograms.test': 'T4',
};

export const ALL_TIERS: readonly Tier[] = ['T1', 'T2', 'T3', 'T4'];

/** A file that is not in the list is new upstream, and counts as T3 until it is placed. */
export function tierOf(file: string): Tier {
  return TIERS[file] ?? 'T3';
}
