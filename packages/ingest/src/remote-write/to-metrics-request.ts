/**
 * Pushed Prometheus series as an OTLP request, so that they go the way of all metrics: counters as
 * cumulative sums, everything else as gauges, names and labels kept as they are. The same series give the
 * same bytes, so that a resend is recognised by its content.
 */
import { METRIC_METADATA } from '@sluice/core/names';
import { ProtoWriter } from '@sluice/otlp/proto-writer';
import { writeTextAttribute } from '@sluice/otlp/write-text-attribute';
import type { PushedMetadata, PushedSeries } from './decode-write-request.ts';

export interface PushedRequest {
  /** ExportMetricsServiceRequest in protobuf. */
  readonly bytes: Uint8Array;
  readonly points: number;
}

const COUNTER = 1;
const GAUGE = 2;
const CUMULATIVE = 2;
/** OTLP: DataPointFlags.NO_RECORDED_VALUE. */
const NO_RECORDED_VALUE = 1;
const NS_PER_MS = 1_000_000n;

export interface RequestContext {
  /** What is known of a family from elsewhere. */
  readonly describe: (family: string) => PushedMetadata | undefined;
  /** When the counters began; 0 when that is not known. */
  readonly startMs?: number;
}

export function toMetricsRequest(
  series: readonly PushedSeries[],
  { describe, startMs = 0 }: RequestContext,
): PushedRequest {
  const metrics = new Map<string, PushedSeries[]>();
  for (const one of series) {
    const known = metrics.get(one.name);
    if (known === undefined) metrics.set(one.name, [one]);
    else known.push(one);
  }
  const writer = new ProtoWriter(16_384);
  const resourceMetrics = writer.begin(1);
  const scopeMetrics = writer.begin(2);
  let points = 0;
  for (const [name, own] of metrics) {
    const metadata = own.find(({ metadata: said }) => said !== undefined)?.metadata ?? describe(name);
    points += writeMetric(writer, own, {
      name,
      help: metadata?.help ?? '',
      isCounter: isCounter(name, metadata),
      startMs,
    });
  }
  writer.end(scopeMetrics);
  writer.end(resourceMetrics);
  return { bytes: writer.finish(), points };
}

/**
 * What metadata says; without it, what the suffix says. The parts of histograms and summaries only rise,
 * but their `_sum` may fall where observations are negative, so that it needs to be told.
 */
function isCounter(name: string, metadata: PushedMetadata | undefined): boolean {
  if (metadata !== undefined && metadata.type !== 0) {
    if (metadata.type === COUNTER) return true;
    if (metadata.type === GAUGE) return false;
  }
  return /_(total|count|bucket)$/.test(name);
}

interface MetricShape {
  readonly name: string;
  readonly help: string;
  readonly isCounter: boolean;
  readonly startMs: number;
}

function writeMetric(writer: ProtoWriter, series: readonly PushedSeries[], shape: MetricShape): number {
  let points = 0;
  const metric = writer.begin(2);
  writer.string(1, shape.name);
  if (shape.help !== '') writer.string(2, shape.help);
  const data = writer.begin(shape.isCounter ? 7 : 5);
  for (const { labels, samples } of series) {
    for (const { value, isStale, timeMs } of samples) {
      const point = writer.begin(1);
      if (shape.isCounter && shape.startMs > 0) writer.fixed64(2, BigInt(shape.startMs) * NS_PER_MS);
      writer.fixed64(3, BigInt(timeMs) * NS_PER_MS);
      if (!isStale) writer.double(4, value);
      for (const [name, text] of labels) writeTextAttribute(writer, 7, { key: name, text });
      if (isStale) writer.uint(8, NO_RECORDED_VALUE);
      writer.end(point);
      points += 1;
    }
  }
  if (shape.isCounter) {
    writer.uint(2, CUMULATIVE);
    writer.bool(3, true);
  }
  writer.end(data);
  writeTextAttribute(writer, 12, { key: METRIC_METADATA.prometheusSeries, text: '1' });
  writer.end(metric);
  return points;
}
