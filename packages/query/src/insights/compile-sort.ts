/** The sort command. When only the first rows are ever asked for, the others are let go along the way. */
import type { SortKey } from './ast.ts';
import { compileExpr } from './compile-expr.ts';
import type { Step } from './compile-query.ts';
import { QueryTooLarge } from './query-too-large.ts';
import type { Row, RowScope } from './row-scope.ts';
import { orderValues } from './values.ts';

/** Rows that a sort may hold when what follows could ask for all of them. */
const MAX_SORTED_ROWS = 1_000_000;
/** Rows beyond those that are kept before they are sorted again. */
const SLACK_ROWS = 1000;

export interface SortOptions {
  readonly scope: RowScope;
  /** How many rows are asked for; `undefined` when that is not known. */
  readonly keep: number | undefined;
}

/** Absent values come last in both directions. @throws InsightsError */
export function compileSort(keys: readonly SortKey[], { scope, keep }: SortOptions): Step {
  const getters = keys.map(({ expr, isDescending }) => ({
    get: compileExpr(expr, scope),
    sign: isDescending ? -1 : 1,
  }));
  const order = (a: Row, b: Row): number => {
    for (const { get, sign } of getters) {
      const [left, right] = [get(a), get(b)];
      const result = orderValues(left, right);
      if (result !== 0) return left === undefined || right === undefined ? result : result * sign;
    }
    return 0;
  };
  return (next) => {
    let rows: Row[] = [];
    let worst: Row | undefined;
    return {
      push(row) {
        if (worst !== undefined && order(row, worst) >= 0) return true;
        rows.push(row.slice());
        if (keep !== undefined && rows.length >= 2 * keep + SLACK_ROWS) {
          rows = rows.sort(order).slice(0, keep);
          worst = rows.at(-1);
        }
        if (rows.length > MAX_SORTED_ROWS)
          throw new QueryTooLarge(
            `more than ${MAX_SORTED_ROWS} records to sort: put a limit right behind sort, or a filter before it`,
          );
        return true;
      },
      end() {
        for (const row of rows.sort(order)) if (!next.push(row)) break;
        next.end();
      },
    };
  };
}
