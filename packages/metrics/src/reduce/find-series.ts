/** The series that a point belongs to: known, new, or the overflow series of its family. */
import { fromPairs, labelsKey, METRIC_NAME } from '@sluice/promql/model/labels';
import type { MetricPoint, SeriesIdentity } from '../model/metric-point.ts';
import { emptyNative } from '../model/native-buckets.ts';
import { isPublished } from './generations.ts';
import { countOfSeries, type FamilyState, putSeries, type SeriesData, type SeriesState } from './state.ts';
import type { TickContext } from './tick-context.ts';

export const OVERFLOW_LABEL = 'otel_metric_overflow';

/** The series as the state has it. Looking up by text costs more than all the rest of a point. */
export function knownSeries(identity: SeriesIdentity, { state }: TickContext): SeriesState | undefined {
  const noted = identity.note as SeriesState | undefined;
  if (noted !== undefined && noted.owner === state.token) return noted;
  const known = state.series.get(identity.id);
  identity.note = known;
  return known;
}

/** Undefined: the point is refused, and a warning says why. */
export function findSeries(point: MetricPoint, context: TickContext): SeriesState | undefined {
  const known = knownSeries(point.series, context);
  if (known !== undefined && known.family.kind === point.series.family.kind) return known;
  if (known !== undefined && isPublished(known, context.previousTickMs, context.settings.publishForMs)) {
    context.warnings.add('kind-conflict', known.family.name);
    return undefined;
  }
  if (point.type === 'stale') return undefined;
  const limit = limitOf(point.series, context);
  if (limit === undefined) {
    const made = createSeries(point.series, point, context);
    point.series.note = made;
    return made;
  }
  context.warnings.add(limit, point.series.family.name);
  return point.mode === 'delta' ? findOverflow(point, context) : undefined;
}

function limitOf({ family, job }: SeriesIdentity, { state, settings }: TickContext) {
  if (countOfSeries(state, family.name, job).live >= settings.maxSeriesPerFamily) return 'series-limit';
  return state.series.size >= settings.maxSeriesPerShard ? 'shard-limit' : undefined;
}

/** Deltas add up exactly in one series, whatever their labels were. It stands outside the limits. */
function findOverflow(point: MetricPoint, context: TickContext): SeriesState {
  const { family, job } = point.series;
  const labels = fromPairs([
    [METRIC_NAME, family.name],
    ['job', job],
    [OVERFLOW_LABEL, 'true'],
  ]);
  const id = labelsKey(labels);
  return context.state.series.get(id) ?? createSeries({ labels, id, job, family }, point, context);
}

function createSeries(identity: SeriesIdentity, point: MetricPoint, context: TickContext): SeriesState {
  const { state, tickMs, settings } = context;
  const series = putSeries(state, {
    id: identity.id,
    labels: identity.labels,
    job: identity.job,
    family: findFamily(identity, context),
    startMs: tickMs - settings.tickMs,
    resumedTickMs: tickMs,
    changedTickMs: tickMs,
    eventMs: 0,
    isEnded: false,
    exemplars: [],
    data: toEmptyData(point),
    place: undefined,
  });
  series.count.live += 1;
  return series;
}

/** The family, with what the newest block tells of it. */
export function findFamily({ family }: SeriesIdentity, { state }: TickContext): FamilyState {
  const { name, kind, unit, help } = family;
  const known = state.families.get(name);
  if (known === undefined || known.kind !== kind) {
    const made = { name, kind, unit, help, horizonMs: known?.horizonMs ?? 0, isNew: true };
    state.families.set(name, made);
    return made;
  }
  if ((help !== '' && help !== known.help) || unit !== known.unit) {
    if (help !== '') known.help = help;
    known.unit = unit;
    known.isNew = true;
  }
  return known;
}

function toEmptyData(point: MetricPoint): SeriesData {
  const spread = { min: 0, max: 0, sum: 0, count: 0 };
  switch (point.type) {
    case 'histogram': {
      const buckets = new Array<number>(point.bounds.length + 1).fill(0);
      return { type: 'histogram', bounds: point.bounds, buckets, sum: 0, opening: undefined, sources: [] };
    }
    case 'exponential': {
      const native = emptyNative(point.native.scale);
      return { type: 'exponential', native, sum: 0, opening: undefined, sources: [] };
    }
    case 'summary':
      return {
        type: 'summary',
        quantiles: [],
        quantilesMs: 0,
        count: 0,
        sum: 0,
        opening: undefined,
        sources: [],
      };
    default:
      if (point.series.family.kind === 'counter')
        return { type: 'counter', level: 0, opening: 0, sources: [] };
      return point.series.family.kind === 'updown'
        ? { type: 'updown', level: 0, sources: [], last: 0, spread }
        : { type: 'gauge', last: 0, lastMs: 0, spread };
  }
}
