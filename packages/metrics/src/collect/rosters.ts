/**
 * Rosters: lists of series that a collector has written once as a part, so that its blocks name a series by
 * its place in a list instead of its labels. A series is listed when it comes the second time: what is sent
 * once only is cheaper as it is. Which series lie where is known to one process; the lists themselves are
 * named by their content and outlive every block that refers to them.
 */
import type { SeriesIdentity } from '../model/metric-point.ts';
import type { Section } from './block.ts';

export interface Roster {
  /** The content id of the part. */
  readonly name: string;
  /** How many series it holds. */
  readonly size: number;
  readonly writtenMs: number;
}

export interface RosterPlace {
  readonly roster: Roster;
  readonly index: number;
}

export interface Rosters {
  placeOf(series: SeriesIdentity): RosterPlace | undefined;
  /** Series of these sections that a new roster should hold; to be asked before each block is encoded. */
  gather(sections: readonly Section[], nowMs: number): readonly SeriesIdentity[];
  add(roster: Roster, series: readonly SeriesIdentity[]): void;
}

interface NotedPlace extends RosterPlace {
  readonly owner: object;
}

/** A roster is worth its write if it holds so many series, or a good part of a block's. */
const MIN_SERIES = 16;
const MIN_SHARE = 0.5;
/** Beyond this everything is learned anew. */
const MAX_KNOWN_SERIES = 400_000;

/** `trustMs`: how long after its writing a roster may be referred to. */
export function createRosters(trustMs: number): Rosters {
  /** The place, or the number of the block that the series was last written out in. */
  const known = new Map<SeriesIdentity, NotedPlace | number>();
  /** Places are noted on the series too: looking them up is most of what a point costs here. */
  const owner = {};
  let block = 0;
  const placeOf = (series: SeriesIdentity): RosterPlace | undefined => {
    const note = series.note as NotedPlace | undefined;
    if (note !== undefined && note.owner === owner) return note;
    const place = known.get(series);
    if (typeof place !== 'object') return undefined;
    series.note = place;
    return place;
  };
  return {
    placeOf,
    gather(sections, nowMs) {
      block += 1;
      if (known.size > MAX_KNOWN_SERIES) known.clear();
      const again: SeriesIdentity[] = [];
      let written = 0;
      for (const { points } of sections) {
        for (let i = 0; i < points.length; i++) {
          const { series } = points[i]!;
          const place = placeOf(series);
          if (place !== undefined && nowMs - place.roster.writtenMs <= trustMs) continue;
          if (place !== undefined) series.note = undefined;
          const mark = place ?? known.get(series);
          if (mark === block) continue;
          if (mark !== undefined) again.push(series);
          known.set(series, block);
          written += 1;
        }
      }
      return again.length >= MIN_SERIES || (again.length > 0 && again.length >= written * MIN_SHARE)
        ? again
        : [];
    },
    add(roster, series) {
      for (let index = 0; index < series.length; index++) known.set(series[index]!, { roster, index, owner });
    },
  };
}
