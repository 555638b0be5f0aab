/** Parses LogQL: log queries, and metric queries over them. */
import {
  AGGREGATIONS,
  type Aggregation,
  type BinaryOperator,
  type Grouping,
  type LogqlExpr,
  type LogSelector,
  type MetricExpr,
  RANGE_OPERATIONS,
  type RangeOperation,
  type Stage,
  type Unwrap,
  type VectorMatching,
} from './ast.ts';
import { parsePipeline } from './parse-pipeline.ts';
import { checkRegex, parseSelector } from './parse-selector.ts';
import { createTokenReader, type TokenReader } from './token-reader.ts';

const PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '>': 3,
  '>=': 3,
  '<': 3,
  '<=': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  '^': 6,
}; // prettier-ignore

const NEEDS_UNWRAP: ReadonlySet<RangeOperation> = new Set<RangeOperation>([
  'sum_over_time',
  'avg_over_time',
  'min_over_time',
  'max_over_time',
  'stddev_over_time',
  'stdvar_over_time',
  'quantile_over_time',
  'first_over_time',
  'last_over_time',
  'rate_counter',
]); // prettier-ignore
const NEVER_UNWRAPS: ReadonlySet<RangeOperation> = new Set<RangeOperation>([
  'count_over_time',
  'bytes_rate',
  'bytes_over_time',
]);
const MAX_DEPTH = 100;

/** @throws LogqlError with line and column */
export function parseLogql(source: string): LogqlExpr {
  const reader = createTokenReader(source);
  const expr = parseExpr(reader, 0, 0);
  if (reader.peek().kind !== 'end') throw reader.unexpected();
  return expr;
}

function parseExpr(reader: TokenReader, least: number, depth: number): LogqlExpr {
  if (depth > MAX_DEPTH) throw reader.fail(reader.peek().offset, 'the expression is nested too deeply');
  let left = parseOperand(reader, depth);
  for (;;) {
    const token = reader.peek();
    const operator = token.text as BinaryOperator;
    const precedence = token.kind === 'operator' || token.kind === 'name' ? PRECEDENCE[operator] : undefined;
    if (precedence === undefined || precedence < least) return left;
    reader.next();
    const isBool = reader.acceptName('bool');
    const matching = parseMatching(reader);
    // `^` binds to the right, the others to the left.
    const right = parseExpr(reader, operator === '^' ? precedence : precedence + 1, depth + 1);
    if (left.kind === 'logs' || right.kind === 'logs') {
      throw reader.fail(
        token.offset,
        `unexpected type for ${left.kind === 'logs' ? 'left' : 'right'} leg of binary operation (${operator}): a log query`,
      );
    }
    if (
      (operator === 'or' || operator === 'and' || operator === 'unless') &&
      (isScalar(left) || isScalar(right))
    ) {
      throw reader.fail(
        token.offset,
        `unexpected literal for a leg of logical/set binary operation (${operator})`,
      );
    }
    left = { kind: 'binary', operator, left, right, isBool, ...(matching === undefined ? {} : { matching }) };
  }
}

function isScalar(expr: MetricExpr): boolean {
  return expr.kind === 'number';
}

function parseOperand(reader: TokenReader, depth: number): LogqlExpr {
  const token = reader.peek();
  if (token.kind === 'number') return { kind: 'number', value: reader.next().value };
  if (reader.isOperator('-') || reader.isOperator('+')) {
    const sign = reader.next().text === '-' ? -1 : 1;
    return { kind: 'number', value: sign * reader.expectKind('number').value };
  }
  if (reader.isOperator('{')) return parseLogs(reader);
  if (reader.accept('(')) {
    const inner = parseExpr(reader, 0, depth + 1);
    reader.expect(')');
    return inner.kind === 'logs' ? { ...inner, stages: [...inner.stages, ...stagesOnly(reader)] } : inner;
  }
  if (token.kind !== 'name') throw reader.unexpected();
  const name = token.text;
  if ((RANGE_OPERATIONS as readonly string[]).includes(name)) return parseRange(reader);
  if ((AGGREGATIONS as readonly string[]).includes(name)) return parseAggregation(reader, depth);
  if (name === 'vector') {
    reader.next();
    reader.expect('(');
    const value = parseNumber(reader);
    reader.expect(')');
    return { kind: 'vector', value };
  }
  if (name === 'label_replace') return parseLabelReplace(reader, depth);
  throw reader.unexpected();
}

function parseLogs(reader: TokenReader): LogSelector {
  const matchers = parseSelector(reader);
  return { kind: 'logs', matchers, stages: stagesOnly(reader) };
}

function stagesOnly(reader: TokenReader): readonly Stage[] {
  const { stages, unwrap } = parsePipeline(reader);
  if (unwrap !== undefined)
    throw reader.fail(unwrap.offset, 'unwrap is only allowed inside a range aggregation');
  return stages;
}

/** `rate({…} | … [5m] offset 1m) by (…)`; the range may also stand before the pipeline. */
function parseRange(reader: TokenReader): MetricExpr {
  const { text, offset } = reader.next();
  const operation = text as RangeOperation;
  reader.expect('(');
  let parameter: number | undefined;
  if (operation === 'quantile_over_time') {
    parameter = parseNumber(reader);
    reader.expect(',');
  }
  const { selector, unwrap, rangeMs, offsetMs } = parseRangedLogs(reader);
  reader.expect(')');
  const grouping = parseGrouping(reader);
  if (NEEDS_UNWRAP.has(operation) && unwrap === undefined) {
    throw reader.fail(offset, `invalid aggregation ${operation} without unwrap`);
  }
  if (NEVER_UNWRAPS.has(operation) && unwrap !== undefined) {
    throw reader.fail(offset, `invalid aggregation ${operation} with unwrap`);
  }
  if (grouping !== undefined && unwrap === undefined) {
    throw reader.fail(offset, `grouping not allowed for ${operation} aggregation`);
  }
  return {
    kind: 'range',
    operation,
    selector,
    rangeMs,
    offsetMs,
    ...(unwrap === undefined ? {} : { unwrap }),
    ...(parameter === undefined ? {} : { parameter }),
    ...(grouping === undefined ? {} : { grouping }),
  };
}

interface RangedLogs {
  readonly selector: LogSelector;
  readonly unwrap: Unwrap | undefined;
  readonly rangeMs: number;
  readonly offsetMs: number;
}

function parseRangedLogs(reader: TokenReader): RangedLogs {
  if (reader.accept('(')) {
    const inner = parseRangedLogs(reader);
    reader.expect(')');
    return inner;
  }
  const matchers = parseSelector(reader);
  const before = reader.isOperator('[') ? parseDuration(reader) : undefined;
  let offsetMs = before === undefined ? 0 : parseOffset(reader);
  const { stages, unwrap } = parsePipeline(reader);
  const rangeMs = before ?? parseDuration(reader);
  if (before === undefined) offsetMs = parseOffset(reader);
  const selector: LogSelector = { kind: 'logs', matchers, stages };
  return { selector, unwrap: unwrap?.unwrap, rangeMs, offsetMs };
}

function parseDuration(reader: TokenReader): number {
  reader.expect('[');
  const { value, offset } = reader.expectKind('duration');
  reader.expect(']');
  if (value <= 0) throw reader.fail(offset, 'the range must be longer than nothing');
  return value;
}

function parseOffset(reader: TokenReader): number {
  if (!reader.acceptName('offset')) return 0;
  const sign = reader.accept('-') ? -1 : 1;
  return sign * reader.expectKind('duration').value;
}

/** `sum by (a) (…)`, `sum(…) by (a)`, `topk(3, …)`. */
function parseAggregation(reader: TokenReader, depth: number): MetricExpr {
  const { text } = reader.next();
  const operation = text as Aggregation;
  let grouping = parseGrouping(reader);
  reader.expect('(');
  let parameter: number | undefined;
  if (operation === 'topk' || operation === 'bottomk') {
    const { offset } = reader.peek();
    parameter = parseNumber(reader);
    if (!Number.isInteger(parameter) || parameter < 1) {
      throw reader.fail(offset, `invalid parameter (must be greater than 0) ${operation}(${parameter})`);
    }
    reader.expect(',');
  }
  const { offset } = reader.peek();
  const expr = parseExpr(reader, 0, depth + 1);
  if (expr.kind === 'logs')
    throw reader.fail(offset, `unexpected type: ${operation} needs a metric query, not a log query`);
  reader.expect(')');
  grouping ??= parseGrouping(reader);
  return {
    kind: 'aggregation',
    operation,
    expr,
    ...(parameter === undefined ? {} : { parameter }),
    ...(grouping === undefined ? {} : { grouping }),
  };
}

interface Argument {
  readonly text: string;
  readonly at: number;
}

function parseLabelReplace(reader: TokenReader, depth: number): MetricExpr {
  reader.next();
  reader.expect('(');
  const { offset } = reader.peek();
  const expr = parseExpr(reader, 0, depth + 1);
  if (expr.kind === 'logs') throw reader.fail(offset, 'label_replace needs a metric query');
  const [target, replacement, source, regex] = Array.from({ length: 4 }, () => {
    reader.expect(',');
    const { text, offset: at } = reader.expectKind('string');
    return { text, at };
  }) as [Argument, Argument, Argument, Argument];
  reader.expect(')');
  checkRegex(reader, regex.text, regex.at);
  return {
    kind: 'label_replace',
    expr,
    target: target.text,
    replacement: replacement.text,
    source: source.text,
    regex: regex.text,
  };
}

function parseGrouping(reader: TokenReader): Grouping | undefined {
  const isWithout = reader.isName('without');
  if (!isWithout && !reader.isName('by')) return undefined;
  reader.next();
  return { isWithout, labels: parseNames(reader) };
}

function parseNames(reader: TokenReader): readonly string[] {
  reader.expect('(');
  const names: string[] = [];
  while (!reader.isOperator(')')) {
    names.push(reader.expectKind('name').text);
    if (!reader.accept(',')) break;
  }
  reader.expect(')');
  return names;
}

function parseMatching(reader: TokenReader): VectorMatching | undefined {
  const isOn = reader.isName('on');
  if (!isOn && !reader.isName('ignoring')) return undefined;
  reader.next();
  const labels = parseNames(reader);
  const group = reader.acceptName('group_left')
    ? 'left'
    : reader.acceptName('group_right')
      ? 'right'
      : undefined;
  const include = group !== undefined && reader.isOperator('(') ? parseNames(reader) : [];
  return { isOn, labels, include, ...(group === undefined ? {} : { group }) };
}

function parseNumber(reader: TokenReader): number {
  const sign = reader.accept('-') ? -1 : reader.accept('+') ? 1 : 1;
  return sign * reader.expectKind('number').value;
}
