/** Every function over a range vector, by name. */
import type { RangeFunction } from '../evaluate/range-window.ts';
import { changes, resets } from './changes.ts';
import { instantRate } from './instant-rate.ts';
import {
  countOverTime,
  extremeOverTime,
  firstOverTime,
  lastOverTime,
  madOverTime,
  presentOverTime,
  quantileOverTime,
  timeOfFirst,
  timeOfLast,
  varianceOverTime,
} from './over-time.ts';
import { rate } from './rate.ts';
import { deriv, doubleExponentialSmoothing, predictLinear } from './regression.ts';
import { avgOverTime, sumOverTime } from './sum-over-time.ts';

export const RANGE_FUNCTIONS: ReadonlyMap<string, RangeFunction> = new Map<string, RangeFunction>([
  ['absent_over_time', presentOverTime],
  ['avg_over_time', avgOverTime],
  ['changes', changes],
  ['count_over_time', countOverTime],
  ['delta', rate({ isCounter: false, isPerSecond: false })],
  ['deriv', deriv],
  ['double_exponential_smoothing', doubleExponentialSmoothing],
  ['first_over_time', firstOverTime],
  ['idelta', instantRate({ isRate: false })],
  ['increase', rate({ isCounter: true, isPerSecond: false })],
  ['irate', instantRate({ isRate: true })],
  ['last_over_time', lastOverTime],
  ['mad_over_time', madOverTime],
  ['max_over_time', extremeOverTime((candidate, best) => candidate > best)],
  ['min_over_time', extremeOverTime((candidate, best) => candidate < best)],
  ['predict_linear', predictLinear],
  ['present_over_time', presentOverTime],
  ['quantile_over_time', quantileOverTime],
  ['rate', rate({ isCounter: true, isPerSecond: true })],
  ['resets', resets],
  ['stddev_over_time', varianceOverTime(Math.sqrt)],
  ['stdvar_over_time', varianceOverTime((variance) => variance)],
  ['sum_over_time', sumOverTime],
  ['ts_of_first_over_time', timeOfFirst],
  ['ts_of_last_over_time', timeOfLast],
  ['ts_of_max_over_time', extremeOverTime((candidate, best) => candidate >= best, { answersTime: true })],
  ['ts_of_min_over_time', extremeOverTime((candidate, best) => candidate <= best, { answersTime: true })],
]);
