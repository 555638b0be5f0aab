/** Work of a post of any number of spans, between those that were counted. */
import type { TraceWork } from './counted-work.ts';
import { addWork, type BatchWork, WORK_UNITS, type Work, type WorkUnit } from './work.ts';

export const MAX_SPANS_PER_REQUEST = 512;

/** On the line through the two counted posts next to it. */
export function traceWorkOf(traces: Readonly<Record<string, TraceWork>>, spans: number): TraceWork {
  const sizes = Object.keys(traces)
    .map(Number)
    .sort((a, b) => a - b);
  const above = Math.max(
    1,
    sizes.findIndex((size) => size >= spans),
  );
  const [low, high] = [sizes[above - 1]!, sizes[above]!];
  const at = (spans - low) / (high - low);
  const [from, to] = [traces[low]!, traces[high]!];
  const mix = (a: Work, b: Work): Work => notNegative(addWork([1 - at, a], [at, b]));
  const mixBatch = (a: BatchWork, b: BatchWork): BatchWork => ({
    first: mix(a.first, b.first),
    further: mix(a.further, b.further),
  });
  return {
    rawBytes: from.rawBytes * (1 - at) + to.rawBytes * at,
    ingest: mix(from.ingest, to.ingest),
    deliver: mixBatch(from.deliver, to.deliver),
    spanMetrics: {
      send: mixBatch(from.spanMetrics.send, to.spanMetrics.send),
      collect: mixBatch(from.spanMetrics.collect, to.spanMetrics.collect),
    },
  };
}

function notNegative(work: Work): Work {
  return Object.fromEntries(WORK_UNITS.map((unit) => [unit, Math.max(0, work[unit])])) as Record<
    WorkUnit,
    number
  >;
}
