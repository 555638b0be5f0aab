/**
 * An SLI as something that can be counted slot by slot. Ratios cannot be added up, events can: where a spec
 * gives only a ratio, its two sides are taken apart if they count events; else time is counted.
 */
import { type Expr, valueTypeOf, withoutParens } from '@sluice/promql/parse/ast';
import { parseExpression } from '@sluice/promql/parse/parse-expression';
import { printExpression } from '@sluice/promql/parse/print-expression';
import type { Sli } from '../slo.ts';
import { walkExpression } from '../spec/walk-expression.ts';
import { renderWindow } from '../spec/window-variable.ts';

export type CountedSli =
  | {
      readonly unit: 'events';
      /** What `part` counts. */
      readonly counts: 'bad' | 'good';
      readonly part: string;
      readonly total: string;
    }
  | { readonly unit: 'seconds'; readonly badRatio: string };

/** A window that nobody writes, so that it can be found again in the text. */
const PROBE_WINDOW = '424242424ms';

export function toCountedSli(sli: Sli): CountedSli {
  if (sli.kind === 'events') {
    const good = goodPartOf(sli);
    if (good !== undefined) return { unit: 'events', counts: 'good', part: good, total: sli.totalQuery };
    return { unit: 'events', counts: 'bad', part: sli.errorQuery, total: sli.totalQuery };
  }
  const source = renderWindow(sli.errorRatioQuery, PROBE_WINDOW);
  const textOf = (expr: Expr): string => templateOf(expr, source);
  const whole = withoutParens(parseExpression(source));
  const direct = sidesOf(whole);
  if (direct)
    return { unit: 'events', counts: 'bad', part: textOf(direct.part), total: textOf(direct.total) };
  if (whole.kind === 'binary' && whole.operator === '-') {
    const left = withoutParens(whole.left);
    const inner = sidesOf(withoutParens(whole.right));
    if (left.kind === 'number' && left.value === 1 && inner)
      return { unit: 'events', counts: 'good', part: textOf(inner.part), total: textOf(inner.total) };
  }
  return { unit: 'seconds', badRatio: sli.errorRatioQuery };
}

/**
 * What is taken from all events, when bad ones are written as that. It is counted itself: where a bucket of
 * fast requests is missing, all are slow, while a difference without one side would say that none is.
 */
function goodPartOf({ errorQuery, totalQuery }: Extract<Sli, { kind: 'events' }>): string | undefined {
  const source = renderWindow(errorQuery, PROBE_WINDOW);
  const whole = withoutParens(parseExpression(source));
  if (whole.kind !== 'binary' || whole.operator !== '-') return undefined;
  const all = withoutParens(parseExpression(renderWindow(totalQuery, PROBE_WINDOW)));
  if (printExpression(withoutParens(whole.left)) !== printExpression(all)) return undefined;
  return templateOf(whole.right, source);
}

function templateOf({ position }: Expr, source: string): string {
  return source.slice(position.start, position.end).replaceAll(PROBE_WINDOW, '{{.window}}');
}

function sidesOf(expr: Expr): { readonly part: Expr; readonly total: Expr } | undefined {
  if (expr.kind !== 'binary' || expr.operator !== '/' || expr.matching.cardinality !== 'one-to-one')
    return undefined;
  const isCount = (side: Expr): boolean =>
    valueTypeOf(side) === 'vector' &&
    [...walkExpression(side)].some(({ kind }) => kind === 'matrix-selector');
  return isCount(expr.left) && isCount(expr.right) ? { part: expr.left, total: expr.right } : undefined;
}

/** The query for one window, with what it gives a second made what it gives in all. */
export function toCountQuery(template: string, window: string): string {
  const query = renderWindow(template, window);
  const starts: number[] = [];
  for (const part of walkExpression(parseExpression(query)))
    if (part.kind === 'call' && part.func.name === 'rate') starts.push(part.position.start);
  let counting = query;
  for (const start of starts.sort((a, b) => b - a))
    counting = `${counting.slice(0, start)}increase${counting.slice(start + 'rate'.length)}`;
  return counting;
}
