/**
 * A stored series as the series that are queried: a classic histogram as `_bucket{le}`, `_sum` and `_count`,
 * a summary as `{quantile}`, `_sum` and `_count`, what was seen as `up`.
 */
import { formatGeneral, formatOpenMetrics } from '@sluice/promql/model/go-float';
import { BUCKET_LABEL, type Labels, labelValue, METRIC_NAME, withLabels } from '@sluice/promql/model/labels';
import type { Matcher } from '@sluice/promql/model/matcher';
import type { SeriesKind } from '../model/snapshot.ts';
import { SEEN_FAMILY } from '../rollup/rollup-entry.ts';
import { SUFFIX, UP } from './select-families.ts';

/** One queried series of a stored one. */
export interface Component {
  readonly labels: Labels;
  /** Which column of the entry. */
  readonly column: number;
  /** `counter` adds up; `value` stands for itself. */
  readonly shape: 'counter' | 'value' | 'gauge';
}

export interface Expandable {
  readonly kind: SeriesKind;
  readonly labels: Labels;
  /** Bounds or quantiles. */
  readonly points: readonly number[];
}

export const QUANTILE_LABEL = 'quantile';

/** How many components it has in all: `_sum` and `_count` stand beside buckets and quantiles, and `+Inf` among buckets. */
export function componentCount({ kind, points }: Expandable): number {
  if (kind === 'histogram') return points.length + 3;
  return kind === 'summary' ? points.length + 2 : 1;
}

/** The components that match. Labels are made only for those. */
export function expandEntry(
  { kind, labels, points }: Expandable,
  matchers: readonly Matcher[],
): readonly Component[] {
  for (const matcher of matchers) {
    const { name } = matcher;
    if (name === METRIC_NAME || (name === BUCKET_LABEL && kind === 'histogram')) continue;
    if (name === QUANTILE_LABEL && kind === 'summary') continue;
    if (!matcher.matches(labelValue(labels, name))) return [];
  }
  const family = labelValue(labels, METRIC_NAME);
  const matchesName = (name: string): boolean =>
    matchers.every((matcher) => matcher.name !== METRIC_NAME || matcher.matches(name));
  switch (kind) {
    case 'counter':
      return matchesName(family) ? [{ labels, column: 0, shape: 'counter' }] : [];
    case 'gauge':
    case 'updown': {
      const name = family === SEEN_FAMILY ? UP : family;
      return matchesName(name) ? [{ labels: rename(labels, name), column: 0, shape: 'gauge' }] : [];
    }
    case 'histogram':
      return [
        ...pointComponents({ labels, matchers, label: BUCKET_LABEL, name: family + SUFFIX.bucket }, [
          ...points,
          Number.POSITIVE_INFINITY,
        ]).map(({ index, own }): Component => ({ labels: own, column: index, shape: 'counter' })),
        ...plainComponents({ labels, matchers, label: BUCKET_LABEL, family }, [
          [SUFFIX.count, points.length],
          [SUFFIX.sum, points.length + 1],
        ]),
      ];
    case 'summary':
      return [
        ...pointComponents({ labels, matchers, label: QUANTILE_LABEL, name: family }, points).map(
          ({ index, own }): Component => ({ labels: own, column: index + 2, shape: 'value' }),
        ),
        ...plainComponents({ labels, matchers, label: QUANTILE_LABEL, family }, [
          [SUFFIX.count, 0],
          [SUFFIX.sum, 1],
        ]),
      ];
  }
}

interface Expansion {
  readonly labels: Labels;
  readonly matchers: readonly Matcher[];
  /** `le` or `quantile`. */
  readonly label: string;
}

function pointComponents(
  { labels, matchers, label, name }: Expansion & { readonly name: string },
  points: readonly number[],
): { index: number; own: Labels }[] {
  const onName = matchers.filter((matcher) => matcher.name === METRIC_NAME);
  if (!onName.every((matcher) => matcher.matches(name))) return [];
  const onPoint = matchers.filter((matcher) => matcher.name === label);
  return points.flatMap((point, index) => {
    const value = formatOpenMetrics(point);
    if (!onPoint.every((matcher) => matchesPoint(matcher, point))) return [];
    return [
      {
        index,
        own: withLabels(
          labels,
          new Map([
            [METRIC_NAME, name],
            [label, value],
          ]),
        ),
      },
    ];
  });
}

/** `le="1"` means `le="1.0"` too: rules written before Prometheus 3 go on working. */
export function matchesPoint(matcher: Matcher, point: number): boolean {
  const written = matcher.matches(formatOpenMetrics(point));
  const plain = matcher.matches(formatGeneral(point));
  return matcher.operator === '=' || matcher.operator === '=~' ? written || plain : written && plain;
}

function plainComponents(
  { labels, matchers, label, family }: Expansion & { readonly family: string },
  columns: readonly (readonly [suffix: string, column: number])[],
): readonly Component[] {
  return columns.flatMap(([suffix, column]) => {
    const name = family + suffix;
    const isMatch = matchers.every((matcher) =>
      matcher.name === METRIC_NAME ? matcher.matches(name) : matcher.name !== label || matcher.matches(''),
    );
    return isMatch ? [{ labels: rename(labels, name), column, shape: 'counter' as const }] : [];
  });
}

function rename(labels: Labels, name: string): Labels {
  return withLabels(labels, new Map([[METRIC_NAME, name]]));
}
