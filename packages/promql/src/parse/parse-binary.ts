/** What may stand between a binary operator and its right side: `bool`, `on`, `ignoring`, `group_*`, `fill*`. */
import type { BinaryExpr, BinaryOperator, Expr, VectorMatching } from './ast.ts';
import { isSetOperator } from './ast.ts';
import { numberLiteral } from './parse-duration.ts';
import { parseGroupingLabels } from './parse-selector.ts';
import { SyntaxFault } from './syntax-error.ts';
import type { TokenStream } from './token-stream.ts';

export interface BinaryModifiers {
  readonly returnBool: boolean;
  readonly matching: VectorMatching;
}

export function parseBinaryModifiers(stream: TokenStream, operator: BinaryOperator): BinaryModifiers {
  const returnBool = stream.take('bool');
  let labels: string[] = [];
  let include: string[] = [];
  let isOn = false;
  let cardinality: VectorMatching['cardinality'] = isSetOperator(operator) ? 'many-to-many' : 'one-to-one';
  if (stream.is('on') || stream.is('ignoring')) {
    isOn = stream.next().word === 'on';
    labels = parseGroupingLabels(stream);
    if (stream.is('group_left') || stream.is('group_right')) {
      cardinality = stream.next().word === 'group_left' ? 'many-to-one' : 'one-to-many';
      if (stream.is('(')) include = parseGroupingLabels(stream);
    }
  }
  let fillLeft: number | undefined;
  let fillRight: number | undefined;
  if (stream.take('fill')) {
    fillLeft = parseFillValue(stream);
    fillRight = fillLeft;
  } else {
    while (
      (fillLeft === undefined && stream.is('fill_left')) ||
      (fillRight === undefined && stream.is('fill_right'))
    ) {
      if (stream.next().word === 'fill_left') fillLeft = parseFillValue(stream);
      else fillRight = parseFillValue(stream);
    }
  }
  return { returnBool, matching: { cardinality, labels, isOn, include, fillLeft, fillRight } };
}

function parseFillValue(stream: TokenStream): number {
  if (!stream.take('(')) stream.unexpected();
  const sign = stream.is('-') || stream.is('+') ? stream.next().text : '+';
  const token = stream.peek();
  if (token.kind !== 'number' && token.kind !== 'duration') stream.unexpected();
  stream.next();
  if (!stream.take(')')) stream.unexpected();
  const { value } = numberLiteral(token);
  return sign === '-' ? -value : value;
}

export function binaryExpr(
  operator: BinaryOperator,
  sides: { left: Expr; right: Expr },
  { returnBool, matching, allowsFill }: BinaryModifiers & { readonly allowsFill: boolean },
): BinaryExpr {
  const { left, right } = sides;
  const position = { start: left.position.start, end: right.position.end };
  if (!allowsFill && (matching.fillLeft !== undefined || matching.fillRight !== undefined)) {
    throw new SyntaxFault(position, 'binop fill modifiers are experimental and not enabled');
  }
  return { kind: 'binary', operator, left, right, matching, returnBool, position };
}
