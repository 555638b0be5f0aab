/** Parts of a UTC date; without an argument of the evaluation time. */
import { evaluateExpression } from '../evaluate/evaluate-expression.ts';
import type { Evaluation } from '../evaluate/query-context.ts';
import type { StepSeries } from '../evaluate/step-series.ts';
import type { CallExpr } from '../parse/ast.ts';
import { mapFloats } from './math-functions.ts';
import { timeOfStep } from './scalar-functions.ts';

const DAY_MS = 86_400_000;

const PARTS: Readonly<Record<string, (date: Date) => number>> = {
  hour: (date) => date.getUTCHours(),
  minute: (date) => date.getUTCMinutes(),
  month: (date) => date.getUTCMonth() + 1,
  year: (date) => date.getUTCFullYear(),
  day_of_month: (date) => date.getUTCDate(),
  day_of_week: (date) => date.getUTCDay(),
  day_of_year: (date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0)) / DAY_MS) + 1,
  days_in_month: (date) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
};

export function dateFunction(name: string): (call: CallExpr, evaluation: Evaluation) => StepSeries[] {
  const part = PARTS[name]!;
  return ({ args }, evaluation) => {
    const series = args[0] ? evaluateExpression(args[0], evaluation) : [timeOfStep(evaluation)];
    return mapFloats(series, (seconds) => part(new Date(Math.trunc(seconds) * 1000)));
  };
}
