/** Random expressions over the random series; what is drawn is what people write, nested a few levels deep. */
import type { Random } from '@sluice/core/testing/random';

const RANGES = ['1m', '90s', '2m', '5m', '10m', '30m'] as const;
const COUNTERS = ['requests_total', 'latency_count', 'latency_sum', 'latency_bucket'] as const;
const GAUGES = ['temperature', 'flag', 'build_info'] as const;
const LABELS = ['job', 'instance', 'status', 'version'] as const;
const MATCHERS = [
  'job="api"',
  'job!="api"',
  'instance=~"a.*|b:1"',
  'instance!~"c.+"',
  'status=~"[45].."',
  'status!=""',
  'status=""',
  'job=~".*"',
  'job=~"api|batch|none"',
] as const;

const COUNTER_FUNCTIONS = [
  'rate',
  'increase',
  'irate',
  'resets',
  'changes',
  'delta',
  'idelta',
  'last_over_time',
];
const GAUGE_FUNCTIONS = [
  'avg_over_time',
  'min_over_time',
  'max_over_time',
  'sum_over_time',
  'count_over_time',
  'stddev_over_time',
  'stdvar_over_time',
  'last_over_time',
  'present_over_time',
  'changes',
  'deriv',
  'delta',
  'idelta',
  'absent_over_time',
];
const MATH = [
  'abs',
  'ceil',
  'floor',
  'exp',
  'sqrt',
  'sgn',
  'deg',
  'rad',
  'sin',
  'cos',
  'atan',
  'sinh',
  'round',
];
const AGGREGATIONS = ['sum', 'avg', 'min', 'max', 'count', 'stddev', 'stdvar', 'group'];
const ARITHMETIC = ['+', '-', '*', '/', '%', '^', 'atan2'];
const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='];
const SET_OPERATORS = ['and', 'or', 'unless'];

/** An expression of an instant vector. */
export function randomQuery(random: Random): string {
  return vector(random, 3);
}

function vector(random: Random, depth: number): string {
  if (depth === 0) return leaf(random);
  const inner = (): string => vector(random, depth - 1);
  switch (random.below(13)) {
    case 0:
    case 1:
    case 2:
      return leaf(random);
    case 3:
    case 4:
      return `${random.pick(AGGREGATIONS)}${grouping(random)}(${inner()})`;
    case 5:
      return `quantile${grouping(random)}(${random.pick(['0', '0.5', '0.9', '1.5', '-1'])}, ${inner()})`;
    case 6:
      return `${random.pick(['topk', 'bottomk'])}${grouping(random)}(${1 + random.below(4)}, ${distinctValues(random)})`;
    case 7:
      return `(${inner()}) ${random.pick([...ARITHMETIC, ...COMPARISONS])} ${bool(random)}${scalar(random)}`.replace(
        /([-+*/%^]|atan2) bool /,
        '$1 ',
      );
    case 8:
      return binary(random, depth);
    case 9:
      return functionOf(random, inner());
    case 10:
      return quantileOfBuckets(random);
    case 11:
      return `${random.pick(GAUGE_FUNCTIONS)}((${inner()})[${random.pick(RANGES)}:${random.pick(['15s', '30s', '1m', ''])}]${offset(random)})`;
    default:
      return `-(${inner()})`;
  }
}

function leaf(random: Random): string {
  const isCounter = random.chance(0.5);
  const metric = random.pick<string>(isCounter ? COUNTERS : GAUGES);
  const selector = `${metric}${matchers(random)}`;
  if (random.chance(0.35)) return `${selector}${offset(random)}${at(random)}`;
  const range = `${selector}[${random.pick(RANGES)}]${offset(random)}${at(random)}`;
  if (!isCounter && random.chance(0.15)) {
    return random.pick([
      `quantile_over_time(${random.pick(['0.1', '0.5', '0.99', '2'])}, ${range})`,
      `predict_linear(${range}, ${random.pick(['60', '3600', '-300'])})`,
      `double_exponential_smoothing(${range}, 0.3, 0.4)`,
    ]);
  }
  return `${random.pick(isCounter ? COUNTER_FUNCTIONS : GAUGE_FUNCTIONS)}(${range})`;
}

/** Values that no two series share, for what ranks them: among equal ones the choice is free. */
function distinctValues(random: Random): string {
  const selector = `temperature${matchers(random)}`;
  return random.chance(0.5) ? selector : `avg_over_time(${selector}[${random.pick(RANGES)}])`;
}

function matchers(random: Random): string {
  const chosen = Array.from({ length: random.below(3) }, () => random.pick(MATCHERS));
  return chosen.length === 0 ? '' : `{${[...new Set(chosen)].join(', ')}}`;
}

function offset(random: Random): string {
  return random.chance(0.15) ? ` offset ${random.pick(['30s', '1m', '5m', '-1m'])}` : '';
}

/** Times that are on no border: see random-series.ts. */
function at(random: Random): string {
  return random.chance(0.06) ? ` @ ${random.pick(['1700003707', '1700005402', 'start()', 'end()'])}` : '';
}

function labels(random: Random): string {
  return [...new Set(Array.from({ length: 1 + random.below(2) }, () => random.pick(LABELS)))].join(', ');
}

function grouping(random: Random): string {
  if (random.chance(0.3)) return '';
  return ` ${random.pick(['by', 'without'])} (${labels(random)}) `;
}

function bool(random: Random): string {
  return random.chance(0.3) ? 'bool ' : '';
}

function scalar(random: Random): string {
  return random.pick(['0', '1', '2.5', '-3', '1e3', '100', 'scalar(sum(flag))', 'time()', 'NaN', 'Inf']);
}

function binary(random: Random, depth: number): string {
  const left = `(${vector(random, depth - 1)})`;
  const right = `(${vector(random, depth - 1)})`;
  if (random.chance(0.3)) return `${left} ${random.pick(SET_OPERATORS)} ${matching(random, false)}${right}`;
  if (random.chance(0.3))
    return `${left} ${random.pick(COMPARISONS)} ${bool(random)}${matching(random, true)}${right}`;
  return `${left} ${random.pick(ARITHMETIC)} ${matching(random, true)}${right}`;
}

function matching(random: Random, mayGroup: boolean): string {
  if (random.chance(0.35)) return '';
  const on = `${random.pick(['on', 'ignoring'])} (${labels(random)}) `;
  if (!mayGroup || random.chance(0.5)) return on;
  return `${on}${random.pick(['group_left', 'group_right'])} (${random.chance(0.4) ? 'version' : ''}) `;
}

function functionOf(random: Random, inner: string): string {
  return random.pick([
    `${random.pick(MATH)}(${inner})`,
    `clamp(${inner}, -5, 100)`,
    `clamp_min(${inner}, 3)`,
    `clamp_max(${inner}, 3)`,
    `ln(abs(${inner}))`,
    `round(${inner}, 0.5)`,
    `timestamp(${inner})`,
    `label_replace(${inner}, "copy", "$1", "instance", "(.*):1")`,
    `label_join(${inner}, "joined", "-", "job", "instance")`,
    `absent(${inner})`,
    `vector(scalar(${inner}))`,
    `day_of_week(${inner})`,
    `hour(${inner})`,
    `sum(${inner}) or vector(0)`,
  ]);
}

function quantileOfBuckets(random: Random): string {
  const q = random.pick(['0.5', '0.9', '0.99', '0', '1', '-1', '2']);
  const rates = `${random.pick(['rate', 'increase'])}(latency_bucket${matchers(random)}[${random.pick(RANGES)}]${offset(random)})`;
  return random.chance(0.6)
    ? `histogram_quantile(${q}, sum by (${random.pick(['le', 'le, job', 'job, le, instance'])}) (${rates}))`
    : `histogram_quantile(${q}, ${rates})`;
}
