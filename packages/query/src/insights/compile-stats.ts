/** The stats command: one accumulator per aggregate and group, then the calculations with their results. */
import { type Accumulator, createAccumulator } from './aggregates.ts';
import { printExpr, type StatsCommand } from './ast.ts';
import { compileExpr, type Getter, isTimeExpr } from './compile-expr.ts';
import type { Column, Step } from './compile-query.ts';
import { QueryTooLarge } from './query-too-large.ts';
import { createRowScope, type Row, type RowScope } from './row-scope.ts';
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
    const made: Group[] = [];
    const make = (keys: readonly Value[]): Group => {
      if (made.length >= MAX_GROUPS) throw new QueryTooLarge(`stats makes more than ${MAX_GROUPS} groups`);
      const group = { keys, accumulators: aggregates.map(createAccumulator) };
      made.push(group);
      return group;
    };
    const groupOf = keyGetters.length === 0 ? createOnly(make) : createGroupTree(keyGetters, make);
    return {
      push(row) {
        const { accumulators } = groupOf(row);
        const timeMs = timeSlot < 0 ? 0 : Number(row[timeSlot] ?? 0);
        for (let i = 0; i < accumulators.length; i++) accumulators[i]!.add(valueGetters[i]?.(row), timeMs);
        return true;
      },
      end() {
        // Without groups there is always one row, also of nothing.
        if (groups.length === 0) groupOf([]);
        for (const { keys, accumulators } of made.sort(byKeys)) {
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

type GroupOf = (row: Row) => Group;

function createOnly(make: (keys: readonly Value[]) => Group): GroupOf {
  let only: Group | undefined;
  return () => {
    only ??= make([]);
    return only;
  };
}

interface Branch extends Map<Value, Branch | Group> {}

/** A level of maps per key: no key is ever put together for a row whose group is known. */
function createGroupTree(getters: readonly Getter[], make: (keys: readonly Value[]) => Group): GroupOf {
  const root: Branch = new Map();
  const last = getters.length - 1;
  return (row) => {
    let branch = root;
    for (let i = 0; i < last; i++) {
      const key = getters[i]!(row);
      let next = branch.get(key) as Branch | undefined;
      if (next === undefined) {
        next = new Map();
        branch.set(key, next);
      }
      branch = next;
    }
    const key = getters[last]!(row);
    let group = branch.get(key) as Group | undefined;
    if (group === undefined) {
      group = make(getters.map((get) => get(row)));
      branch.set(key, group);
    }
    return group;
  };
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
