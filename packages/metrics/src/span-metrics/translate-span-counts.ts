/**
 * Counts of spans as points of series, as if they had come as OTLP: each series is made by the translation
 * of OTLP once, and found by service, name, kind and status from then on.
 */
import { SPAN_METRIC } from '@sluice/core/names';
import { type KeyValue, type Metric, type ResourceMetrics, TEMPORALITY } from '@sluice/otlp/model';
import type { MetricsSettings } from '../metrics-settings.ts';
import type { MetricPoint, SeriesIdentity } from '../model/metric-point.ts';
import type { Exemplar } from '../model/snapshot.ts';
import { createRejections, type Rejections } from '../translate/rejections.ts';
import type { SeriesCache } from '../translate/series-cache.ts';
import { type Translation, translateMetrics } from '../translate/translate-metrics.ts';
import {
  KIND_LABELS,
  LATENCY_BOUNDS,
  type ServiceCounts,
  type SpanGroup,
  STATUS_LABELS,
  type TextAttribute,
} from './count-spans.ts';

export interface SpanSeriesCache {
  /** By the attributes of the service. */
  readonly services: Map<string, KnownService>;
  /** To be told of each service and group that was made. */
  grown(): void;
}

interface KnownService {
  readonly groups: Map<string, (GroupSeries | undefined)[]>;
  /** `target_info`, once a group was translated. */
  target: SeriesIdentity | undefined;
}

interface GroupSeries {
  readonly calls: SeriesIdentity;
  readonly latency: SeriesIdentity;
}

export interface SpanCountsOptions {
  readonly receivedAtMs: number;
  readonly series: SeriesCache;
  readonly spanSeries: SpanSeriesCache;
}

const NO_EXEMPLARS: readonly Exemplar[] = [];
const POINTS_PER_GROUP = 2;
const NS_PER_MS = 1_000_000n;
const UNKNOWN_SERVICE = 'unknown_service';
const HELP = {
  calls: 'Spans by service, name, kind and status.',
  latency: 'Duration of spans in seconds.',
} as const;

export function createSpanSeriesCache(maxSize = 100_000): SpanSeriesCache {
  const services = new Map<string, KnownService>();
  let size = 0;
  return {
    services,
    grown() {
      size += 1;
      if (size <= maxSize) return;
      services.clear();
      size = 0;
    },
  };
}

export function translateSpanCounts(
  services: readonly ServiceCounts[],
  settings: MetricsSettings,
  options: SpanCountsOptions,
): Translation {
  const points: MetricPoint[] = [];
  const rejections = createRejections();
  for (const { attributes, groups } of services) {
    const known = knownService(attributes, options.spanSeries);
    let newestMs = 0;
    for (const group of groups) {
      const series = knownGroup(known, { attributes, group }, { ...options, settings, rejections });
      if (series === undefined) continue;
      points.push(...toPoints(group, series));
      if (group.timeMs > newestMs) newestMs = group.timeMs;
    }
    if (known.target === undefined || newestMs === 0) continue;
    const base = { series: known.target, mode: 'state', origin: '', startMs: 0 } as const;
    points.push({ ...base, type: 'number', timeMs: newestMs, exemplars: NO_EXEMPLARS, value: 1 });
  }
  return { points, rejected: rejections.list(), warnings: [] };
}

function knownService(
  attributes: readonly TextAttribute[],
  { services, grown }: SpanSeriesCache,
): KnownService {
  const key = attributes.map(({ key: own, text }) => `${own}\u0000${text}`).join('\u0001');
  const known = services.get(key);
  if (known !== undefined) return known;
  const made: KnownService = { groups: new Map(), target: undefined };
  grown();
  services.set(key, made);
  return made;
}

interface GroupDeps extends SpanCountsOptions {
  readonly settings: MetricsSettings;
  readonly rejections: Rejections;
}

/** Undefined: no series can be made of it, and why is among the rejections. */
function knownGroup(
  service: KnownService,
  { attributes, group }: { readonly attributes: readonly TextAttribute[]; readonly group: SpanGroup },
  { settings, receivedAtMs, series: cache, spanSeries, rejections }: GroupDeps,
): GroupSeries | undefined {
  const { spanName, kind, status } = group;
  const place = kind * STATUS_LABELS.length + status;
  let places = service.groups.get(spanName);
  const known = places?.[place];
  if (known !== undefined) return known;
  const { points, rejected } = translateMetrics([toOtlp(attributes, group, receivedAtMs)], settings, {
    receivedAtMs,
    cache,
  });
  const [calls, latency, target] = points;
  const [refusal] = rejected;
  if (refusal !== undefined || calls === undefined || latency === undefined) {
    // Calls without latency, or the other way round, would make wrong averages.
    if (refusal !== undefined) rejections.add(refusal.reason, refusal.example, POINTS_PER_GROUP);
    return undefined;
  }
  service.target ??= target?.series;
  const made = { calls: calls.series, latency: latency.series };
  places ??= new Array(KIND_LABELS.length * STATUS_LABELS.length);
  places[place] = made;
  service.groups.set(spanName, places);
  spanSeries.grown();
  return made;
}

function toPoints(
  { count, sumNanos, buckets, timeMs, exemplar }: SpanGroup,
  { calls, latency }: GroupSeries,
): readonly [MetricPoint, MetricPoint] {
  const exemplars: readonly Exemplar[] =
    exemplar === undefined
      ? NO_EXEMPLARS
      : [
          {
            labels: [
              { name: 'span_id', value: exemplar.spanId },
              { name: 'trace_id', value: exemplar.traceId },
            ],
            value: exemplar.nanos / 1e9,
            timeMs,
          },
        ];
  return [
    {
      type: 'number',
      series: calls,
      mode: 'delta',
      origin: '',
      startMs: timeMs,
      timeMs,
      exemplars: NO_EXEMPLARS,
      value: count,
    },
    {
      type: 'histogram',
      series: latency,
      mode: 'delta',
      origin: '',
      startMs: timeMs,
      timeMs,
      exemplars,
      bounds: LATENCY_BOUNDS,
      counts: buckets,
      sum: sumNanos / 1e9,
    },
  ];
}

/** One group in OTLP, for the translation to make its series. */
function toOtlp(
  attributes: readonly TextAttribute[],
  { spanName, kind, status }: SpanGroup,
  receivedAtMs: number,
): ResourceMetrics {
  const service = attributes.findLast(({ key }) => key === 'service.name')?.text ?? '';
  const time = BigInt(receivedAtMs) * NS_PER_MS;
  const base = {
    attributes: [
      toKeyValue('service', service === '' ? UNKNOWN_SERVICE : service),
      toKeyValue('span_name', spanName),
      toKeyValue('span_kind', KIND_LABELS[kind]!),
      toKeyValue('status_code', STATUS_LABELS[status]!),
    ],
    startTimeUnixNano: time - 1n,
    timeUnixNano: time,
    flags: 0,
    exemplars: [],
  };
  const calls: Metric = {
    name: SPAN_METRIC.calls,
    description: HELP.calls,
    unit: '',
    metadata: [],
    data: {
      type: 'sum',
      aggregationTemporality: TEMPORALITY.delta,
      isMonotonic: true,
      points: [{ ...base, value: { type: 'int', value: 1n } }],
    },
  };
  const latency: Metric = {
    name: SPAN_METRIC.latency,
    description: HELP.latency,
    unit: '',
    metadata: [],
    data: {
      type: 'histogram',
      aggregationTemporality: TEMPORALITY.delta,
      points: [{ ...base, count: 1n, sum: 0, bucketCounts: [1n], explicitBounds: [] }],
    },
  };
  const scope = { name: '', version: '', attributes: [], droppedAttributesCount: 0 };
  return {
    resource: {
      attributes: attributes.map(({ key, text }) => toKeyValue(key, text)),
      droppedAttributesCount: 0,
      entityRefs: [],
    },
    schemaUrl: '',
    scopes: [{ scope, schemaUrl: '', metrics: [calls, latency] }],
  };
}

function toKeyValue(key: string, value: string): KeyValue {
  return { key, value: { type: 'string', value } };
}
