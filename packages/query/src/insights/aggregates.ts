/** The aggregate functions of stats, one accumulator per group. */
import { quantile } from '../logql/window-functions.ts';
import type { Aggregate } from './ast.ts';
import { orderValues, toNumber, toText, type Value } from './values.ts';

export interface Accumulator {
  /** `timeMs` orders earliest and latest. */
  add(value: Value, timeMs: number): void;
  result(): Value;
}

/** Absent values count nowhere; what is no number does not count in sums. */
export function createAccumulator({ function: name, argument, parameter }: Aggregate): Accumulator {
  switch (name) {
    case 'count': {
      let count = 0;
      return {
        add(value) {
          if (argument === undefined || value !== undefined) count += 1;
        },
        result: () => count,
      };
    }
    case 'count_distinct': {
      const seen = new Set<string>();
      return {
        add(value) {
          if (value !== undefined) seen.add(toText(value));
        },
        result: () => seen.size,
      };
    }
    case 'sum':
    case 'avg': {
      let sum = 0;
      let lost = 0;
      let count = 0;
      return numeric(
        (number) => {
          // Neumaier's summation: the result does not depend on the order in which records are read.
          const next = sum + number;
          lost += Math.abs(sum) >= Math.abs(number) ? sum - next + number : number - next + sum;
          sum = next;
          count += 1;
        },
        () => {
          if (count === 0) return undefined;
          // Of an infinite sum nothing was lost.
          const total = Number.isFinite(sum) ? sum + lost : sum;
          return name === 'sum' ? total : total / count;
        },
      );
    }
    case 'min':
    case 'max':
      return extreme(
        name === 'min' ? -1 : 1,
        (a, b) => (toNumber(a) ?? Number.NaN) - (toNumber(b) ?? Number.NaN),
        true,
      );
    case 'sortsfirst':
    case 'sortslast':
      return extreme(name === 'sortsfirst' ? -1 : 1, orderValues, false);
    case 'pct':
    case 'percentile':
    case 'median': {
      const values: number[] = [];
      return numeric(
        (number) => values.push(number),
        () => (values.length === 0 ? undefined : quantile(name === 'median' ? 0.5 : parameter / 100, values)),
      );
    }
    case 'stddev':
    case 'variance':
      return spread(name === 'stddev');
    case 'earliest':
    case 'latest': {
      let best: Value;
      let bestMs = name === 'earliest' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
      return {
        add(value, timeMs) {
          if (value === undefined || (name === 'earliest' ? timeMs >= bestMs : timeMs < bestMs)) return;
          best = value;
          bestMs = timeMs;
        },
        result: () => best,
      };
    }
  }
}

function numeric(add: (number: number) => void, result: () => Value): Accumulator {
  return {
    add(value) {
      const number = toNumber(value);
      if (number !== undefined) add(number);
    },
    result,
  };
}

function extreme(sign: 1 | -1, order: (a: Value, b: Value) => number, isNumeric: boolean): Accumulator {
  let best: Value;
  return {
    add(value) {
      if (value === undefined || (isNumeric && toNumber(value) === undefined)) return;
      if (best === undefined || order(value, best) * sign > 0) best = value;
    },
    result: () => (isNumeric ? toNumber(best) : best),
  };
}

/** Of the population, by Welford's recurrence: one pass without loss of digits. */
function spread(isRoot: boolean): Accumulator {
  let count = 0;
  let mean = 0;
  let squares = 0;
  return numeric(
    (number) => {
      count += 1;
      const before = number - mean;
      mean += before / count;
      squares += before * (number - mean);
    },
    () => (count === 0 ? undefined : isRoot ? Math.sqrt(squares / count) : squares / count),
  );
}
