/**
 * Divides a metric that is too large into several of the same name, unit and temporality, between its
 * points. One scrape of a large source is often a single metric with tens of thousands of points.
 */
import { divideMessage, type FieldRange, fieldsOf, framed } from './divide-message.ts';
import { ProtoWriter } from './proto-writer.ts';

/** Fields of a metric's data: gauge, sum, histogram, exponential histogram, summary. */
const DATA_FIELDS = [5, 7, 9, 10, 11];
const METRIC = 2;
const POINTS = 1;
/** Tags and lengths of the metric and of its data. */
const MAX_FRAMES = 12;

export interface MetricPiece {
  /** With the tag and length that a scope gives it. */
  readonly bytes: Uint8Array;
  readonly items: number;
}

/**
 * Pieces of at most `maxBytes`, or of one point, or with points for at least half of their bytes. `undefined`
 * for a metric that fits, or whose data stands in several fields: merging those is left to who reads it.
 *
 * @throws OtlpFormatError on malformed bytes.
 */
export function divideMetric(
  bytes: Uint8Array,
  metric: FieldRange,
  maxBytes: number,
): readonly MetricPiece[] | undefined {
  if (metric.end - metric.start <= maxBytes) return undefined;
  const found = DATA_FIELDS.flatMap((field) =>
    fieldsOf(bytes, metric.content, metric.end, field).map((range) => ({ field, range })),
  );
  const [data] = found;
  if (data === undefined || found.length > 1) return undefined;
  const { around: metricAround } = divideMessage(bytes, metric, data.field);
  const { around: dataAround, inner: points } = divideMessage(bytes, data.range, POINTS);
  if (points.length < 2) return undefined;

  const aroundBytes = metricAround.size + dataAround.size + MAX_FRAMES;
  const limit = Math.max(maxBytes - aroundBytes, aroundBytes);
  const pieces: MetricPiece[] = [];
  let first = 0;
  let size = 0;
  const close = (end: number): void => {
    const dataSize = dataAround.size + size;
    const writer = new ProtoWriter(framed(metricAround.size + framed(dataSize)) + MAX_FRAMES);
    const metricMark = writer.begin(METRIC);
    for (const piece of metricAround.pieces) writer.raw(piece);
    const dataMark = writer.begin(data.field);
    for (const piece of dataAround.pieces) writer.raw(piece);
    for (const { start, end: pointEnd } of points.slice(first, end))
      writer.raw(bytes.subarray(start, pointEnd));
    writer.end(dataMark);
    writer.end(metricMark);
    pieces.push({ bytes: writer.finish(), items: end - first });
    first = end;
    size = 0;
  };
  points.forEach(({ start, end }, index) => {
    if (size > 0 && size + end - start > limit) close(index);
    size += end - start;
  });
  close(points.length);
  return pieces.length < 2 ? undefined : pieces;
}
