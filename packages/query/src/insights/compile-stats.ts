/** The stats command: one accumulator per aggregate and group, then the calculations with their results. */
import { type Accumulator, createAccumulator } from './aggregates.ts';
import { printExpr, type StatsCommand } from './ast.ts';
import { compileExpr, type Getter, isTimeExpr } from './compile-expr.ts';
import type { Column, Step } from './compile-query.ts';
import { QueryTooLarge } from './query-too-large.ts';
import { createRowScope, type RowScope } from './row-scope.ts';
import { orderValues, type Value } from './values.ts';

/** More groups would not fit in memory; an answer never holds more than 10,000 rows anyway. */
const MAX_GROUPS = 500_000;

export interface CompiledStats {
  readonly step: Step;
  /** What the commands behind it see. */
  readonly scope: RowScope;
  readonly columns: readonly Column[];
}

interface Group {
  readonly keys: readonly Value[];
  readonly accumulators: readonly Accumulator[];
}

/** @throws InsightsError */
export function compileStats(command: StatsCommand, scope: RowScope): CompiledStats {
  const { aggregates, groups } = command;
  const keyGetters = groups.map(({ expr }) => compileExpr(expr, scope));
  const valueGetters = aggregates.map(({ argument }) =>
    argument === undefined ? undefined : compileExpr(argument, scope),
  );
  const isOrdered = aggregates.some(({ function: name }) => name === 'earliest' || name === 'latest');
  const timeSlot = isOrdered ? scope.slotOf('@timestamp') : -1;
  const { after, columns, calculated } = layOut(command, scope);

  const step: Step = (next) => {
    const byKey = new Map<Value, Group>();
    const groupOf = (keys: readonly Value[]): Group => {
      const key = keys.length === 1 ? keys[0] : JSON.stringify(keys);
      let group = byKey.get(key);
      if (group === undefined) {
        if (byKey.size >= MAX_GROUPS) throw new QueryTooLarge(`stats makes more than ${MAX_GROUPS} groups`);
        group = { keys, accumulators: aggregates.map(createAccumulator) };
        byKey.set(key, group);
      }
      return group;
    };
    return {
      push(row) {
        const { accumulators } = groupOf(keyGetters.map((get) => get(row)));
        const timeMs = timeSlot < 0 ? 0 : Number(row[timeSlot] ?? 0);
        for (let i = 0; i < accumulators.length; i++) accumulators[i]!.add(valueGetters[i]?.(row), timeMs);
        return true;
      },
      end() {
        // Without groups there is always one row, also of nothing.
        if (groups.length === 0) groupOf([]);
        for (const { keys, accumulators } of [...byKey.values()].sort(byKeys)) {
          const row = [...keys, ...accumulators.map((accumulator) => accumulator.result())];
          for (const { slot, get } of calculated) row[slot] = get(row);
          if (!next.push(row)) break;
        }
        next.end();
      },
    };
  };
  return { step, scope: after, columns };
}

/** Rows are laid out as keys, results of aggregates, calculations. */
function layOut(
  { columns, aggregates, groups }: StatsCommand,
  scope: RowScope,
): {
  readonly after: RowScope;
  readonly columns: readonly Column[];
  readonly calculated: readonly { readonly slot: number; readonly get: Getter }[];
} {
  const after = createRowScope(scope.source, scope.nowMs);
  const shown: Column[] = groups.map(({ expr, name }) => {
    const isTime = isTimeExpr(expr, scope);
    return { name, slot: after.addColumn(name, isTime), isTime };
  });
  for (const { name, argument, function: called } of aggregates) {
    const keepsTime = /^(?:min|max|earliest|latest|sorts)/.test(called);
    after.addColumn(name, keepsTime && argument !== undefined && isTimeExpr(argument, scope));
  }
  const calculated: { slot: number; get: Getter }[] = [];
  for (const { expr, name } of columns) {
    const aggregate = aggregates.find((known) => expr.kind === 'call' && known.name === printExpr(expr));
    let slot = aggregate === undefined ? undefined : after.columnOf(aggregate.name);
    if (slot === undefined) {
      const get = compileExpr(expr, after);
      slot = after.addColumn(name, false);
      calculated.push({ slot, get });
    } else {
      after.alias(name, slot);
    }
    shown.push({ name, slot, isTime: after.isTime(slot) });
  }
  return { after, columns: shown, calculated };
}

function byKeys(a: Group, b: Group): number {
  for (let i = 0; i < a.keys.length; i++) {
    const result = orderValues(a.keys[i], b.keys[i]);
    if (result !== 0) return result;
  }
  return 0;
}
