/**
 * Keeps of a block the exemplars that its reducer could keep: the newest so many of a tick. Their ids do not compress
 * and would be most of a block of span counts, where every message brings some for every series.
 */
import type { MetricPoint } from '../model/metric-point.ts';
import type { Exemplar } from '../model/snapshot.ts';
import type { Section } from './block.ts';

const NONE: readonly Exemplar[] = [];

/** The sections themselves when they have no more than `max`. */
export function keepNewestExemplars(sections: readonly Section[], max: number): readonly Section[] {
  const times: number[] = [];
  for (const { points } of sections) {
    for (const { exemplars } of points) for (const { timeMs } of exemplars) times.push(timeMs);
  }
  if (times.length <= max) return sections;
  times.sort((a, b) => b - a);
  const oldestMs = times[max - 1] ?? Number.POSITIVE_INFINITY;
  // Of several at the same time the first ones are kept.
  let atOldest = max - times.indexOf(oldestMs);
  const isKept = ({ timeMs }: Exemplar): boolean => {
    if (timeMs !== oldestMs) return timeMs > oldestMs;
    atOldest -= 1;
    return atOldest >= 0;
  };
  const keep = (point: MetricPoint): MetricPoint => {
    if (point.exemplars.length === 0) return point;
    const exemplars = point.exemplars.filter(isKept);
    return exemplars.length === point.exemplars.length
      ? point
      : { ...point, exemplars: exemplars.length === 0 ? NONE : exemplars };
  };
  return sections.map((section) => ({ ...section, points: section.points.map(keep) }));
}
