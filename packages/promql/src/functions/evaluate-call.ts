/** Function calls: which of the families of functions one belongs to, and its arguments. */
import { constant, evaluateExpression, evaluateScalar } from '../evaluate/evaluate-expression.ts';
import { evaluateInfo } from '../evaluate/evaluate-info.ts';
import { evaluateRangeCall, isRangeArgument } from '../evaluate/evaluate-range-call.ts';
import type { Evaluation } from '../evaluate/query-context.ts';
import type { StepSeries } from '../evaluate/step-series.ts';
import { type CallExpr, valueTypeOf, withoutParens } from '../parse/ast.ts';
import { failExecution } from '../query-error.ts';
import { absent, absentOverTime } from './absent.ts';
import { dateFunction } from './dates.ts';
import { histogramFunction } from './histogram-functions.ts';
import { labelJoin, labelReplace } from './label-functions.ts';
import { clamp, MATH_FUNCTIONS, mapFloats, roundTo } from './math-functions.ts';
import { fromScalars, queryConstant, scalarOf, timeOfStep } from './scalar-functions.ts';
import { sortByLabel, sortByValue } from './sort-functions.ts';
import { sampleTimes } from './timestamp.ts';

/** A call whose arguments have lost their outer parentheses. */
export type PlainCall = CallExpr;

export function evaluateCall(original: CallExpr, evaluation: Evaluation): StepSeries[] {
  // The info series were read for the call as it stands in the tree.
  if (original.func.name === 'info') return evaluateInfo(original, evaluation);
  const call: PlainCall = { ...original, args: original.args.map(withoutParens) };
  const range = call.args.find(isRangeArgument);
  if (range) {
    const scalars = call.args
      .filter((arg) => valueTypeOf(arg) === 'scalar')
      .map((arg) => evaluateExpression(arg, evaluation)[0]!);
    const series = evaluateRangeCall(call, range, { scalars, evaluation });
    return call.func.name === 'absent_over_time' ? absentOverTime(call, series, evaluation) : series;
  }
  const evaluate = INSTANT_FUNCTIONS.get(call.func.name);
  if (!evaluate) return failExecution(`unknown function ${JSON.stringify(call.func.name)}`);
  return evaluate(call, evaluation);
}

type InstantFunction = (call: PlainCall, evaluation: Evaluation) => StepSeries[];

const vector = ({ args }: PlainCall, evaluation: Evaluation): StepSeries[] =>
  evaluateExpression(args[0]!, evaluation);
const scalar = ({ args }: PlainCall, index: number, evaluation: Evaluation): Float64Array =>
  evaluateScalar(args[index]!, evaluation);

const INSTANT_FUNCTIONS: ReadonlyMap<string, InstantFunction> = new Map<string, InstantFunction>([
  ...[...MATH_FUNCTIONS].map(([name, compute]): [string, InstantFunction] => [
    name,
    (call, evaluation) => mapFloats(vector(call, evaluation), compute),
  ]),
  ...['hour', 'minute', 'month', 'year', 'day_of_month', 'day_of_week', 'day_of_year', 'days_in_month'].map(
    (name): [string, InstantFunction] => [name, dateFunction(name)],
  ),
  ...[
    'histogram_avg',
    'histogram_count',
    'histogram_sum',
    'histogram_stddev',
    'histogram_stdvar',
    'histogram_quantile',
    'histogram_quantiles',
    'histogram_fraction',
  ].map((name): [string, InstantFunction] => [name, histogramFunction(name)]),
  ['absent', (call, evaluation) => absent(call, vector(call, evaluation), evaluation)],
  [
    'clamp',
    (call, evaluation) =>
      clamp(vector(call, evaluation), {
        low: scalar(call, 1, evaluation),
        high: scalar(call, 2, evaluation),
      }),
  ],
  ['clamp_max', (call, evaluation) => clamp(vector(call, evaluation), { high: scalar(call, 1, evaluation) })],
  ['clamp_min', (call, evaluation) => clamp(vector(call, evaluation), { low: scalar(call, 1, evaluation) })],
  ['end', (_call, evaluation) => [constant(queryConstant('end', evaluation), evaluation)]],
  ['label_join', (call, evaluation) => labelJoin(call, () => vector(call, evaluation), evaluation.query)],
  [
    'label_replace',
    (call, evaluation) => labelReplace(call, () => vector(call, evaluation), evaluation.query),
  ],
  [
    'max_of',
    (call, evaluation) => fromScalars(scalar(call, 0, evaluation), scalar(call, 1, evaluation), Math.max),
  ],
  [
    'min_of',
    (call, evaluation) => fromScalars(scalar(call, 0, evaluation), scalar(call, 1, evaluation), Math.min),
  ],
  ['pi', (_call, evaluation) => [constant(Math.PI, evaluation)]],
  ['range', (_call, evaluation) => [constant(queryConstant('range', evaluation), evaluation)]],
  [
    'round',
    (call, evaluation) =>
      roundTo(vector(call, evaluation), call.args[1] ? scalar(call, 1, evaluation) : undefined),
  ],
  ['scalar', (call, evaluation) => [scalarOf(vector(call, evaluation), evaluation)]],
  ['sort', (call, evaluation) => sortByValue(call, vector(call, evaluation), { direction: 1, evaluation })],
  [
    'sort_by_label',
    (call, evaluation) => sortByLabel(call, vector(call, evaluation), { direction: 1, evaluation }),
  ],
  [
    'sort_by_label_desc',
    (call, evaluation) => sortByLabel(call, vector(call, evaluation), { direction: -1, evaluation }),
  ],
  [
    'sort_desc',
    (call, evaluation) => sortByValue(call, vector(call, evaluation), { direction: -1, evaluation }),
  ],
  ['start', (_call, evaluation) => [constant(queryConstant('start', evaluation), evaluation)]],
  ['start_timestamp', (call, evaluation) => sampleTimes(call, evaluation, 'start')],
  ['step', (_call, evaluation) => [constant(queryConstant('step', evaluation), evaluation)]],
  ['time', (_call, evaluation) => [timeOfStep(evaluation)]],
  ['timestamp', (call, evaluation) => sampleTimes(call, evaluation, 'sample')],
  ['vector', (call, evaluation) => vector(call, evaluation)],
]);
