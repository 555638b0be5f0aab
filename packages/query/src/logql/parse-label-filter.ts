/** Parses label filters: `level="error" and (status >= 500 or took > 1.5s), size < 20KB`. */
import type { LabelFilter } from './ast.ts';
import { checkRegex } from './parse-selector.ts';
import type { TokenReader } from './token-reader.ts';

const MAX_DEPTH = 100;

/** @throws LogqlError */
export function parseLabelFilter(reader: TokenReader, depth = 0): LabelFilter {
  let left = parseConjunction(reader, depth);
  while (reader.acceptName('or')) left = { kind: 'or', left, right: parseConjunction(reader, depth) };
  return left;
}

/** `and`, a comma and mere juxtaposition are the same. */
function parseConjunction(reader: TokenReader, depth: number): LabelFilter {
  let left = parseComparison(reader, depth);
  for (;;) {
    const joins = reader.acceptName('and') || reader.accept(',') || startsComparison(reader);
    if (!joins) return left;
    left = { kind: 'and', left, right: parseComparison(reader, depth) };
  }
}

function startsComparison(reader: TokenReader): boolean {
  if (reader.isOperator('(')) return true;
  const { kind, text } = reader.peek();
  const after = reader.peek(1);
  return (
    kind === 'name' &&
    text !== 'or' &&
    after.kind === 'operator' &&
    /^(?:=|==|!=|=~|!~|>|>=|<|<=)$/.test(after.text)
  );
}

function parseComparison(reader: TokenReader, depth: number): LabelFilter {
  if (depth > MAX_DEPTH) throw reader.fail(reader.peek().offset, 'the filter is nested too deeply');
  if (reader.accept('(')) {
    const inner = parseLabelFilter(reader, depth + 1);
    reader.expect(')');
    return inner;
  }
  const name = reader.expectKind('name').text;
  const { kind, text: op, offset } = reader.peek();
  if (kind !== 'operator') throw reader.unexpected();
  reader.next();
  const value = reader.peek();

  if (reader.isName('ip') && (op === '=' || op === '!=')) {
    reader.next();
    reader.expect('(');
    const address = reader.expectKind('string').text;
    reader.expect(')');
    return { kind: 'ip', name, op, value: address };
  }
  if (value.kind === 'string') {
    if (op !== '=' && op !== '!=' && op !== '=~' && op !== '!~') throw reader.unexpected('NUMBER');
    if (op === '=~' || op === '!~') checkRegex(reader, value.text, offset);
    reader.next();
    return { kind: 'text', name, op, value: value.text };
  }
  const comparison = op === '=' ? '==' : op;
  if (!isComparison(comparison)) throw reader.unexpected('STRING');
  const sign = reader.accept('-') ? -1 : 1;
  const literal = reader.next();
  switch (literal.kind) {
    case 'number':
      return { kind: 'number', name, op: comparison, value: sign * literal.value };
    case 'duration':
      return { kind: 'duration', name, op: comparison, value: (sign * literal.value) / 1000 };
    case 'bytes':
      return { kind: 'bytes', name, op: comparison, value: sign * literal.value };
    default:
      throw reader.fail(literal.offset, `syntax error: unexpected ${JSON.stringify(literal.text)}`);
  }
}

function isComparison(op: string): op is '==' | '!=' | '>' | '>=' | '<' | '<=' {
  return op === '==' || op === '!=' || op === '>' || op === '>=' || op === '<' || op === '<=';
}
