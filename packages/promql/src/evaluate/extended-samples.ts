/** The samples of an `anchored` or `smoothed` range selector by itself: with a sample made at each border. */
import { borderSamples } from '../functions/extended-rate.ts';
import { interpolateFloat } from '../functions/interpolate.ts';
import { failExecution } from '../query-error.ts';
import { firstAfter, type RangeInput } from './range-input.ts';

export interface ExtendedRange {
  readonly startMs: number;
  readonly endMs: number;
  readonly extension: 'anchored' | 'smoothed';
  readonly lookbackMs: number;
}

export function extendedSamples(inputs: readonly RangeInput[], range: ExtendedRange): RangeInput[] {
  return inputs.map((input) => extend(input, range));
}

function extend(input: RangeInput, range: ExtendedRange): RangeInput {
  const { startMs, endMs, extension, lookbackMs } = range;
  if (input.histograms.times.length > 0)
    failExecution(`${extension} modifier is not supported with histograms`);
  const { times, values } = input.floats;
  const from = firstAfter(times, startMs - lookbackMs, { from: 0, to: times.length });
  const reach = extension === 'smoothed' ? endMs + lookbackMs : endMs;
  const to = firstAfter(times, reach, { from, to: times.length });
  const border = to > from ? borderSamples(times, { from, to }, range) : undefined;
  const empty = {
    times: new Float64Array(0),
    values: new Float64Array(0),
    starts: undefined,
    resets: undefined,
  };
  if (!border) return { ...input, floats: empty };
  const { first, last } = border;
  const isSmoothed = extension === 'smoothed';
  const at = (index: number) => ({ timeMs: times[index]!, value: values[index]! });
  const left =
    isSmoothed && times[first]! < startMs
      ? interpolateFloat({ before: at(first), after: at(first + 1) }, startMs, false)
      : values[first]!;
  const right =
    isSmoothed && last > from && times[last]! > endMs
      ? interpolateFloat({ before: at(last - 1), after: at(last) }, endMs, false)
      : values[last]!;
  const inner = {
    from: times[first]! <= startMs ? first + 1 : first,
    to: times[last]! >= endMs ? last : last + 1,
  };
  return {
    ...input,
    floats: {
      ...empty,
      times: Float64Array.from([
        startMs,
        ...times.subarray(inner.from, Math.max(inner.from, inner.to)),
        endMs,
      ]),
      values: Float64Array.from([
        left,
        ...values.subarray(inner.from, Math.max(inner.from, inner.to)),
        right,
      ]),
    },
  };
}
