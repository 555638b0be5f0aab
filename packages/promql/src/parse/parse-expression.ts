/**
 * The parser: operator precedence (Pratt), one token of look-ahead, and Prometheus' words for what is
 * wrong. Source of the grammar: Prometheus 3.14 querying documentation and its promqltest files.
 */
import { goQuote } from '../model/go-quote.ts';
import type { AggregateExpr, BinaryOperator, Expr } from './ast.ts';
import { checkTypes } from './check-types.ts';
import { FUNCTION_SIGNATURES } from './function-signatures.ts';
import { withAt, withExtension, withOffset } from './modifiers.ts';
import { binaryExpr, parseBinaryModifiers } from './parse-binary.ts';
import {
  type DurationOptions,
  numberLiteral,
  parseOffsetDuration,
  parsePositiveDuration,
} from './parse-duration.ts';
import { isMetricName, parseGroupingLabels, parseVectorSelector, stringValue } from './parse-selector.ts';
import { SyntaxFault, toQueryError } from './syntax-error.ts';
import type { Aggregator, Token } from './token.ts';
import { createTokenStream, type TokenStream } from './token-stream.ts';

export interface ParseOptions {
  /** Functions and aggregations that Prometheus keeps behind `promql-experimental-functions`. */
  readonly experimentalFunctions?: boolean;
  readonly durationExpressions?: boolean;
  /** `anchored` and `smoothed`. */
  readonly extendedRangeSelectors?: boolean;
  readonly fillModifiers?: boolean;
}

export const ALL_FEATURES: Required<ParseOptions> = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};

/** Deeper nesting is refused, so that no expression can exhaust the stack. */
const MAX_DEPTH = 200;

const PRECEDENCE: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '</': 3,
  '>/': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
};
const UNARY_PRECEDENCE = 5;
const AGGREGATORS_WITH_PARAMETER: ReadonlySet<string> = new Set([
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
]);

/** Throws QueryError `bad_data` with position and reason. The tree is type-checked. */
export function parseExpression(query: string, options: ParseOptions = {}): Expr {
  try {
    const stream = createTokenStream(query);
    if (stream.peek().kind === 'eof') {
      throw new SyntaxFault({ start: 0, end: 0 }, 'no expression found in input');
    }
    const expr = createParser(stream, options).expression(0);
    if (stream.peek().kind !== 'eof') stream.unexpected();
    checkTypes(expr, query);
    return expr;
  } catch (error) {
    if (error instanceof SyntaxFault) throw toQueryError(query, error);
    if (error instanceof RangeError) {
      throw toQueryError(
        query,
        new SyntaxFault({ start: 0, end: query.length }, 'expression is nested too deeply'),
      );
    }
    throw error;
  }
}

function createParser(stream: TokenStream, options: ParseOptions): { expression(floor: number): Expr } {
  let depth = 0;

  const expression = (floor: number): Expr => {
    if (++depth > MAX_DEPTH) {
      throw new SyntaxFault(stream.peek(), `expression is nested deeper than ${MAX_DEPTH} levels`);
    }
    let left = operand();
    for (;;) {
      const token = stream.peek();
      const precedence = token.kind === 'operator' ? (PRECEDENCE[token.word] ?? 0) : 0;
      if (precedence <= floor) break;
      stream.next();
      const operator = token.word as BinaryOperator;
      const modifiers = parseBinaryModifiers(stream, operator);
      const right = expression(operator === '^' ? precedence - 1 : precedence);
      left = binaryExpr(
        operator,
        { left, right },
        { ...modifiers, allowsFill: options.fillModifiers === true },
      );
    }
    depth--;
    return left;
  };

  const operand = (): Expr => {
    if (!stream.is('+') && !stream.is('-')) return withPostfix(primary());
    const sign = stream.next();
    const expr = expression(UNARY_PRECEDENCE);
    const position = { start: sign.start, end: expr.position.end };
    if (expr.kind === 'number') {
      return { ...expr, value: sign.text === '-' ? -expr.value : expr.value, position };
    }
    return { kind: 'unary', operator: sign.text as '+' | '-', expr, position };
  };

  const primary = (): Expr => {
    const token = stream.peek();
    if (token.kind === 'number' || token.kind === 'duration') return numberLiteral(stream.next());
    if (token.kind === 'string') {
      stream.next();
      return { kind: 'string', value: stringValue(token), position: { start: token.start, end: token.end } };
    }
    if (stream.is('{')) return parseVectorSelector(stream);
    if (stream.is('(')) return parenthesised();
    if (!isMetricName(token)) return stream.unexpected();
    stream.next();
    if (token.kind === 'aggregator') return aggregationOrSelector(token);
    if ((token.kind === 'identifier' || token.kind === 'preprocessor') && stream.is('(')) return call(token);
    return parseVectorSelector(stream, token);
  };

  const parenthesised = (): Expr => {
    const { start } = stream.next();
    const expr = expression(0);
    if (!stream.take(')')) stream.unexpected();
    return { kind: 'paren', expr, position: { start, end: stream.lastClosing() } };
  };

  const call = (name: Token): Expr => {
    const args = callArguments();
    const func = FUNCTION_SIGNATURES.get(name.text);
    if (!func) throw new SyntaxFault(name, `unknown function with name ${goQuote(name.text)}`);
    if (func.isExperimental && !options.experimentalFunctions) {
      throw new SyntaxFault(name, `function ${goQuote(name.text)} is not enabled`);
    }
    return { kind: 'call', func, args, position: { start: name.start, end: stream.lastClosing() } };
  };

  const callArguments = (): Expr[] => {
    stream.next();
    const args: Expr[] = [];
    if (stream.take(')')) return args;
    for (;;) {
      args.push(expression(0));
      if (stream.take(')')) return args;
      const comma = stream.peek();
      if (!stream.take(',')) stream.unexpected();
      if (stream.is(')')) throw new SyntaxFault(comma, 'trailing commas not allowed in function call args');
    }
  };

  const grouping = (): Pick<AggregateExpr, 'grouping' | 'isWithout'> => {
    const isWithout = stream.next().word === 'without';
    return { grouping: parseGroupingLabels(stream), isWithout };
  };

  const aggregationOrSelector = (name: Token): Expr => {
    let group: Pick<AggregateExpr, 'grouping' | 'isWithout'> | undefined;
    if (stream.is('by') || stream.is('without')) group = grouping();
    if (!stream.is('(')) {
      if (group) stream.unexpected('aggregation');
      return parseVectorSelector(stream, name);
    }
    const args = callArguments();
    if (!group && (stream.is('by') || stream.is('without'))) group = grouping();
    return aggregation(name, args, group ?? { grouping: [], isWithout: false });
  };

  const aggregation = (
    name: Token,
    args: readonly Expr[],
    group: Pick<AggregateExpr, 'grouping' | 'isWithout'>,
  ): Expr => {
    const operator = name.word as Aggregator;
    const position = { start: name.start, end: stream.lastClosing() };
    const fail = (message: string): never => {
      throw new SyntaxFault(position, message);
    };
    if (args.length === 0) fail('no arguments for aggregate expression provided');
    if (!options.experimentalFunctions && (operator === 'limitk' || operator === 'limit_ratio')) {
      fail(
        `${operator}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`,
      );
    }
    const wanted = AGGREGATORS_WITH_PARAMETER.has(operator) ? 2 : 1;
    if (args.length !== wanted) {
      fail(
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      );
    }
    const parameter = wanted === 2 ? args[0] : undefined;
    return { kind: 'aggregate', operator, expr: args[wanted - 1]!, parameter, ...group, position };
  };

  const durationOptions = (unexpected: () => never): DurationOptions => ({
    allowsExpressions: options.durationExpressions === true,
    unexpected,
  });

  const withPostfix = (start: Expr): Expr => {
    let expr = start;
    for (;;) {
      if (stream.is('[')) expr = rangeOrSubquery(expr);
      else if (stream.is('offset')) expr = offset(expr);
      else if (stream.is('@')) expr = at(expr);
      else if (stream.is('anchored') || stream.is('smoothed')) {
        const extension = stream.next().word as 'anchored' | 'smoothed';
        if (!options.extendedRangeSelectors) {
          throw new SyntaxFault(expr.position, `${extension} modifier is experimental and not enabled`);
        }
        expr = withExtension(expr, extension);
      } else return expr;
    }
  };

  const offset = (expr: Expr): Expr => {
    stream.next();
    const unexpected = (): never => stream.unexpected('offset', 'number, duration, step(), or range()');
    const duration = parseOffsetDuration(stream, durationOptions(unexpected));
    return withOffset(expr, duration, stream.lastClosing());
  };

  const at = (expr: Expr): Expr => {
    stream.next();
    if (stream.is('start') || stream.is('end')) {
      const kind = stream.next().word as 'start' | 'end';
      if (!stream.take('(') || !stream.take(')')) stream.unexpected('@', 'timestamp');
      return withAt(expr, { kind }, stream.lastClosing());
    }
    const sign = stream.is('-') || stream.is('+') ? stream.next().text : '+';
    const token = stream.peek();
    if (token.kind !== 'number' && token.kind !== 'duration') stream.unexpected('@', 'timestamp');
    stream.next();
    const magnitude = numberLiteral(token).value;
    const seconds = sign === '-' ? -magnitude : magnitude;
    if (!Number.isFinite(seconds) || Math.abs(seconds) >= 2 ** 63) {
      throw new SyntaxFault(
        expr.position,
        `timestamp out of bounds for @ modifier: ${formatSeconds(seconds)}`,
      );
    }
    return withAt(expr, { kind: 'time', ms: Math.round(seconds * 1000) }, stream.lastClosing());
  };

  const rangeOrSubquery = (expr: Expr): Expr => {
    const open = stream.next();
    const wanted = 'number, duration, step(), or range()';
    const range = parsePositiveDuration(
      stream,
      durationOptions(() => stream.unexpected('subquery or range selector', wanted)),
    );
    if (stream.take(':')) {
      const unexpected = (): never =>
        stream.unexpected('subquery selector', `${wanted.replace('or range', 'range')}, or "]"`);
      const step = stream.is(']') ? undefined : parsePositiveDuration(stream, durationOptions(unexpected));
      if (!stream.take(']')) stream.unexpected('subquery selector', '"]"');
      const position = { start: expr.position.start, end: stream.lastClosing() };
      return { kind: 'subquery', expr, range, step, offset: undefined, at: undefined, position };
    }
    if (!stream.take(']')) stream.unexpected('subquery or range', '":" or "]"');
    const brackets = { start: open.start, end: stream.lastClosing() };
    if (expr.kind !== 'vector-selector') {
      throw new SyntaxFault(brackets, 'ranges only allowed for vector selectors');
    }
    if (expr.offset) throw new SyntaxFault(brackets, 'no offset modifiers allowed before range');
    if (expr.at) throw new SyntaxFault(brackets, 'no @ modifiers allowed before range');
    const position = { start: expr.position.start, end: brackets.end };
    return { kind: 'matrix-selector', selector: expr, range, position };
  };

  return { expression };
}

function formatSeconds(seconds: number): string {
  if (Number.isNaN(seconds)) return 'NaN';
  return Number.isFinite(seconds) ? seconds.toFixed(6) : seconds > 0 ? '+Inf' : '-Inf';
}
