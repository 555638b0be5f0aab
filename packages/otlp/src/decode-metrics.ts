/** Decodes an export request of metrics into typed values. */
import { decodeKeyValue } from './decode-attributes.ts';
import { decodeEnvelopes, type ItemDecoder } from './decode-envelopes.ts';
import { decodeExponentialPoint, decodeHistogramPoint } from './decode-histogram-points.ts';
import { decodeNumberPoint, decodeSummaryPoint } from './decode-number-points.ts';
import type { KeyValue, Metric, MetricData, ResourceMetrics, ScopeMetrics } from './model.ts';
import type { ProtoReader } from './proto-reader.ts';

const METRIC_FIELDS = 0b1_1110_1010_1110;

const METRICS: ItemDecoder<Metric, ScopeMetrics> = {
  decodeItem: decodeMetric,
  toScope: ({ scope, schemaUrl, items }) => ({ scope, schemaUrl, metrics: items }),
};

/** @throws OtlpFormatError on malformed bytes. */
export function decodeMetrics(bytes: Uint8Array): readonly ResourceMetrics[] {
  return decodeEnvelopes(bytes, METRICS);
}

function decodeMetric(reader: ProtoReader): Metric {
  const outer = reader.enter();
  const metadata: KeyValue[] = [];
  let data: MetricData = { type: 'empty', points: [] };
  const metric = { name: '', description: '', unit: '', metadata };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case (1 << 3) | 2:
        metric.name = reader.string();
        break;
      case (2 << 3) | 2:
        metric.description = reader.string();
        break;
      case (3 << 3) | 2:
        metric.unit = reader.string();
        break;
      case (5 << 3) | 2:
        data = decodeData(reader, data.type === 'gauge' ? data : { type: 'gauge', points: [] });
        break;
      case (7 << 3) | 2:
        data = decodeData(
          reader,
          data.type === 'sum'
            ? data
            : { type: 'sum', points: [], aggregationTemporality: 0, isMonotonic: false },
        );
        break;
      case (9 << 3) | 2:
        data = decodeData(
          reader,
          data.type === 'histogram' ? data : { type: 'histogram', points: [], aggregationTemporality: 0 },
        );
        break;
      case (10 << 3) | 2:
        data = decodeData(
          reader,
          data.type === 'exponentialHistogram'
            ? data
            : { type: 'exponentialHistogram', points: [], aggregationTemporality: 0 },
        );
        break;
      case (11 << 3) | 2:
        data = decodeData(reader, data.type === 'summary' ? data : { type: 'summary', points: [] });
        break;
      case (12 << 3) | 2:
        metadata.push(decodeKeyValue(reader));
        break;
      default:
        reader.skip(tag, METRIC_FIELDS);
    }
  }
  reader.leave(outer);
  return { ...metric, data };
}

type PointData = Exclude<MetricData, { type: 'empty' }>;

/** Field numbers of each kind of data, as bits. */
const DATA_FIELDS: Readonly<Record<PointData['type'], number>> = {
  gauge: 0b10,
  sum: 0b1110,
  histogram: 0b110,
  exponentialHistogram: 0b110,
  summary: 0b10,
};

const POINT_DECODERS = {
  gauge: decodeNumberPoint,
  sum: decodeNumberPoint,
  histogram: decodeHistogramPoint,
  exponentialHistogram: decodeExponentialPoint,
  summary: decodeSummaryPoint,
} as const;

/** Reads the data message that comes next, adding to the points of an earlier one of the same kind. */
function decodeData(reader: ProtoReader, earlier: PointData): MetricData {
  const outer = reader.enter();
  const { type } = earlier;
  const known = DATA_FIELDS[type];
  const decodePoint = POINT_DECODERS[type];
  const points = earlier.points as unknown[];
  let temporality = 'aggregationTemporality' in earlier ? earlier.aggregationTemporality : 0;
  let isMonotonic = 'isMonotonic' in earlier && earlier.isMonotonic;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === ((1 << 3) | 2)) points.push(decodePoint(reader));
    else if (tag === 2 << 3 && (known & 0b100) !== 0) temporality = reader.int32();
    else if (tag === 3 << 3 && (known & 0b1000) !== 0) isMonotonic = reader.bool();
    else reader.skip(tag, known);
  }
  reader.leave(outer);
  const data = { type, points } as PointData;
  if (data.type === 'gauge' || data.type === 'summary') return data;
  if (data.type === 'sum') return { ...data, aggregationTemporality: temporality, isMonotonic };
  return { ...data, aggregationTemporality: temporality };
}
