/** Decodes the points of gauges, sums and summaries, and the exemplars of every kind of point. */
import { decodeKeyValue } from './decode-attributes.ts';
import type { Exemplar, KeyValue, NumberPoint, NumberValue, SummaryPoint } from './model.ts';
import type { ProtoReader } from './proto-reader.ts';

const NUMBER_POINT_FIELDS = 0b1_1111_1100;
const SUMMARY_POINT_FIELDS = 0b1_1111_1100;
const QUANTILE_FIELDS = 0b110;
const EXEMPLAR_FIELDS = 0b1111_1100;

const NO_VALUE: NumberValue = { type: 'empty' };

/** Reads the NumberDataPoint that comes next. */
export function decodeNumberPoint(reader: ProtoReader): NumberPoint {
  const outer = reader.enter();
  const attributes: KeyValue[] = [];
  const exemplars: Exemplar[] = [];
  let startTimeUnixNano = 0n;
  let timeUnixNano = 0n;
  let flags = 0;
  let value = NO_VALUE;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case (2 << 3) | 1:
        startTimeUnixNano = reader.fixed64();
        break;
      case (3 << 3) | 1:
        timeUnixNano = reader.fixed64();
        break;
      case (4 << 3) | 1:
        value = { type: 'double', value: reader.double() };
        break;
      case (5 << 3) | 2:
        exemplars.push(decodeExemplar(reader));
        break;
      case (6 << 3) | 1:
        value = { type: 'int', value: reader.sfixed64() };
        break;
      case (7 << 3) | 2:
        attributes.push(decodeKeyValue(reader));
        break;
      case 8 << 3:
        flags = reader.uint32();
        break;
      default:
        reader.skip(tag, NUMBER_POINT_FIELDS);
    }
  }
  reader.leave(outer);
  return { attributes, startTimeUnixNano, timeUnixNano, flags, value, exemplars };
}

/** Reads the SummaryDataPoint that comes next. */
export function decodeSummaryPoint(reader: ProtoReader): SummaryPoint {
  const outer = reader.enter();
  const attributes: KeyValue[] = [];
  const quantiles: { quantile: number; value: number }[] = [];
  const point = {
    attributes,
    startTimeUnixNano: 0n,
    timeUnixNano: 0n,
    flags: 0,
    count: 0n,
    sum: 0,
    quantiles,
  };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case (2 << 3) | 1:
        point.startTimeUnixNano = reader.fixed64();
        break;
      case (3 << 3) | 1:
        point.timeUnixNano = reader.fixed64();
        break;
      case (4 << 3) | 1:
        point.count = reader.fixed64();
        break;
      case (5 << 3) | 1:
        point.sum = reader.double();
        break;
      case (6 << 3) | 2:
        quantiles.push(decodeQuantile(reader));
        break;
      case (7 << 3) | 2:
        attributes.push(decodeKeyValue(reader));
        break;
      case 8 << 3:
        point.flags = reader.uint32();
        break;
      default:
        reader.skip(tag, SUMMARY_POINT_FIELDS);
    }
  }
  reader.leave(outer);
  return point;
}

function decodeQuantile(reader: ProtoReader): { quantile: number; value: number } {
  const outer = reader.enter();
  const entry = { quantile: 0, value: 0 };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === ((1 << 3) | 1)) entry.quantile = reader.double();
    else if (tag === ((2 << 3) | 1)) entry.value = reader.double();
    else reader.skip(tag, QUANTILE_FIELDS);
  }
  reader.leave(outer);
  return entry;
}

/** Reads the Exemplar that comes next. */
export function decodeExemplar(reader: ProtoReader): Exemplar {
  const outer = reader.enter();
  const filteredAttributes: KeyValue[] = [];
  const exemplar = { filteredAttributes, timeUnixNano: 0n, value: NO_VALUE, spanId: '', traceId: '' };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case (2 << 3) | 1:
        exemplar.timeUnixNano = reader.fixed64();
        break;
      case (3 << 3) | 1:
        exemplar.value = { type: 'double', value: reader.double() };
        break;
      case (4 << 3) | 2:
        exemplar.spanId = reader.hex();
        break;
      case (5 << 3) | 2:
        exemplar.traceId = reader.hex();
        break;
      case (6 << 3) | 1:
        exemplar.value = { type: 'int', value: reader.sfixed64() };
        break;
      case (7 << 3) | 2:
        filteredAttributes.push(decodeKeyValue(reader));
        break;
      default:
        reader.skip(tag, EXEMPLAR_FIELDS);
    }
  }
  reader.leave(outer);
  return exemplar;
}
