/**
 * From matchers to families: a histogram or summary is stored under its family name and asked for as
 * `_bucket`, `_sum` and `_count`; `up` is asked for and stored as what was seen.
 */
import { BUCKET_LABEL, type Labels, labelValue, METRIC_NAME } from '@sluice/promql/model/labels';
import type { Matcher } from '@sluice/promql/model/matcher';
import { SEEN_FAMILY } from '../rollup/rollup-entry.ts';

/** What a stored series' labels do not decide alone. */
const EXPANDED_LABELS: ReadonlySet<string> = new Set([METRIC_NAME, BUCKET_LABEL, 'quantile']);

export const UP = 'up';
export const SUFFIX = { bucket: '_bucket', sum: '_sum', count: '_count' } as const;

/** Names of families that may hold a match; undefined when every family may. */
export function candidateFamilies(matchers: readonly Matcher[]): ReadonlySet<string> | undefined {
  let candidates: ReadonlySet<string> | undefined;
  for (const { name, literals } of matchers) {
    if (name !== METRIC_NAME || literals === undefined) continue;
    const known = candidates;
    candidates = new Set(literals.flatMap(familiesOf).filter((family) => known?.has(family) ?? true));
  }
  return candidates;
}

/** Of a stored series, before it is expanded: false when no part of it can match. */
export function mayMatch(
  labels: Labels,
  matchers: readonly Matcher[],
  families: ReadonlySet<string> | undefined,
): boolean {
  if (families !== undefined && !families.has(labelValue(labels, METRIC_NAME))) return false;
  return matchers.every(
    (matcher) => EXPANDED_LABELS.has(matcher.name) || matcher.matches(labelValue(labels, matcher.name)),
  );
}

function familiesOf(metric: string): readonly string[] {
  const families = [metric];
  for (const suffix of Object.values(SUFFIX)) {
    if (metric.endsWith(suffix)) families.push(metric.slice(0, -suffix.length));
  }
  if (metric === UP) families.push(SEEN_FAMILY);
  return families;
}
