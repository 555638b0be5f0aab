/**
 * What is likely a slip in an expression that is valid all the same. Prometheus answers such queries
 * without a word; the advice is given as infos, and by linters of rules.
 */
import { childrenOf, type Expr } from '../parse/ast.ts';
import type { PositionRange } from '../parse/position.ts';
import { adviseOnBucketBound } from './bucket-bound.ts';
import { adviseOnLifetimeQuantile } from './lifetime-quantile.ts';
import { adviseOnRateAsShare } from './rate-as-share.ts';
import { adviseOnSelfDivision } from './self-division.ts';

export interface Advice {
  readonly position: PositionRange;
  readonly message: string;
}

/** Looks at one node, and below it where it has to. */
export type Adviser = (expr: Expr) => Advice | undefined;

const ADVISERS: readonly Adviser[] = [
  adviseOnSelfDivision,
  adviseOnLifetimeQuantile,
  adviseOnRateAsShare,
  adviseOnBucketBound,
];

/** In the order of the expression's nodes, outer ones first. */
export function findAdvice(expr: Expr): readonly Advice[] {
  const own = ADVISERS.flatMap((advise) => advise(expr) ?? []);
  return [...own, ...childrenOf(expr).flatMap(findAdvice)];
}
