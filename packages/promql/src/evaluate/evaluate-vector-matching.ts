/**
 * Arithmetic and comparison between vectors. Series pair up by signature; a pair is computed for all steps
 * at once. One side of every pair must be unique at each step, or the query fails as in Prometheus.
 */
import {
  dropLabels,
  dropMetadata,
  formatLabels,
  keepLabels,
  type Labels,
  labelsKey,
  labelValue,
  METRIC_NAME,
  withLabels,
} from '../model/labels.ts';
import type { BinaryExpr, VectorMatching } from '../parse/ast.ts';
import { failExecution } from '../query-error.ts';
import { combineOperands, type Operand } from './binary-values.ts';
import { matchLabels } from './match-signature.ts';
import type { Evaluation } from './query-context.ts';
import {
  ABSENT,
  createStepSeries,
  isEmptySeries,
  mergeSameLabels,
  type StepSeries,
  setFloat,
  setHistogram,
} from './step-series.ts';

interface Group {
  /** Series of the side that may have many. */
  readonly many: StepSeries[];
  /** Series of the side that has at most one at each step. */
  readonly one: StepSeries[];
}

interface Sides {
  readonly left: readonly StepSeries[];
  readonly right: readonly StepSeries[];
}

export function evaluateVectorMatching(
  expr: BinaryExpr,
  { left, right }: Sides,
  evaluation: Evaluation,
): StepSeries[] {
  const { matching } = expr;
  const isSwapped = matching.cardinality === 'one-to-many';
  const many = isSwapped ? right : left;
  const one = isSwapped ? left : right;
  // As in Prometheus, `fill_left` always stands for the "many" side, also under group_right.
  const { fillLeft: fillMany, fillRight: fillOne } = matching;
  const hasFill = fillMany !== undefined || fillOne !== undefined;
  if ((many.length === 0 || one.length === 0) && !hasFill) return [];
  const groups = groupBySignature(many, one, matching);
  const pairing = createPairing(expr, { isSwapped, evaluation });
  for (const group of groups.values()) {
    if (group.one.length > 1) requireUnique(group.one, { expr, isSwapped, many: hasFill ? undefined : many });
    for (const series of group.many) {
      for (const partner of group.one) pairing.pair(series, partner, group);
      if (fillOne !== undefined) pairing.fill(series, { value: fillOne, isForOne: true }, group);
    }
    if (fillMany !== undefined) {
      for (const partner of group.one) pairing.fill(partner, { value: fillMany, isForOne: false }, group);
    }
  }
  const result = pairing.results();
  return evaluation.grid.count === 1 ? result : mergeSameLabels(result);
}

function groupBySignature(
  many: readonly StepSeries[],
  one: readonly StepSeries[],
  matching: VectorMatching,
): Map<string, Group> {
  const match = matchLabels(matching);
  const groups = new Map<string, Group>();
  const groupOf = ({ labels }: StepSeries): Group => {
    const key = labelsKey(match(labels));
    let group = groups.get(key);
    if (!group) {
      group = { many: [], one: [] };
      groups.set(key, group);
    }
    return group;
  };
  for (const series of many) groupOf(series).many.push(series);
  for (const series of one) groupOf(series).one.push(series);
  return groups;
}

/** `many`: undefined when partners are filled in; otherwise nothing matches where that side is empty. */
function requireUnique(
  series: readonly StepSeries[],
  {
    expr,
    isSwapped,
    many,
  }: { expr: BinaryExpr; isSwapped: boolean; many: readonly StepSeries[] | undefined },
): void {
  const { length } = series[0]!.kinds;
  for (let step = 0; step < length; step++) {
    const present = series.filter(({ kinds }) => kinds[step] !== ABSENT);
    if (present.length < 2 || many?.every(({ kinds }) => kinds[step] === ABSENT)) continue;
    const [first, second] = present
      .slice(0, 2)
      .map(({ labels }) => formatLabels(labels))
      .sort();
    const group = formatLabels(reportedLabels(expr.matching, present[0]!.labels));
    failExecution(
      `found duplicate series for the match group ${group} on the ${isSwapped ? 'left' : 'right'} hand-side of the operation: [${first}, ${second}];many-to-many matching not allowed: matching labels must be unique on one side`,
    );
  }
}

function reportedLabels(matching: VectorMatching, labels: Labels): Labels {
  return matchLabels(matching)(labels);
}

interface Pairing {
  pair(many: StepSeries, one: StepSeries, group: Group): void;
  /** Computes with a value in place of a partner, at the steps where there is none. */
  fill(series: StepSeries, filler: { value: number; isForOne: boolean }, group: Group): void;
  results(): StepSeries[];
}

function createPairing(
  expr: BinaryExpr,
  { isSwapped, evaluation }: { isSwapped: boolean; evaluation: Evaluation },
): Pairing {
  const { matching, operator, returnBool } = expr;
  const { count } = evaluation.grid;
  const context = { annotations: evaluation.query.annotations, position: expr.position, isVectorOnly: true };
  const results: StepSeries[] = [];
  const match = matchLabels(matching);
  const toLabels = resultLabels(expr);
  const taken = new Map<Group, Map<string, Uint8Array>>();
  const manyOperand: Operand = { value: 0, histogram: undefined };
  const oneOperand: Operand = { value: 0, histogram: undefined };

  /** Steps at which this group has a result already: one-to-one in all, otherwise of the same labels. */
  const takenSteps = (group: Group, labels: Labels): Uint8Array => {
    let byKey = taken.get(group);
    if (!byKey) {
      byKey = new Map();
      taken.set(group, byKey);
    }
    const key = matching.cardinality === 'one-to-one' ? '' : labelsKey(labels);
    let steps = byKey.get(key);
    if (!steps) {
      steps = new Uint8Array(count);
      byKey.set(key, steps);
    }
    return steps;
  };

  const compute = (
    labels: { many: Labels; one: Labels; dropName: boolean },
    group: Group,
    load: (step: number) => boolean,
  ): void => {
    const resultOf = toLabels(labels.many, labels.one);
    const steps = takenSteps(group, resultOf);
    // A name that was on its way out stays so, unless it is another one, taken from the "one" side.
    const dropName = returnBool || (labels.dropName && !matching.include.includes(METRIC_NAME));
    const out = createStepSeries(resultOf, count, dropName);
    for (let step = 0; step < count; step++) {
      if (!load(step)) continue;
      const [a, b] = isSwapped ? [oneOperand, manyOperand] : [manyOperand, oneOperand];
      const outcome = combineOperands(operator, a, b, context);
      if (outcome.kind === 'none') continue;
      if (steps[step] === 1) failMultiple(matching);
      steps[step] = 1;
      if (returnBool) setFloat(out, step, Number(outcome.keep));
      else if (!outcome.keep) continue;
      else if (outcome.kind === 'histogram') setHistogram(out, step, outcome.histogram);
      else setFloat(out, step, outcome.value);
    }
    if (!isEmptySeries(out)) results.push(out);
  };

  const loadCell = (operand: Operand, { kinds, values, histograms }: StepSeries, step: number): boolean => {
    if (kinds[step] === ABSENT) return false;
    operand.value = values[step]!;
    operand.histogram = histograms?.[step];
    return true;
  };

  return {
    pair(many, one, group) {
      compute({ many: many.labels, one: one.labels, dropName: many.dropName }, group, (step) => {
        return loadCell(manyOperand, many, step) && loadCell(oneOperand, one, step);
      });
    },
    fill(series, { value, isForOne }, group) {
      const others = isForOne ? group.one : group.many;
      const own = isForOne ? manyOperand : oneOperand;
      const filled = isForOne ? oneOperand : manyOperand;
      const fillLabels = match(series.labels);
      const labels = isForOne
        ? { many: series.labels, one: fillLabels, dropName: series.dropName }
        : { many: fillLabels, one: series.labels, dropName: false };
      compute(labels, group, (step) => {
        if (!loadCell(own, series, step) || others.some(({ kinds }) => kinds[step] !== ABSENT)) return false;
        filled.value = value;
        filled.histogram = undefined;
        return true;
      });
    },
    results: () => results,
  };
}

function failMultiple({ cardinality }: VectorMatching): never {
  return failExecution(
    cardinality === 'one-to-one'
      ? 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)'
      : 'multiple matches for labels: grouping labels must ensure unique matches',
  );
}

/** Labels of a result: those of the "many" side, cut to the matching ones for one-to-one, plus included ones. */
function resultLabels({ operator, matching }: BinaryExpr): (many: Labels, one: Labels) => Labels {
  const keepsMeaning = ['==', '!=', '<', '<=', '>', '>=', '</', '>/'].includes(operator);
  const names = new Set(matching.labels);
  return (many, one) => {
    let labels = keepsMeaning ? many : dropMetadata(many);
    if (matching.cardinality === 'one-to-one') {
      labels = matching.isOn ? keepLabels(labels, names) : dropLabels(labels, names);
    }
    if (matching.include.length === 0) return labels;
    return withLabels(labels, new Map(matching.include.map((name) => [name, labelValue(one, name)])));
  };
}
