/**
 * Walks one metric: its form, its name and temporality, and its points, each of which is taken or
 * rejected on its own. The data field is a oneof: as in any protobuf decoder a later kind replaces an
 * earlier one with all its points, and the same kind again adds to it.
 */
import { type CheckPoint, checkExponentialPoint, checkHistogramPoint } from './check-histogram-points.ts';
import { checkNumberPoint, checkSummaryPoint, type PointNotes } from './check-number-points.ts';
import { checkKeyValue } from './check-values.ts';
import type { Fault, Findings } from './findings.ts';
import {
  checkText,
  cursor,
  enter,
  readTag,
  readVarint,
  skipUnknown,
  skipVarint,
  varintLow,
} from './wire-check.ts';

const METRIC_FIELDS = 0b1_1110_1010_1110;

interface DataKind {
  readonly jsonName: string;
  readonly checkPoint: CheckPoint;
  readonly hasTemporality: boolean;
  /** One bit for each field number. */
  readonly known: number;
}

const DATA_KINDS: Readonly<Record<number, DataKind>> = {
  5: { jsonName: 'gauge', checkPoint: checkNumberPoint, hasTemporality: false, known: 0b10 },
  7: { jsonName: 'sum', checkPoint: checkNumberPoint, hasTemporality: true, known: 0b1110 },
  9: { jsonName: 'histogram', checkPoint: checkHistogramPoint, hasTemporality: true, known: 0b110 },
  10: {
    jsonName: 'exponentialHistogram',
    checkPoint: checkExponentialPoint,
    hasTemporality: true,
    known: 0b110,
  },
  11: { jsonName: 'summary', checkPoint: checkSummaryPoint, hasTemporality: false, known: 0b10 },
};

interface PointFault {
  readonly fault: Fault;
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

/** What is known of the metric's data so far. */
interface Data extends PointNotes {
  kind: DataKind | undefined;
  points: number;
  faults: PointFault[];
  temporality: number;
}

/** Counts, warns or rejects the points of the metric between `from` and `end`; its field starts at `start`. */
export function checkMetric(findings: Findings, start: number, from: number, end: number): void {
  const { bytes } = findings;
  let nameBytes = 0;
  let data = noData(undefined);
  let at = from;
  while (at < end) {
    const tag = readTag(bytes, at, end);
    at = cursor;
    switch (tag) {
      case (1 << 3) | 2: // name
      case (2 << 3) | 2: // description
      case (3 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkText(bytes, cursor, stop);
        if (tag === ((1 << 3) | 2)) nameBytes = stop - cursor;
        at = stop;
        break;
      }
      case (5 << 3) | 2:
      case (7 << 3) | 2:
      case (9 << 3) | 2:
      case (10 << 3) | 2:
      case (11 << 3) | 2: {
        const kind = DATA_KINDS[tag >>> 3]!;
        if (kind !== data.kind) data = noData(kind);
        const stop = enter(bytes, at, end);
        checkData(findings, cursor, stop, data, kind);
        at = stop;
        break;
      }
      case (12 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkKeyValue(bytes, cursor, stop, 0);
        at = stop;
        break;
      }
      default:
        at = skipUnknown(bytes, at, end, tag, METRIC_FIELDS);
        findings.unknownItemFields++;
    }
  }

  const fault = metricFault(nameBytes, data);
  if (fault !== undefined && data.points > 0) {
    findings.reject(fault, data.points);
    findings.cut(start, end);
    return;
  }
  if (data.kind === undefined) findings.warn('has no data: none of gauge, sum, histogram, … is set');
  else if (data.points === 0) findings.warn('has no data points');
  for (const { fault: pointFault, index, start: pointStart, end: pointEnd } of data.faults) {
    findings.reject(pointFault, 1, `.${data.kind?.jsonName}.dataPoints[${index}]`);
    findings.cut(pointStart, pointEnd);
  }
  const accepted = data.points - data.faults.length;
  findings.items += accepted;
  if (accepted > 0) findings.seeTimes(data.earliestMs, data.latestMs);
  warnOfPoints(findings, data);
}

function warnOfPoints(findings: Findings, { lateStarts, withoutValue, miscounted }: PointNotes): void {
  if (lateStarts > 0) findings.warn('has points that start after their own time');
  if (withoutValue > 0) {
    findings.warn('has points without a value: set as_double, as_int or the flag NO_RECORDED_VALUE');
  }
  if (miscounted > 0) findings.warn('has histogram points whose count is not the sum of their buckets');
}

function noData(kind: DataKind | undefined): Data {
  return {
    kind,
    points: 0,
    faults: [],
    temporality: 0,
    earliestMs: Number.POSITIVE_INFINITY,
    latestMs: 0,
    lateStarts: 0,
    withoutValue: 0,
    miscounted: 0,
  };
}

function metricFault(nameBytes: number, data: Data): Fault | undefined {
  if (nameBytes === 0) {
    return { reason: 'metric-without-name', detail: 'name is empty; every metric needs one' };
  }
  if (data.kind?.hasTemporality !== true || data.temporality === 1 || data.temporality === 2)
    return undefined;
  return {
    reason: 'invalid-temporality',
    detail: `${data.kind.jsonName}.aggregation_temporality is ${data.temporality}; it must be 1 (delta) or 2 (cumulative)`,
  };
}

function checkData(findings: Findings, from: number, end: number, data: Data, kind: DataKind): void {
  const { bytes } = findings;
  let at = from;
  while (at < end) {
    const fieldStart = at;
    const tag = readTag(bytes, at, end);
    at = cursor;
    if (tag === ((1 << 3) | 2)) {
      const stop = enter(bytes, at, end);
      const fault = kind.checkPoint(findings, cursor, stop, data);
      if (fault !== undefined) data.faults.push({ fault, index: data.points, start: fieldStart, end: stop });
      data.points++;
      at = stop;
    } else if (tag === 2 << 3 && kind.hasTemporality) {
      at = readVarint(bytes, at, end);
      data.temporality = varintLow | 0;
    } else if (tag === 3 << 3 && kind.jsonName === 'sum') {
      at = skipVarint(bytes, at, end);
    } else {
      at = skipUnknown(bytes, at, end, tag, kind.known);
      findings.unknownItemFields++;
    }
  }
}
