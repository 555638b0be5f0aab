/** Cuts a push into requests that receivers take: by samples, and by the bytes before compression. */
import type { WireSample } from './wire-sample.ts';

export interface RequestLimits {
  /** Default 2,000, as Prometheus sends (queue_config.max_samples_per_send). */
  readonly maxSamples?: number;
  /** Default 2 MiB: Mimir takes 100 MB, proxies on the way often 1-4 MB compressed. */
  readonly maxBytes?: number;
}

const MAX_SAMPLES = 2000;
const MAX_BYTES = 2 * 1024 * 1024;
/** Framing, value, time and start time of one sample. */
const SAMPLE_BYTES = 40;

export function packRequests(
  samples: readonly WireSample[],
  { maxSamples = MAX_SAMPLES, maxBytes = MAX_BYTES }: RequestLimits = {},
): readonly (readonly WireSample[])[] {
  const requests: WireSample[][] = [];
  let current: WireSample[] = [];
  let bytes = 0;
  for (const sample of samples) {
    const size = sizeOf(sample);
    if (current.length > 0 && (current.length === maxSamples || bytes + size > maxBytes)) {
      requests.push(current);
      current = [];
      bytes = 0;
    }
    current.push(sample);
    bytes += size;
  }
  if (current.length > 0) requests.push(current);
  return requests;
}

function sizeOf({ series, value, exemplars }: WireSample): number {
  let size = series.labelFields.length + SAMPLE_BYTES;
  for (const { labels } of exemplars) {
    size += SAMPLE_BYTES;
    for (const { name, value: text } of labels) size += 8 + (name.length + text.length) * 3;
  }
  if (typeof value === 'object') {
    for (const { spans, deltas } of [value.positive, value.negative])
      size += spans.length * 12 + deltas.length * 10;
  }
  return size;
}
