/** An expression back as text, on one line, as Prometheus normalises it. */

import { formatFixed, formatGeneral } from '../model/go-float.ts';
import { goQuote } from '../model/go-quote.ts';
import { quoteNameIfNeeded } from '../model/labels.ts';
import { formatMatcher } from '../model/matcher.ts';
import type {
  AggregateExpr,
  BinaryExpr,
  Duration,
  DurationExpr,
  Expr,
  NumberLiteral,
  TimeModifiers,
  VectorMatching,
  VectorSelector,
} from './ast.ts';
import { formatDuration } from './duration-text.ts';

export function printExpression(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return printNumber(expr);
    case 'string':
      return goQuote(expr.value);
    case 'vector-selector':
      return `${printMatchers(expr)}${printAt(expr)}${printExtension(expr)}${printOffset(expr)}`;
    case 'matrix-selector': {
      const { selector } = expr;
      const range = printDuration(expr.range);
      return `${printMatchers(selector)}[${range}]${printExtension(selector)}${printAt(selector)}${printOffset(selector)}`;
    }
    case 'subquery':
      return `${printExpression(expr.expr)}${printSubquerySuffix(expr)}`;
    case 'unary':
      return `${expr.operator}${printExpression(expr.expr)}`;
    case 'binary':
      return `${printExpression(expr.left)} ${printOperator(expr)} ${printExpression(expr.right)}`;
    case 'paren':
      return `(${printExpression(expr.expr)})`;
    case 'aggregate': {
      const args = expr.parameter ? [expr.parameter, expr.expr] : [expr.expr];
      return `${printAggregator(expr)}(${args.map(printExpression).join(', ')})`;
    }
    case 'call':
      return `${expr.func.name}(${expr.args.map(printExpression).join(', ')})`;
  }
}

export function printAggregator({ operator, grouping, isWithout }: AggregateExpr): string {
  if (isWithout) return `${operator} without (${printLabels(grouping)}) `;
  return grouping.length > 0 ? `${operator} by (${printLabels(grouping)}) ` : operator;
}

/** The operator with everything between it and the right side. */
export function printOperator({ operator, returnBool, matching }: BinaryExpr): string {
  return `${operator}${returnBool ? ' bool' : ''}${printMatching(matching)}`;
}

export function printSubquerySuffix(
  expr: TimeModifiers & { readonly range: Duration; readonly step: Duration | undefined },
): string {
  const step = expr.step ? printDuration(expr.step) : '';
  return `[${printDuration(expr.range)}:${step}]${printAt(expr)}${printOffset(expr)}`;
}

function printMatching({ cardinality, labels, isOn, include, fillLeft, fillRight }: VectorMatching): string {
  const isGrouped = cardinality === 'many-to-one' || cardinality === 'one-to-many';
  let text = '';
  if (labels.length > 0 || isOn || isGrouped) text += ` ${isOn ? 'on' : 'ignoring'} (${printLabels(labels)})`;
  if (isGrouped) {
    text += ` group_${cardinality === 'many-to-one' ? 'left' : 'right'} (${printLabels(include)})`;
  }
  if (fillLeft !== undefined && fillLeft === fillRight) return `${text} fill (${formatGeneral(fillLeft)})`;
  if (fillLeft !== undefined) text += ` fill_left (${formatGeneral(fillLeft)})`;
  if (fillRight !== undefined) text += ` fill_right (${formatGeneral(fillRight)})`;
  return text;
}

function printLabels(labels: readonly string[]): string {
  return labels.map(quoteNameIfNeeded).join(', ');
}

function printMatchers({ name, matchers }: VectorSelector): string {
  const shown = (name === '' ? matchers : matchers.slice(0, -1)).map(formatMatcher).sort();
  return shown.length > 0 ? `${name}{${shown.join(',')}}` : name || '{}';
}

function printAt({ at }: TimeModifiers): string {
  if (!at) return '';
  return at.kind === 'time' ? ` @ ${(at.ms / 1000).toFixed(3)}` : ` @ ${at.kind}()`;
}

function printExtension({ extension }: VectorSelector): string {
  return extension ? ` ${extension}` : '';
}

function printOffset({ offset }: TimeModifiers): string {
  if (!offset) return '';
  return offset.kind === 'number'
    ? ` offset ${formatDuration(offset.value * 1000)}`
    : ` offset ${printDuration(offset)}`;
}

export function printDuration(duration: Duration): string {
  return duration.kind === 'number' ? formatDuration(duration.value * 1000) : printDurationExpr(duration);
}

function printDurationExpr({ operator, left, right, isWrapped }: DurationExpr): string {
  const show = (operand: Duration | undefined): string => {
    if (!operand) return '';
    return operand.kind === 'number' ? printNumber(operand) : printDurationExpr(operand);
  };
  let text: string;
  if (operator === 'step' || operator === 'range') text = `${operator}()`;
  else if (operator === 'min_of' || operator === 'max_of')
    text = `${operator}(${show(left)}, ${show(right)})`;
  else if (!left) text = `${operator === '-' ? '-' : ''}${show(right)}`;
  else text = `${show(left)} ${operator} ${show(right)}`;
  return isWrapped ? `(${text})` : text;
}

function printNumber({ value, isDuration }: NumberLiteral): string {
  return isDuration ? formatDuration(value * 1000) : formatFixed(value);
}
