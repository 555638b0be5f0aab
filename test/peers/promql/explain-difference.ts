/**
 * Why two releases of Prometheus answer differently. Each reason is a documented change, and each is
 * tested: a difference counts as explained only when undoing the change makes the answers equal. A
 * difference of a whole is explained by those of its parts.
 */
import type { Duration, Expr, NumberLiteral } from '@sluice/promql/parse/ast';
import { isComparison, valueTypeOf, withoutParens } from '@sluice/promql/parse/ast';
import { ALL_FEATURES, parseExpression } from '@sluice/promql/parse/parse-expression';
import { printExpression } from '@sluice/promql/parse/print-expression';
import type { Ask } from './ask.ts';
import { type Answer, differenceOf, type Tolerance } from './compare-answers.ts';
import { askOlder } from './older-names.ts';
import { extrapolatedBefore } from './older-rate.ts';
import { type Times, toPath } from './questions.ts';

export interface Servers {
  readonly sluice: Ask;
  /** Prometheus 2.42. */
  readonly older: Ask;
}

/** Change by change, with the release that made it. */
export const REASONS = {
  leftOpen: 'windows and lookback are open to the left (3.0)',
  dotMatchesNewline: 'a dot matches a newline (3.0)',
  newerLanguage: 'functions, aggregations and notations that did not exist (2.43 to 3.14)',
  extrapolation:
    'a counter is extrapolated to zero only from within half an interval where its first sample is far from the border (2.51)',
  nonFiniteDeviation: 'stddev and stdvar of a value that is not finite are NaN (3.0)',
  nonFiniteDate:
    'the date of a time that is not finite is NaN; in Go it depends on the processor (all releases)',
  atan2Name: 'atan2 drops the name as other arithmetic does (3.x)',
  predictAt: 'predict_linear with @ in a range query looks at one window (2.51)',
  filteredMatches: 'several matches are an error also where a comparison filters them out (3.9)',
  delayedName: 'the name is dropped at the end of a query (2.55, promql-delayed-name-removal)',
  lastDigit:
    'sums and means are compensated (2.54, 2.55): where values are told apart exactly, their last digit decides',
} as const;

export type Reason = keyof typeof REASONS;

interface Case {
  readonly expr: Expr;
  readonly times: Times;
  readonly servers: Servers;
}

interface Own extends Case {
  readonly ours: Answer;
  readonly theirs: Answer;
}

const EXACT: Tolerance = { relative: 0, ofLargest: 0 };

/** Windows wider by a millisecond change rates a little. */
const WIDENED: Tolerance = { relative: 1e-4, ofLargest: 1e-4 };

/** The reasons, or what could not be explained. */
export async function explainDifference(
  query: string,
  times: Times,
  servers: Servers,
): Promise<{ readonly reasons: ReadonlySet<Reason> } | { readonly unexplained: string }> {
  try {
    const expr = parseExpression(pinned(query, times), ALL_FEATURES);
    if (await isNewerLanguage(query, times, servers)) return { reasons: new Set(['newerLanguage']) };
    const reasons = await reasonsOf({ expr, times, servers });
    if (reasons.size === 0) return { unexplained: 'differs only as it is written' };
    return { reasons };
  } catch (error) {
    return { unexplained: (error as Error).message };
  }
}

/** The older parser refuses what the newer one understands. Random queries hold nothing of the kind. */
async function isNewerLanguage(query: string, times: Times, { sluice, older }: Servers): Promise<boolean> {
  const ours = await sluice(toPath(query, times));
  const theirs = await askOlder(older, query, times);
  return ours.status === 200 && theirs.body.errorType === 'bad_data';
}

/** Parts are asked for other times than the whole: its start and end are written out. */
function pinned(query: string, times: Times): string {
  const [start, end] = times.kind === 'instant' ? [times.time, times.time] : [times.start, times.end];
  return query.replaceAll('@ start()', `@ ${start}`).replaceAll('@ end()', `@ ${end}`);
}

async function reasonsOf(whole: Case): Promise<ReadonlySet<Reason>> {
  const { expr, times, servers } = whole;
  const text = printExpression(expr);
  const ours = await servers.sluice(toPath(text, times));
  const theirs = await askOlder(servers.older, text, times);
  const difference = differenceOf(ours, theirs);
  if (difference === undefined) return new Set();
  const own = { ...whole, ours, theirs };
  const direct = await directReason(own);
  if (direct) return new Set([direct]);
  const found = new Set<Reason>();
  for (const part of partsOf(whole)) for (const reason of await reasonsOf(part)) found.add(reason);
  if (found.size === 0) throw new Error(`${text} ${JSON.stringify(times)}: ${difference}`);
  return found;
}

/** What a node is computed from, with the times it is needed at. */
function partsOf({ expr, times, servers }: Case): Case[] {
  const operands =
    expr.kind === 'binary'
      ? [expr.left, expr.right]
      : expr.kind === 'aggregate'
        ? [expr.expr]
        : expr.kind === 'call'
          ? expr.args
          : expr.kind === 'paren' || expr.kind === 'unary'
            ? [expr.expr]
            : [];
  return operands.flatMap((operand) => {
    const plain = withoutParens(operand);
    if (plain.kind === 'number' || plain.kind === 'string' || plain.kind === 'matrix-selector') return [];
    if (plain.kind !== 'subquery') return [{ expr: plain, times, servers }];
    return [{ expr: plain.expr, times: innerTimes(plain, times), servers }];
  });
}

function instantsOf(times: Times): number[] {
  if (times.kind === 'instant') return [times.time];
  const count = Math.floor((times.end - times.start) / times.step) + 1;
  return Array.from({ length: count }, (_, i) => times.start + i * times.step);
}

/** All points that a subquery needs. */
function innerTimes({ range, step, offset, at }: Extract<Expr, { kind: 'subquery' }>, times: Times): Times {
  const seconds = (duration: Duration | undefined, fallback: number): number =>
    duration ? (duration as NumberLiteral).value : fallback;
  const instants = at?.kind === 'time' ? [at.ms / 1000] : instantsOf(times);
  const every = seconds(step, 60);
  const first = Math.ceil((instants[0]! - seconds(offset, 0) - seconds(range, 0)) / every) * every;
  const last = Math.floor((instants.at(-1)! - seconds(offset, 0)) / every) * every;
  return { kind: 'range', start: first, end: Math.max(first, last), step: every };
}

async function directReason(own: Own): Promise<Reason | undefined> {
  for (const [reason, holds] of CHECKS) if (await holds(own)) return reason;
  return undefined;
}

type Check = (own: Own) => Promise<boolean> | boolean;

const CHECKS: readonly (readonly [Reason, Check])[] = [
  ['nonFiniteDeviation', (own) => isDeviation(own.expr) && hasNonFiniteOperand(own)],
  ['nonFiniteDate', (own) => isDate(own.expr) && hasNonFiniteOperand(own)],
  [
    'atan2Name',
    ({ expr, ours, theirs }) =>
      expr.kind === 'binary' && expr.operator === 'atan2' && !differenceOf(ours, withoutNames(theirs)),
  ],
  ['delayedName', isDelayedName],
  ['dotMatchesNewline', isDotNewline],
  ['predictAt', isPredictAt],
  ['filteredMatches', isFilteredMatch],
  ['lastDigit', isLastDigit],
  ['leftOpen', isLeftOpen],
  ['extrapolation', isExtrapolation],
];

const SAME_LABELS = 'vector cannot contain metrics with the same labelset';

/**
 * Grouped by a name that is still there, two groups end with the same labels; series that only their names
 * tell apart are one too many for the older release, although they are aggregated next.
 */
async function isDelayedName({ expr, times, servers, ours, theirs }: Own): Promise<boolean> {
  if (expr.kind === 'aggregate' && expr.grouping.includes('__name__')) {
    const grouping = expr.grouping.filter((name) => name !== '__name__');
    const ungrouped = await servers.sluice(toPath(printExpression({ ...expr, grouping }), times));
    return ours.body.error === SAME_LABELS && !differenceOf(ungrouped, withoutNames(theirs));
  }
  if (ours.status !== 200 || theirs.body.error !== SAME_LABELS) return false;
  for (const part of partsOf({ expr, times, servers })) {
    const { body } = await servers.sluice(toPath(printExpression(part.expr), part.times));
    const result = (body.data?.result ?? []) as readonly { metric: Record<string, string> }[];
    const unnamed = result.map(({ metric: { __name__: _, ...labels } }) =>
      JSON.stringify(Object.entries(labels).sort()),
    );
    if (new Set(unnamed).size < unnamed.length) return true;
  }
  return false;
}

/** The operands are equal as far as arithmetic allows, but not to the digit. */
async function isLastDigit(own: Own): Promise<boolean> {
  const { expr } = own;
  const isExact =
    (expr.kind === 'call' && ['changes', 'resets'].includes(expr.func.name)) ||
    (expr.kind === 'aggregate' && expr.operator === 'count_values') ||
    (expr.kind === 'binary' && isComparison(expr.operator));
  let hasDigits = false;
  for (const { expr: part, times, servers } of isExact ? partsOf(own) : []) {
    const text = printExpression(part);
    const ours = await servers.sluice(toPath(text, times));
    const theirs = await askOlder(servers.older, text, times);
    if (differenceOf(ours, theirs)) return false;
    hasDigits ||= differenceOf(ours, theirs, EXACT) !== undefined;
  }
  return hasDigits;
}

/** With windows and lookback a millisecond longer, a sample on the left border is inside. */
async function isLeftOpen({ expr, times, servers, theirs }: Own): Promise<boolean> {
  const extra = { lookback_delta: '300.001' };
  const closed = await servers.sluice(toPath(printExpression(widened(expr)), times, extra));
  return differenceOf(closed, theirs, WIDENED) === undefined;
}

function widened<T>(node: T): T {
  if (Array.isArray(node)) return node.map(widened) as T;
  if (typeof node !== 'object' || node === null) return node;
  const copy: Record<string, unknown> = Object.fromEntries(
    Object.entries(node).map(([name, value]) => [name, name === 'matchers' ? value : widened(value)]),
  );
  if (copy.kind === 'matrix-selector' || copy.kind === 'subquery') {
    const range = copy.range as NumberLiteral;
    copy.range = { ...range, value: range.value + 0.001 };
  }
  return copy as T;
}

async function isDotNewline({ expr, times, servers, ours }: Own): Promise<boolean> {
  if (expr.kind !== 'vector-selector') return false;
  const text = printExpression(expr).replaceAll(/([=!]~)"((?:[^"\\]|\\.)*)"/g, '$1"(?s:$2)"');
  return differenceOf(ours, await servers.older(toPath(text, times))) === undefined;
}

/** Each instant alone is answered alike. */
async function isPredictAt({ expr, times, servers }: Own): Promise<boolean> {
  if (expr.kind !== 'call' || expr.func.name !== 'predict_linear' || times.kind === 'instant') return false;
  const text = printExpression(expr);
  if (!text.includes('@')) return false;
  for (const time of instantsOf(times)) {
    const path = toPath(text, { kind: 'instant', time });
    if (differenceOf(await servers.sluice(path), await servers.older(path))) return false;
  }
  return true;
}

/** Where nothing is filtered (`bool`) the older one sees the several matches too. */
async function isFilteredMatch({ expr, times, servers, ours }: Own): Promise<boolean> {
  if (expr.kind !== 'binary' || !ours.body.error?.startsWith('multiple matches for labels')) return false;
  const unfiltered = printExpression({ ...expr, returnBool: true });
  return differenceOf(ours, await askOlder(servers.older, unfiltered, times)) === undefined;
}

/** The older formula over the samples of each window gives the older answer. */
async function isExtrapolation({ expr, times, servers, theirs }: Own): Promise<boolean> {
  if (expr.kind !== 'call' || !['rate', 'increase'].includes(expr.func.name)) return false;
  const range = withoutParens(expr.args[0]!);
  if (range.kind !== 'matrix-selector') return false;
  const expected = await extrapolatedBefore(range, {
    isRate: expr.func.name === 'rate',
    instants: instantsOf(times),
    isRange: times.kind === 'range',
    ask: servers.older,
  });
  return differenceOf(expected, theirs) === undefined;
}

function isDeviation(expr: Expr): boolean {
  return expr.kind === 'aggregate' && ['stddev', 'stdvar'].includes(expr.operator);
}

function isDate(expr: Expr): boolean {
  return expr.kind === 'call' && ['hour', 'day_of_week', 'minute', 'month', 'year'].includes(expr.func.name);
}

async function hasNonFiniteOperand(own: Own): Promise<boolean> {
  for (const { expr, times, servers } of partsOf(own)) {
    if (valueTypeOf(expr) !== 'vector') continue;
    const { body } = await servers.sluice(toPath(printExpression(expr), times));
    if (/"(NaN|[+-]Inf)"/.test(JSON.stringify(body.data))) return true;
  }
  return false;
}

function withoutNames(answer: Answer): Answer {
  const { data } = answer.body;
  if (!data || !Array.isArray(data.result)) return answer;
  const result = data.result.map((series: { metric?: Record<string, string> }) => {
    const { __name__: _, ...metric } = series.metric ?? {};
    return { ...series, metric };
  });
  return { ...answer, body: { ...answer.body, data: { ...data, result } } };
}
