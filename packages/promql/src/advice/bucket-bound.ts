/**
 * `le="1"`: what a bound is written as has changed over the years (`1`, `1.0`), so here it is compared as
 * the number it is, and whoever wrote the one or the other is told. Source: Prometheus 3 migration guide.
 */
import { formatFixed, formatOpenMetrics, parseGoFloat } from '../model/go-float.ts';
import { BUCKET_LABEL } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import type { Expr } from '../parse/ast.ts';
import type { Advice } from './find-advice.ts';

export function adviseOnBucketBound(expr: Expr): Advice | undefined {
  if (expr.kind !== 'vector-selector') return undefined;
  for (const matcher of expr.matchers) {
    const { literals } = toNumericBound(matcher);
    if (literals === matcher.literals || !literals || literals.length < 2) continue;
    const spellings = literals.map((literal) => `le="${literal}"`).join(' and ');
    return {
      position: expr.position,
      message: `bounds are compared as numbers: ${spellings} are one bucket`,
    };
  }
  return undefined;
}

/** A matcher `le="…"` that takes every spelling of the number; any other as it is. */
export function toNumericBound(matcher: Matcher): Matcher {
  if (matcher.name !== BUCKET_LABEL || matcher.operator !== '=') return matcher;
  const bound = parseGoFloat(matcher.value);
  if (bound === undefined || Number.isNaN(bound)) return matcher;
  const literals = [...new Set([matcher.value, formatOpenMetrics(bound), formatFixed(bound)])];
  const matches = (value: string): boolean => value === matcher.value || parseGoFloat(value) === bound;
  return { ...matcher, matches, literals };
}
