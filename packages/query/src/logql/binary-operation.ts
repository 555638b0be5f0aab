/** Binary operations between scalars and series: arithmetic, comparison, and the set operations. */
import type { BinaryOperator, MetricExpr, VectorMatching } from './ast.ts';
import { labelsKey } from './log-query.ts';
import { LogqlError } from './logql-error.ts';
import type { MetricResult, Series } from './metric-query.ts';

type BinaryExpr = Extract<MetricExpr, { kind: 'binary' }>;

const COMPARISONS: ReadonlySet<BinaryOperator> = new Set<BinaryOperator>(['==', '!=', '>', '>=', '<', '<=']);

/** @throws LogqlError when series cannot be matched one to one (or as the group modifier says) */
export function combine(expr: BinaryExpr, left: MetricResult, right: MetricResult): MetricResult {
  const { operator, isBool } = expr;
  if (operator === 'and' || operator === 'or' || operator === 'unless') {
    return { isScalar: false, series: combineSets(expr, left.series, right.series) };
  }
  const apply = (a: number | undefined, b: number | undefined): number | undefined => {
    if (a === undefined || b === undefined) return undefined;
    const result = calculate(operator, a, b);
    if (!COMPARISONS.has(operator)) return result;
    if (isBool || (left.isScalar && right.isScalar)) return result;
    // A comparison filters: what passes keeps the value of the vector's side.
    return result === 1 ? (left.isScalar ? b : a) : undefined;
  };
  if (left.isScalar || right.isScalar) {
    const fixed = (left.isScalar ? left : right).series[0]!.values;
    const series = (left.isScalar ? right : left).series.map(({ labels, values }) => ({
      labels,
      values: values.map((value, i) => (left.isScalar ? apply(fixed[i], value) : apply(value, fixed[i]))),
    }));
    return { isScalar: left.isScalar && right.isScalar, series: series.filter(hasValues) };
  }
  return { isScalar: false, series: combineVectors(expr, { left: left.series, right: right.series, apply }) };
}

function calculate(operator: BinaryOperator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '^':
      return a ** b;
    case '==':
      return a === b ? 1 : 0;
    case '!=':
      return a !== b ? 1 : 0;
    case '>':
      return a > b ? 1 : 0;
    case '>=':
      return a >= b ? 1 : 0;
    case '<':
      return a < b ? 1 : 0;
    case '<=':
      return a <= b ? 1 : 0;
    default:
      throw new LogqlError(`operator ${operator} has no value`);
  }
}

function matchLabels(labels: Series['labels'], matching: VectorMatching | undefined): Series['labels'] {
  if (matching === undefined) return labels;
  return Object.fromEntries(
    Object.entries(labels).filter(([name]) => matching.labels.includes(name) === matching.isOn),
  );
}

interface Sides {
  readonly left: readonly Series[];
  readonly right: readonly Series[];
  readonly apply: (a: number | undefined, b: number | undefined) => number | undefined;
}

function combineVectors(
  { operator, matching, isBool }: BinaryExpr,
  { left, right, apply }: Sides,
): readonly Series[] {
  const isRightMany = matching?.group === 'right';
  const [many, one] = isRightMany ? [right, left] : [left, right];
  const ones = new Map<string, Series>();
  for (const series of one) {
    const key = labelsKey(matchLabels(series.labels, matching));
    if (ones.has(key)) {
      throw new LogqlError(
        `found duplicate series on the ${isRightMany ? 'left' : 'right'} side of the operation; many-to-many matching is not allowed: matching labels must be unique on one side`,
      );
    }
    ones.set(key, series);
  }
  const used = new Set<string>();
  const results: Series[] = [];
  for (const series of many) {
    const matched = matchLabels(series.labels, matching);
    const key = labelsKey(matched);
    const other = ones.get(key);
    if (other === undefined) continue;
    if (matching?.group === undefined) {
      if (used.has(key))
        throw new LogqlError(
          'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
        );
      used.add(key);
    }
    const values = series.values.map((value, i) =>
      isRightMany ? apply(other.values[i], value) : apply(value, other.values[i]),
    );
    let labels: Series['labels'] = series.labels;
    if (matching?.group !== undefined) labels = { ...labels, ...pick(other.labels, matching.include) };
    else if (!COMPARISONS.has(operator) || isBool) labels = matched;
    results.push({ labels, values });
  }
  return results.filter(hasValues);
}

function combineSets(
  { operator, matching }: BinaryExpr,
  left: readonly Series[],
  right: readonly Series[],
): readonly Series[] {
  const keyOf = ({ labels }: Series): string => labelsKey(matchLabels(labels, matching));
  const presence = (series: readonly Series[]): Map<string, boolean[]> => {
    const present = new Map<string, boolean[]>();
    for (const member of series) {
      const known = present.get(keyOf(member)) ?? member.values.map(() => false);
      present.set(
        keyOf(member),
        known.map((is, i) => is || member.values[i] !== undefined),
      );
    }
    return present;
  };
  if (operator === 'or') {
    const has = presence(left);
    const added = right.map((series) => {
      const hidden = has.get(keyOf(series));
      return { ...series, values: series.values.map((value, i) => (hidden?.[i] ? undefined : value)) };
    });
    return [...left, ...added].filter(hasValues);
  }
  const has = presence(right);
  return left
    .map((series) => {
      const other = has.get(keyOf(series));
      return {
        ...series,
        values: series.values.map((value, i) =>
          (other?.[i] ?? false) === (operator === 'and') ? value : undefined,
        ),
      };
    })
    .filter(hasValues);
}

function pick(labels: Series['labels'], names: readonly string[]): Series['labels'] {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => names.includes(name)));
}

function hasValues({ values }: Series): boolean {
  return values.some((value) => value !== undefined);
}
