/**
 * Runs one `eval`. An instant case is also run with every selector pinned to its time by `@`, from several
 * evaluation times, and as the middle of a range query: all have to answer the same (as upstream does).
 */
import type { Engine } from '@sluice/promql/engine';
import { TIME_DEPENDENT_FUNCTIONS } from '@sluice/promql/evaluate/is-step-invariant';
import { childrenOf, type Expr } from '@sluice/promql/parse/ast';
import { ALL_FEATURES, parseExpression } from '@sluice/promql/parse/parse-expression';
import { printExpression } from '@sluice/promql/parse/print-expression';
import type { MatrixSeries, QueryResult, QueryValue, VectorSample } from '@sluice/promql/query-result';
import type { SeriesReader } from '@sluice/promql/series-reader';
import { compareValue } from './compare.ts';
import type { EvalCommand, TextCheck } from './script.ts';

export type CaseOutcome =
  | { readonly status: 'pass' }
  | { readonly status: 'fail'; readonly reason: string }
  | { readonly status: 'skip'; readonly capability: string };

const QUERY_FUNCTIONS: ReadonlySet<string> = new Set(['start', 'end', 'range', 'step']);

export async function runCase(
  command: EvalCommand,
  engine: Engine,
  reader: SeriesReader,
): Promise<CaseOutcome> {
  const missing = missingCapability(command);
  if (missing) return { status: 'skip', capability: missing };
  const reason = command.isRange
    ? await runRange(command, engine, reader)
    : await runInstant(command, engine, reader);
  return reason === undefined ? { status: 'pass' } : { status: 'fail', reason };
}

/** A part of the language that the parser does not know: found by asking it, never by a list of cases. */
function missingCapability({ expr, expectation }: EvalCommand): string | undefined {
  if (expectation.fails) return undefined;
  try {
    parseExpression(expr, ALL_FEATURES);
    return undefined;
  } catch (error) {
    const { message } = error as Error;
    return (
      /unknown function with name (".*?")/.exec(message)?.[1] ??
      /(".*?"|\S+).* (?:is )?not enabled/.exec(message)?.[1]
    );
  }
}

async function runRange(
  command: EvalCommand,
  engine: Engine,
  reader: SeriesReader,
): Promise<string | undefined> {
  const { expr, startMs, endMs, stepMs, expectation } = command;
  const run = await attempt(() => engine.range(expr, { reader, startMs, endMs, stepMs }));
  return judge(command, run, (value) => compareValue(value, expectation, { startMs, stepMs }));
}

async function runInstant(
  command: EvalCommand,
  engine: Engine,
  reader: SeriesReader,
): Promise<string | undefined> {
  const atMs = command.expectation.rangeVector?.endMs ?? command.startMs;
  const runs = [{ expr: command.expr, timeMs: atMs }, ...pinned(command.expr, atMs)];
  for (const [i, { expr, timeMs }] of runs.entries()) {
    const run = await attempt(() => engine.instant(expr, { reader, timeMs }));
    const times = command.expectation.rangeVector ?? { startMs: timeMs, stepMs: 0 };
    const wrong = judge(command, run, (value) => compareValue(value, command.expectation, times));
    const where = i === 0 ? '' : `pinned (${expr} at ${timeMs}): `;
    if (wrong) return `${where}${wrong}`;
    if ('error' in run) continue;
    const asRange = await runAsRange(command, run.result.value, { expr, timeMs, engine, reader });
    if (asRange) return `${where}as range: ${asRange}`;
  }
  return undefined;
}

interface AsRange {
  readonly expr: string;
  readonly timeMs: number;
  readonly engine: Engine;
  readonly reader: SeriesReader;
}

async function runAsRange(
  { expectation }: EvalCommand,
  instant: QueryValue,
  { expr, timeMs, engine, reader }: AsRange,
): Promise<string | undefined> {
  if (expectation.rangeVector || expectation.text !== undefined || /(start|end|range|step)\(\)/.test(expr)) {
    return undefined;
  }
  const options = { reader, startMs: timeMs - 60_000, endMs: timeMs + 60_000, stepMs: 60_000 };
  const run = await attempt(() => engine.range(expr, options));
  if ('error' in run) return run.error;
  // A range query has an order of its own.
  if (expectation.ordered) return undefined;
  const samples = (run.result.value as { series: readonly MatrixSeries[] }).series.flatMap((series) =>
    sampleAt(series, timeMs),
  );
  const value: QueryValue =
    instant.type === 'scalar'
      ? { type: 'scalar', timeMs, value: samples[0]!.value }
      : { type: 'vector', samples };
  return compareValue(value, expectation, { startMs: timeMs, stepMs: 0 });
}

function sampleAt({ labels, times, values, histograms }: MatrixSeries, timeMs: number): VectorSample[] {
  const index = times.indexOf(timeMs);
  if (index >= 0) return [{ labels, timeMs, value: values[index]! }];
  const point = histograms.find((candidate) => candidate.timeMs === timeMs);
  return point ? [{ labels, timeMs, value: Number.NaN, histogram: point.histogram }] : [];
}

type Run = { readonly result: QueryResult } | { readonly error: string };

async function attempt(run: () => Promise<QueryResult>): Promise<Run> {
  try {
    return { result: await run() };
  } catch (error) {
    const isOwn = (error as Error).name === 'PermanentError';
    return { error: isOwn ? (error as Error).message : `crash: ${(error as Error).stack}` };
  }
}

function judge(
  { expectation }: EvalCommand,
  run: Run,
  compare: (value: QueryValue) => string | undefined,
): string | undefined {
  if ('error' in run) {
    if (!expectation.fails || run.error.startsWith('crash')) return `error: ${run.error}`;
    const unmet = expectation.failure.find((check) => !check.matches(run.error));
    return unmet && `expected the error ${unmet.text}, got ${run.error}`;
  }
  if (expectation.fails) return 'expected an error, got a result';
  const { warnings, infos, value } = run.result;
  if (expectation.anyWarning && warnings.length === 0) return 'expected a warning';
  if (expectation.anyInfo && infos.length === 0) return 'expected an info';
  if (expectation.noWarning && warnings.length > 0) return `unexpected warning ${warnings[0]}`;
  if (expectation.noInfo && infos.length > 0) return `unexpected info ${infos[0]}`;
  return (
    compareTexts('warning', warnings, expectation.warnings) ??
    compareTexts('info', infos, expectation.infos) ??
    compare(value)
  );
}

/** Where some are expected, all have to be. */
function compareTexts(
  kind: string,
  actual: readonly string[],
  checks: readonly TextCheck[],
): string | undefined {
  if (checks.length === 0) return undefined;
  const unmet = checks.find((check) => !actual.some((text) => check.matches(text)));
  if (unmet) return `expected ${kind} ${unmet.text}, got ${JSON.stringify(actual)}`;
  const extra = actual.find((text) => !checks.some((check) => check.matches(text)));
  return extra && `unexpected ${kind} ${extra}`;
}

function pinned(query: string, atMs: number): { expr: string; timeMs: number }[] {
  let expr: Expr;
  try {
    expr = parseExpression(query, ALL_FEATURES);
  } catch {
    return [];
  }
  if (callsAny(expr, new Set([...TIME_DEPENDENT_FUNCTIONS, ...QUERY_FUNCTIONS]))) return [];
  const text = printExpression(pin(expr, atMs));
  const times = atMs === 0 ? [-1000, 0, 1000] : [-10 * atMs, 0, Math.trunc(atMs / 5), atMs, 10 * atMs];
  return times.map((timeMs) => ({ expr: text, timeMs: timeMs + 0 }));
}

/** Outside `@`-pinned subqueries, which fix the time of all that they hold. */
function callsAny(expr: Expr, names: ReadonlySet<string>): boolean {
  if (expr.kind === 'call' && names.has(expr.func.name)) return true;
  return childrenOf(expr).some((child) => callsAny(child, names));
}

function pin(expr: Expr, ms: number): Expr {
  const at = { kind: 'time', ms } as const;
  switch (expr.kind) {
    case 'vector-selector':
      return expr.at?.kind === 'time' ? expr : { ...expr, at };
    case 'matrix-selector':
      return { ...expr, selector: pin(expr.selector, ms) as typeof expr.selector };
    case 'subquery':
      return expr.at?.kind === 'time' ? expr : { ...expr, at };
    case 'paren':
    case 'unary':
      return { ...expr, expr: pin(expr.expr, ms) };
    case 'binary':
      return { ...expr, left: pin(expr.left, ms), right: pin(expr.right, ms) };
    case 'aggregate':
      return { ...expr, expr: pin(expr.expr, ms), parameter: expr.parameter && pin(expr.parameter, ms) };
    case 'call':
      return { ...expr, args: expr.args.map((arg) => pin(arg, ms)) };
    default:
      return expr;
  }
}
