/**
 * Compiles the commands of a query into one chain that rows are pushed through. Rows of events are reused:
 * whoever keeps one copies it.
 */
import type { Command, Expr } from './ast.ts';
import { printExpr } from './ast.ts';
import { compileExpr, type Getter, isTimeExpr } from './compile-expr.ts';
import { compileParse } from './compile-parse.ts';
import { compileSort } from './compile-sort.ts';
import { compileStats } from './compile-stats.ts';
import { createRowScope, type Row, type RowScope } from './row-scope.ts';
import { isTrue, toText } from './values.ts';

export interface Column {
  readonly name: string;
  readonly slot: number;
  readonly isTime: boolean;
}

/** Takes rows; answers false when it wants no more. */
export interface RowSink {
  push(row: Row): boolean;
  end(): void;
}

export type Step = (next: RowSink) => RowSink;

export interface CompiledQuery {
  readonly sink: RowSink;
  /** Fields of the records that are needed, with the slot of each. */
  readonly fields: ReadonlyMap<string, number>;
  readonly columns: readonly Column[];
  /** Filled once the sink was ended. */
  readonly rows: readonly Row[];
  /** Rows that passed the filters before the first stats, sort, dedup or limit. */
  matched(): number;
}

export interface CompileOptions {
  readonly source: string;
  readonly nowMs: number;
  /** Of rows in the answer. */
  readonly limit: number;
}

interface State {
  scope: RowScope;
  /** The columns that fields or display chose. */
  columns: readonly Column[] | undefined;
  /** The columns without fields or display: of stats. */
  implied: readonly Column[] | undefined;
}

/** @throws InsightsError */
export function compileQuery(commands: readonly Command[], options: CompileOptions): CompiledQuery {
  const recordScope = createRowScope(options.source, options.nowMs);
  const state: State = { scope: recordScope, columns: undefined, implied: undefined };
  const ordered = withImpliedOrder(commands);
  const firstBarrier = ordered.findIndex(({ kind }) => !STREAMING.includes(kind));
  let matched = 0;
  const steps = ordered.map((command, i): Step => {
    const step = compileCommand(command, state, keptRows(ordered[i + 1], options.limit));
    return i === firstBarrier ? counting(step, () => (matched += 1)) : step;
  });
  const columns =
    state.columns ??
    state.implied ??
    ['@timestamp', '@message'].map((name) => columnOf({ kind: 'field', name }, name, state.scope)!);
  const rows: Row[] = [];
  const collector: RowSink = {
    push(row) {
      if (rows.length < options.limit) rows.push(row.slice());
      return rows.length < options.limit;
    },
    end() {},
  };
  return {
    sink: steps.reduceRight<RowSink>((next, step) => step(next), collector),
    fields: recordScope.fields,
    columns,
    rows,
    matched: () => matched,
  };
}

const STREAMING: readonly Command['kind'][] = ['fields', 'display', 'filter', 'parse'];

/** Events come newest first unless the query says otherwise. */
function withImpliedOrder(commands: readonly Command[]): readonly Command[] {
  if (commands.some(({ kind }) => kind === 'sort' || kind === 'stats')) return commands;
  const newest: Command = {
    kind: 'sort',
    keys: [{ expr: { kind: 'field', name: '@timestamp' }, isDescending: true }],
  };
  const at = commands.findIndex(({ kind }) => kind === 'limit' || kind === 'dedup');
  return at < 0 ? [...commands, newest] : [...commands.slice(0, at), newest, ...commands.slice(at)];
}

/** How many sorted rows are ever asked for, or `undefined` when that depends on what follows. */
function keptRows(after: Command | undefined, limit: number): number | undefined {
  if (after === undefined) return limit;
  return after.kind === 'limit' ? after.count : undefined;
}

function counting(step: Step, count: () => void): Step {
  return (next) => {
    const inner = step(next);
    return {
      push(row) {
        count();
        return inner.push(row);
      },
      end: () => inner.end(),
    };
  };
}

function compileCommand(command: Command, state: State, keep: number | undefined): Step {
  const { scope } = state;
  switch (command.kind) {
    case 'fields':
    case 'display':
      return compileColumns(command, state);
    case 'filter': {
      const condition = compileExpr(command.condition, scope);
      return (next) => ({
        push: (row) => !isTrue(condition(row)) || next.push(row),
        end: () => next.end(),
      });
    }
    case 'parse':
      return compileParse(command, scope);
    case 'stats': {
      const { step, scope: after, columns } = compileStats(command, scope);
      // What follows sees the columns of this command and nothing else.
      Object.assign(state, { scope: after, columns: undefined, implied: columns } satisfies State);
      return step;
    }
    case 'sort':
      return compileSort(command.keys, { scope, keep });
    case 'limit':
      return limitTo(command.count);
    case 'dedup':
      return compileDedup(command.columns.map(({ expr }) => compileExpr(expr, scope)));
  }
}

function compileColumns(
  { kind, columns: wanted }: Extract<Command, { kind: 'fields' | 'display' | 'dedup' }>,
  state: State,
): Step {
  const { scope } = state;
  const computed: { slot: number; get: Getter }[] = [];
  const columns = wanted.map(({ expr, name }): Column => {
    const known = columnOf(expr, name, scope);
    if (known !== undefined) return known;
    const isTime = isTimeExpr(expr, scope);
    const get = compileExpr(expr, scope);
    const slot = scope.addColumn(name, isTime);
    computed.push({ slot, get });
    return { name, slot, isTime };
  });
  const before = kind === 'display' ? [] : (state.columns ?? state.implied ?? []);
  const isReplaced = ({ name }: Column): boolean => columns.some((column) => column.name === name);
  state.columns = [...before.filter((column) => !isReplaced(column)), ...columns];
  return (next) => ({
    push(row) {
      for (const { slot, get } of computed) row[slot] = get(row);
      return next.push(row);
    },
    end: () => next.end(),
  });
}

/** Of a plain field under its own name, or of a column that is there already. */
function columnOf(expr: Expr, name: string, scope: RowScope): Column | undefined {
  if (printExpr(expr) !== name) return undefined;
  const slot = scope.columnOf(name) ?? (expr.kind === 'field' ? scope.slotOf(name) : undefined);
  return slot === undefined ? undefined : { name, slot, isTime: scope.isTime(slot) };
}

function limitTo(count: number): Step {
  return (next) => {
    let left = count;
    return {
      push(row) {
        if (left <= 0) return false;
        left -= 1;
        return next.push(row) && left > 0;
      },
      end: () => next.end(),
    };
  };
}

/** The first row of each set of values. What lacks one of them is no duplicate of anything (AWS: dedup). */
function compileDedup(getters: readonly Getter[]): Step {
  return (next) => {
    const seen = new Set<string>();
    return {
      push(row) {
        const values = getters.map((get) => get(row));
        if (!values.includes(undefined)) {
          const key = JSON.stringify(values.map(toText));
          if (seen.has(key)) return true;
          seen.add(key);
        }
        return next.push(row);
      },
      end: () => next.end(),
    };
  };
}
