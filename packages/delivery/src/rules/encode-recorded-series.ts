/** Recorded samples as an OTLP request of gauges whose names and labels are those of the series. */
import { METRIC_METADATA } from '@sluice/core/names';
import { ProtoWriter } from '@sluice/otlp/proto-writer';
import { writeTextAttribute } from '@sluice/otlp/write-text-attribute';
import { type Labels, labelValue, METRIC_NAME } from '@sluice/promql/model/labels';

export interface RecordedPoint {
  readonly labels: Labels;
  /** Undefined: the series ends. */
  readonly value: number | undefined;
}

/** Field numbers of the OTLP metrics messages (opentelemetry/proto/metrics/v1). */
const FIELD = { resourceMetrics: 1, scopeMetrics: 2, metric: 2, name: 1, gauge: 5, metadata: 12 } as const;
const POINT = { timeUnixNano: 3, asDouble: 4, attributes: 7, flags: 8 } as const;
/** DataPointFlags.NO_RECORDED_VALUE. */
const NO_RECORDED_VALUE = 1;
const NS_PER_MS = 1_000_000n;

/** ExportMetricsServiceRequest in protobuf; equal points give equal bytes. */
export function encodeRecordedSeries(points: readonly RecordedPoint[], timeMs: number): Uint8Array {
  const byName = new Map<string, RecordedPoint[]>();
  for (const point of points) {
    const name = labelValue(point.labels, METRIC_NAME);
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [point]);
    else known.push(point);
  }
  const writer = new ProtoWriter(16_384);
  const resource = writer.begin(FIELD.resourceMetrics);
  const scope = writer.begin(FIELD.scopeMetrics);
  for (const [name, own] of byName) {
    const metric = writer.begin(FIELD.metric);
    writer.string(FIELD.name, name);
    const gauge = writer.begin(FIELD.gauge);
    for (const point of own) writePoint(writer, point, timeMs);
    writer.end(gauge);
    writeTextAttribute(writer, FIELD.metadata, { key: METRIC_METADATA.prometheusSeries, text: '1' });
    writer.end(metric);
  }
  writer.end(scope);
  writer.end(resource);
  return writer.finish();
}

function writePoint(writer: ProtoWriter, { labels, value }: RecordedPoint, timeMs: number): void {
  const point = writer.begin(1);
  writer.fixed64(POINT.timeUnixNano, BigInt(timeMs) * NS_PER_MS);
  if (value !== undefined) writer.double(POINT.asDouble, value);
  for (const { name, value: text } of labels)
    if (name !== METRIC_NAME) writeTextAttribute(writer, POINT.attributes, { key: name, text });
  if (value === undefined) writer.uint(POINT.flags, NO_RECORDED_VALUE);
  writer.end(point);
}
