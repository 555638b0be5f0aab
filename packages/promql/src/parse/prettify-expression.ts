/**
 * An expression on several indented lines: what does not fit a line of 100 characters is broken at its
 * outermost parts (Prometheus' /api/v1/format_query).
 */
import type { Expr } from './ast.ts';
import { printAggregator, printExpression, printOperator, printSubquerySuffix } from './print-expression.ts';

const MAX_LINE = 100;

export function prettifyExpression(expr: Expr): string {
  return pretty(expr, 0);
}

function pretty(expr: Expr, level: number): string {
  const indent = '  '.repeat(level);
  const line = printExpression(expr);
  if (line.length <= MAX_LINE) return indent + line;
  switch (expr.kind) {
    case 'aggregate': {
      const args = expr.parameter ? [expr.parameter, expr.expr] : [expr.expr];
      return `${indent}${printAggregator(expr)}(\n${prettyList(args, level + 1)}\n${indent})`;
    }
    case 'call':
      return `${indent}${expr.func.name}(\n${prettyList(expr.args, level + 1)}\n${indent})`;
    case 'binary': {
      const left = pretty(expr.left, level + 1);
      return `${left}\n${indent}${printOperator(expr)}\n${pretty(expr.right, level + 1)}`;
    }
    case 'paren':
      return `${indent}(\n${pretty(expr.expr, level + 1)}\n${indent})`;
    case 'subquery':
      return `${pretty(expr.expr, level)}${printSubquerySuffix(expr)}`;
    case 'unary':
      return `${indent}${expr.operator}${pretty(expr.expr, level).trim()}`;
    default:
      return indent + line;
  }
}

function prettyList(exprs: readonly Expr[], level: number): string {
  return exprs.map((expr) => pretty(expr, level)).join(',\n');
}
