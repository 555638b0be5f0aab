/**
 * OTLP metrics as Prometheus series, by the OpenTelemetry specification "Prometheus and OpenMetrics
 * Compatibility" and as the Collector's remote-write exporter does it. A bad point is refused with a
 * reason and costs nothing else.
 */
import { METRIC_METADATA } from '@sluice/core/names';
import {
  type KeyValue,
  type Metric,
  type MetricData,
  NO_RECORDED_VALUE,
  type PointBase,
  type Resource,
  type ResourceMetrics,
  type ScopeMetrics,
  TEMPORALITY,
} from '@sluice/otlp/model';
import { fromPairs, labelsKey, METRIC_NAME } from '@sluice/promql/model/labels';
import type { MetricsSettings } from '../metrics-settings.ts';
import type { MetricPoint, PointFamily, SeriesIdentity } from '../model/metric-point.ts';
import type { Exemplar, SeriesKind } from '../model/snapshot.ts';
import { toLabelValue } from './attribute-text.ts';
import { toExemplars } from './exemplars.ts';
import { addAttributes } from './label-set.ts';
import { toMetricName } from './metric-name.ts';
import { nanosToMs } from './nanos.ts';
import {
  toExponentialValues,
  toGaugeValue,
  toHistogramValues,
  toSummaryValues,
  toSumValue,
} from './point-values.ts';
import { createRejections, PointFault, type Rejection, type Rejections } from './rejections.ts';
import {
  attempt,
  JOB_LABEL,
  type ScopeContext,
  sentText,
  targetInfoLabels,
  toResourceContext,
  toScopeContext,
} from './resource-context.ts';
import {
  createSeriesCache,
  isSameAttributes,
  type KnownMetric,
  type KnownResource,
  type KnownScope,
  type SeriesCache,
} from './series-cache.ts';

export interface TranslateOptions {
  /** When the request arrived, Unix milliseconds. */
  readonly receivedAtMs: number;
  /** Kept by the caller over many requests, it saves most of the work. */
  readonly cache?: SeriesCache;
}

export interface Translation {
  readonly points: readonly MetricPoint[];
  readonly rejected: readonly Rejection[];
  readonly warnings: readonly string[];
}

const TARGET_INFO: PointFamily = {
  name: 'target_info',
  sourceName: 'target_info',
  kind: 'gauge',
  unit: '',
  help: 'Attributes of the resource that sends metrics.',
};

const NO_EXEMPLARS: readonly Exemplar[] = [];
/** Points of one metric that are remembered by their place. */
const MAX_PLACES = 4096;

interface Job {
  readonly settings: MetricsSettings;
  readonly receivedAtMs: number;
  readonly cache: SeriesCache;
  readonly points: MetricPoint[];
  readonly rejections: Rejections;
  lateStarts: number;
}

export function translateMetrics(
  resources: readonly ResourceMetrics[],
  settings: MetricsSettings,
  { receivedAtMs, cache = createSeriesCache() }: TranslateOptions,
): Translation {
  const points: MetricPoint[] = [];
  const rejections = createRejections();
  const job = { settings, receivedAtMs, cache, points, rejections, lateStarts: 0 };
  for (const resource of resources) translateResource(resource, job);
  const warnings: string[] = [];
  if (job.lateStarts > 0) warnings.push(`${job.lateStarts} points start after their own time`);
  return { points, rejected: rejections.list(), warnings };
}

function translateResource({ resource, scopes }: ResourceMetrics, job: Job): void {
  const { settings, points } = job;
  const known = attempt(() => knownResource(resource, job));
  if (known instanceof PointFault) {
    refuseAll(scopes, known, job);
    return;
  }
  const firstOwn = points.length;
  for (const own of scopes) {
    const scope = attempt(() => knownScope(own, known, job));
    if (scope instanceof PointFault) refuseAll([own], scope, job);
    else for (const metric of own.metrics) translateMetric(metric, scope, job);
  }
  if (settings.targetInfo) addTargetInfo(resource, known, { firstOwn, job });
}

/** @throws PointFault */
function knownResource(resource: Resource, { settings, cache }: Job): KnownResource {
  const text = sentText(resource.attributes);
  let known = cache.resources.get(text);
  if (known === undefined) {
    known = { context: toResourceContext(resource, settings), scopes: new Map(), targets: new Map() };
    cache.resources.set(text, known);
    cache.grown();
  }
  return known;
}

/** @throws PointFault */
function knownScope({ scope, schemaUrl }: ScopeMetrics, resource: KnownResource, job: Job): KnownScope {
  const { name, version, attributes } = scope;
  const text = `${name.length} ${name}${version.length} ${version}${schemaUrl.length} ${schemaUrl}${sentText(attributes)}`;
  let known = resource.scopes.get(text);
  if (known === undefined) {
    const context = toScopeContext(resource.context, { scope, schemaUrl }, job.settings);
    known = { context, metrics: new Map() };
    resource.scopes.set(text, known);
    job.cache.grown();
  }
  return known;
}

function refuseAll(
  scopes: readonly { readonly metrics: readonly Metric[] }[],
  fault: PointFault,
  { rejections }: Job,
): void {
  for (const { metrics } of scopes)
    for (const { data } of metrics)
      if (data.points.length > 0) rejections.add(fault.reason, fault.message, data.points.length);
}

/** One `target_info` for each identity that the resource's other series have, at their newest time. */
function addTargetInfo(
  resource: Resource,
  known: KnownResource,
  { firstOwn, job }: { readonly firstOwn: number; readonly job: Job },
): void {
  for (const isShared of [false, true]) {
    let timeMs = 0;
    for (let i = firstOwn; i < job.points.length; i++) {
      const point = job.points[i]!;
      if ((point.mode === 'delta') === isShared) timeMs = Math.max(timeMs, point.timeMs);
    }
    if (timeMs === 0) continue;
    const series = targetInfo(resource, known, { isShared, job });
    if (series === undefined) continue;
    const base = { series, mode: 'state', origin: '', startMs: 0, timeMs, exemplars: [] } as const;
    job.points.push({ ...base, type: 'number', value: 1 });
  }
}

function targetInfo(
  resource: Resource,
  { context, targets }: KnownResource,
  { isShared, job }: { readonly isShared: boolean; readonly job: Job },
): SeriesIdentity | undefined {
  const known = targets.get(isShared);
  if (known !== undefined) return known;
  const labels = attempt(() => targetInfoLabels(resource, context, { settings: job.settings, isShared }));
  if (labels === undefined || labels instanceof PointFault) return undefined;
  const series = toSeries(TARGET_INFO, labels);
  targets.set(isShared, series);
  return series;
}

interface MetricContext {
  readonly job: Job;
  readonly metric: KnownMetric;
  readonly origin: string;
}

function translateMetric(metric: Metric, scope: KnownScope, job: Job): void {
  const { data } = metric;
  if (data.points.length === 0) return;
  const known = attempt(() => knownMetric(metric, scope, job));
  if (known instanceof PointFault) {
    job.rejections.add(known.reason, `metric ${metric.name}: ${known.message}`, data.points.length);
    return;
  }
  const context = { job, metric: known, origin: known.mode === 'cumulative' ? scope.context.origin : '' };
  for (let i = 0; i < data.points.length; i++) {
    try {
      translatePoint(data, i, context);
    } catch (error) {
      if (!(error instanceof PointFault)) throw error;
      job.rejections.add(error.reason, `metric ${metric.name}, point ${i}: ${error.message}`);
    }
  }
}

/** @throws PointFault */
function knownMetric(metric: Metric, { context, metrics }: KnownScope, job: Job): KnownMetric {
  const { data, name, unit, description, metadata } = metric;
  const isMonotonic = data.type === 'sum' && data.isMonotonic;
  const temporality = 'aggregationTemporality' in data ? data.aggregationTemporality : 0;
  const form = `${data.type}${isMonotonic}${temporality}${sentText(metadata)}`;
  const text = `${form} ${name.length} ${name}${unit.length} ${unit}${description}`;
  let known = metrics.get(text);
  if (known === undefined) {
    known = toKnownMetric(metric, context, job);
    metrics.set(text, known);
    job.cache.grown();
  }
  return known;
}

function toKnownMetric(metric: Metric, scope: ScopeContext, { settings, cache }: Job): KnownMetric {
  const { data, name: sourceName, unit, description: help } = metric;
  const isMonotonicSum = data.type === 'sum' && data.isMonotonic;
  const kind = kindOf(data);
  const mode = modeOf(data);
  const verbatim = metric.metadata.some(({ key }) => key === METRIC_METADATA.prometheusSeries);
  const name = verbatim
    ? sourceName
    : toMetricName({ name: sourceName, unit, isMonotonicSum, isGauge: data.type === 'gauge' }, settings);
  const base = mode === 'delta' ? scope.shared : scope.full;
  const family = { name, sourceName, kind, unit, help };
  const known = cache.ofContext(
    `${verbatim ? '\u0003' : ''}${mode === 'delta' ? '\u0004' : ''}${base.key}\u0002${name}\u0002${sourceName}\u0002${kind}\u0002${unit}\u0002${help}`,
  );
  return { family, mode, base, verbatim, known };
}

function kindOf(data: MetricData): SeriesKind {
  switch (data.type) {
    case 'sum':
      return data.isMonotonic ? 'counter' : 'updown';
    case 'histogram':
    case 'exponentialHistogram':
      return 'histogram';
    case 'summary':
      return 'summary';
    default:
      return 'gauge';
  }
}

/** @throws PointFault when a temporality is missing. */
function modeOf(data: MetricData): MetricPoint['mode'] {
  if (data.type === 'summary') return 'cumulative';
  if (!('aggregationTemporality' in data)) return 'state';
  if (data.aggregationTemporality === TEMPORALITY.delta) return 'delta';
  if (data.aggregationTemporality === TEMPORALITY.cumulative) return 'cumulative';
  throw new PointFault(
    'temporality-unspecified',
    `aggregation temporality is ${data.aggregationTemporality}; it must be delta (1) or cumulative (2)`,
  );
}

function translatePoint(data: MetricData, index: number, context: MetricContext): void {
  const { job, metric, origin } = context;
  const { mode } = metric;
  const point: PointBase = data.points[index]!;
  const timeMs = checkTime(nanosToMs(point.timeUnixNano), job);
  const sentStartMs = nanosToMs(point.startTimeUnixNano);
  const series = seriesAt(index, point.attributes, context);
  const startMs = mode === 'state' ? 0 : sentStartMs;
  if ((point.flags & NO_RECORDED_VALUE) !== 0) {
    job.points.push({ type: 'stale', series, mode, origin, startMs, timeMs, exemplars: NO_EXEMPLARS });
    return;
  }
  // Without it nobody can tell what the delta covers, nor two writers apart (OTLP data model § Temporality).
  if (mode === 'delta' && startMs === 0)
    throw new PointFault('delta-without-start', 'a delta needs the time from which it counts');
  const head = { series, mode, origin, startMs, timeMs };
  const translated = withValue(data, index, { head, maxBuckets: job.settings.maxBuckets });
  if (mode !== 'state' && startMs > timeMs) job.lateStarts += 1;
  job.points.push(translated);
}

type PointHead = Omit<MetricPoint, 'type' | 'exemplars'>;

/** Written out field by field: spreading is what a point would cost most. */
function withValue(
  data: MetricData,
  index: number,
  { head, maxBuckets }: { readonly head: PointHead; readonly maxBuckets: number },
): MetricPoint {
  const { series, mode, origin, startMs, timeMs } = head;
  switch (data.type) {
    case 'gauge':
    case 'sum': {
      const point = data.points[index]!;
      const value =
        data.type === 'gauge' ? toGaugeValue(point.value) : toSumValue(point.value, data.isMonotonic);
      const exemplars = toExemplars(point.exemplars);
      return { type: 'number', series, mode, origin, startMs, timeMs, exemplars, value };
    }
    case 'histogram': {
      const point = data.points[index]!;
      const exemplars = toExemplars(point.exemplars);
      const { bounds, counts, sum } = toHistogramValues(point, maxBuckets);
      return { type: 'histogram', series, mode, origin, startMs, timeMs, exemplars, bounds, counts, sum };
    }
    case 'exponentialHistogram': {
      const point = data.points[index]!;
      const exemplars = toExemplars(point.exemplars);
      return { ...head, type: 'exponential', exemplars, ...toExponentialValues(point, maxBuckets) };
    }
    case 'summary':
      return {
        ...head,
        type: 'summary',
        exemplars: NO_EXEMPLARS,
        ...toSummaryValues(data.points[index]!),
      };
    case 'empty':
      throw new PointFault('no-value', 'the metric has no data');
  }
}

/** @throws PointFault */
function checkTime(timeMs: number, { receivedAtMs, settings }: Job): number {
  if (timeMs === 0) throw new PointFault('point-without-time', 'the point has no time');
  const iso = (ms: number): string => (ms < 8.64e15 ? new Date(ms).toISOString() : `${ms} ms`);
  if (timeMs > receivedAtMs + settings.maxAheadMs) {
    throw new PointFault('time-too-far-ahead', `${iso(timeMs)} arrived at ${iso(receivedAtMs)}`);
  }
  if (timeMs < receivedAtMs - settings.maxBehindMs) {
    throw new PointFault('time-too-far-behind', `${iso(timeMs)} arrived at ${iso(receivedAtMs)}`);
  }
  return timeMs;
}

function seriesAt(index: number, attributes: readonly KeyValue[], context: MetricContext): SeriesIdentity {
  const { byPlace } = context.metric.known;
  const placed = byPlace[index];
  if (placed !== undefined && isSameAttributes(placed.attributes, attributes)) return placed.series;
  const series = seriesOf(attributes, context);
  if (index < MAX_PLACES) byPlace[index] = { attributes, series };
  return series;
}

function seriesOf(attributes: readonly KeyValue[], context: MetricContext): SeriesIdentity {
  let key = '';
  for (let i = 0; i < attributes.length; i++) {
    const { key: name, value } = attributes[i]!;
    key += `${name}\u0000${value.type === 'string' ? value.value : `${value.type}\u0002${toLabelValue(value)}`}\u0001`;
  }
  const { job, metric } = context;
  const { byText } = metric.known;
  const known = byText.get(key);
  if (known !== undefined) return known;
  const { mode, base, family, verbatim } = metric;
  const kept =
    mode === 'delta'
      ? attributes.filter(({ key: name }) => !job.settings.instanceAttributes.includes(name))
      : attributes;
  const labels = new Map(base.labels);
  addAttributes(labels, kept, { utf8Names: job.settings.utf8Names, verbatim });
  const made = toSeries(family, labels);
  const bytes = Buffer.byteLength(made.id);
  if (bytes > job.settings.maxLabelBytes) {
    throw new PointFault(
      'labels-too-large',
      `the labels have ${bytes} bytes; the limit is ${job.settings.maxLabelBytes}`,
    );
  }
  byText.set(key, made);
  job.cache.grown();
  return made;
}

function toSeries(family: PointFamily, labels: ReadonlyMap<string, string>): SeriesIdentity {
  const sorted = fromPairs([[METRIC_NAME, family.name], ...labels]);
  return { labels: sorted, id: labelsKey(sorted), job: labels.get(JOB_LABEL) ?? '', family };
}
