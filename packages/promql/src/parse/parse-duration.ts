/** Durations of ranges, steps and offsets: `5m`, `300`, and with the feature on `2*(step()+30s)`. */
import { goQuote } from '../model/go-quote.ts';
import type { Duration, DurationExpr, NumberLiteral } from './ast.ts';
import { parseDurationText } from './duration-text.ts';
import type { PositionRange } from './position.ts';
import { parseNumber } from './scan-number.ts';
import { SyntaxFault } from './syntax-error.ts';
import type { Token } from './token.ts';
import type { TokenStream } from './token-stream.ts';

/** Seconds that still fit an int64 of nanoseconds, the width of a duration in Prometheus. */
const MAX_DURATION_SECONDS = 2 ** 63 / 1e9;

const PRECEDENCE: Readonly<Record<string, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2, '^': 4 };
const UNARY_PRECEDENCE = 2;

export interface DurationOptions {
  readonly allowsExpressions: boolean;
  /** What the caller says about a token that starts no duration. */
  unexpected(): never;
}

/** A number or duration token as a literal of seconds. */
export function numberLiteral(token: Token): NumberLiteral {
  const position = { start: token.start, end: token.end };
  if (token.kind === 'duration') {
    const parsed = parseDurationText(token.text);
    if (typeof parsed === 'string') throw new SyntaxFault(position, parsed);
    return { kind: 'number', value: parsed.ms / 1000, isDuration: true, position };
  }
  const value = parseNumber(token.text);
  if (value === undefined) {
    throw new SyntaxFault(
      position,
      `error parsing number: strconv.ParseFloat: parsing ${goQuote(token.text)}: invalid syntax`,
    );
  }
  if (!Number.isFinite(value) && /\d/.test(token.text)) {
    throw new SyntaxFault(
      position,
      `error parsing number: strconv.ParseFloat: parsing ${goQuote(token.text)}: value out of range`,
    );
  }
  return { kind: 'number', value, isDuration: false, position };
}

/** A duration that has to be positive: that of a range or a step. */
export function parsePositiveDuration(stream: TokenStream, options: DurationOptions): Duration {
  const duration = parseDuration(stream, options, 0);
  if (duration.kind === 'number' && !(duration.value > 0)) {
    throw new SyntaxFault(duration.position, 'duration must be greater than 0');
  }
  return duration;
}

/**
 * A duration behind `offset`. Only a parenthesis starts an expression with operators: `offset 2 ^ 2` is
 * `(… offset 2) ^ 2`, as in Prometheus.
 */
export function parseOffsetDuration(stream: TokenStream, options: DurationOptions): Duration {
  if (stream.is('(')) return parseDuration(stream, options, 0);
  if (stream.is('+') || stream.is('-')) {
    const sign = stream.next();
    return negateIf(sign, stream.is('(') ? parseOperand(stream, options) : parseAtom(stream, options));
  }
  return parseAtom(stream, options);
}

function parseDuration(stream: TokenStream, options: DurationOptions, floor: number): Duration {
  let left = parseOperand(stream, options);
  for (;;) {
    const token = stream.peek();
    const precedence = token.kind === 'operator' ? (PRECEDENCE[token.text] ?? 0) : 0;
    if (precedence <= floor) return left;
    stream.next();
    requireExpressions(options, left.position);
    // `^` groups to the right, the others to the left.
    const right = parseDuration(stream, options, token.text === '^' ? precedence - 1 : precedence);
    if (right.kind === 'number' && right.value === 0 && (token.text === '/' || token.text === '%')) {
      throw new SyntaxFault(token, token.text === '/' ? 'division by zero' : 'modulo by zero');
    }
    left = {
      kind: 'duration',
      operator: token.text as DurationExpr['operator'],
      left,
      right,
      isWrapped: false,
      position: { start: left.position.start, end: right.position.end },
    };
  }
}

function parseOperand(stream: TokenStream, options: DurationOptions): Duration {
  if (stream.is('+') || stream.is('-')) {
    const sign = stream.next();
    return negateIf(sign, parseDuration(stream, options, UNARY_PRECEDENCE));
  }
  if (!stream.is('(')) return parseAtom(stream, options);
  const open = stream.next();
  const inner = parseDuration(stream, options, 0);
  if (!stream.is(')')) options.unexpected();
  const close = stream.next();
  requireExpressions(options, inner.position);
  if (inner.kind === 'duration') return { ...inner, isWrapped: true };
  const position = { start: open.start, end: close.end };
  return { kind: 'duration', operator: '+', left: undefined, right: inner, isWrapped: true, position };
}

function parseAtom(stream: TokenStream, options: DurationOptions): Duration {
  const token = stream.peek();
  if (token.kind === 'number' || token.kind === 'duration') {
    stream.next();
    return inRange(numberLiteral(token), token);
  }
  if (token.kind !== 'preprocessor' || token.word === 'start' || token.word === 'end') options.unexpected();
  stream.next();
  if (!stream.take('(')) options.unexpected();
  let left: Duration | undefined;
  let right: Duration | undefined;
  if (token.word === 'min_of' || token.word === 'max_of') {
    left = parseDuration(stream, options, 0);
    if (!stream.take(',')) options.unexpected();
    right = parseDuration(stream, options, 0);
  }
  if (!stream.take(')')) options.unexpected();
  const position = { start: token.start, end: stream.lastClosing() };
  requireExpressions(options, position);
  return {
    kind: 'duration',
    operator: token.word as DurationExpr['operator'],
    left,
    right,
    isWrapped: false,
    position,
  };
}

function negateIf(sign: Token, operand: Duration): Duration {
  const position = { start: sign.start, end: operand.position.end };
  if (operand.kind === 'number') {
    return inRange({ ...operand, value: sign.text === '-' ? -operand.value : operand.value, position }, sign);
  }
  if (sign.text === '+') return operand;
  return { kind: 'duration', operator: '-', left: undefined, right: operand, isWrapped: false, position };
}

function inRange(literal: NumberLiteral, place: PositionRange): NumberLiteral {
  if (Math.abs(literal.value) <= MAX_DURATION_SECONDS) return literal;
  throw new SyntaxFault({ start: place.start, end: place.end }, 'duration out of range');
}

function requireExpressions(options: DurationOptions, position: PositionRange): void {
  if (!options.allowsExpressions) {
    throw new SyntaxFault(position, 'experimental duration expression is not enabled');
  }
}
