/** Parses the stages behind a stream selector: line filters, parsers, label filters, formats, unwrap. */
import type { Extraction, LabelFilter, LineFilterOp, MatchOp, Stage, Unwrap } from './ast.ts';
import { parseLabelFilter } from './parse-label-filter.ts';
import { checkRegex } from './parse-selector.ts';
import type { TokenReader } from './token-reader.ts';

const LINE_FILTERS: readonly string[] = ['|=', '!=', '|~', '!~', '|>', '!>'];

export interface Pipeline {
  readonly stages: readonly Stage[];
  readonly unwrap: { readonly unwrap: Unwrap; readonly offset: number } | undefined;
}

/** @throws LogqlError */
export function parsePipeline(reader: TokenReader): Pipeline {
  const stages: Stage[] = [];
  for (;;) {
    const token = reader.peek();
    if (token.kind !== 'operator') return { stages, unwrap: undefined };
    if (LINE_FILTERS.includes(token.text)) {
      // Behind a whole log query `!=` could also compare; LogQL has no comparison of log queries.
      stages.push(parseLineFilter(reader));
    } else if (token.text === '|') {
      reader.next();
      if (reader.isName('unwrap')) return { stages, unwrap: parseUnwrap(reader) };
      stages.push(parseStage(reader));
    } else {
      return { stages, unwrap: undefined };
    }
  }
}

function parseLineFilter(reader: TokenReader): Stage {
  const { text, offset } = reader.next();
  const op = text as LineFilterOp;
  const values: { isIp: boolean; text: string }[] = [];
  do {
    const isIp = reader.isName('ip');
    if (isIp) {
      if (op !== '|=' && op !== '!=') throw reader.unexpected();
      reader.next();
      reader.expect('(');
    }
    const value = reader.expectKind('string').text;
    if (isIp) reader.expect(')');
    if (op === '|~' || op === '!~') checkRegex(reader, value, offset);
    values.push({ isIp, text: value });
  } while (reader.acceptName('or'));
  return { kind: 'line', op, values };
}

function parseStage(reader: TokenReader): Stage {
  const { kind, text, offset } = reader.peek();
  if (kind === 'operator' && text === '(') return { kind: 'label-filter', filter: parseLabelFilter(reader) };
  if (kind !== 'name') throw reader.unexpected();
  // A label may have a stage's name: then an operator follows.
  const follows = reader.peek(1);
  const isLabel = follows.kind === 'operator' && /^(?:=|==|!=|=~|!~|>|>=|<|<=)$/.test(follows.text);
  if (isLabel) return { kind: 'label-filter', filter: parseLabelFilter(reader) };
  reader.next();
  switch (text) {
    case 'json':
      return { kind: 'json', extractions: parseExtractions(reader) };
    case 'logfmt': {
      const flags = new Set<string>();
      while (reader.peek().kind === 'flag') flags.add(reader.next().text);
      return {
        kind: 'logfmt',
        isStrict: flags.has('--strict'),
        keepsEmpty: flags.has('--keep-empty'),
        extractions: parseExtractions(reader),
      };
    }
    case 'regexp': {
      const { text: pattern, offset: at } = reader.expectKind('string');
      checkRegex(reader, pattern, at);
      if (!/\(\?P?</.test(pattern)) throw reader.fail(at, 'at least one named capture must be supplied');
      return { kind: 'regexp', pattern };
    }
    case 'pattern': {
      const { text: pattern, offset: at } = reader.expectKind('string');
      if (!/<[A-Za-z_][A-Za-z0-9_]*>/.test(pattern.replaceAll('<_>', ''))) {
        throw reader.fail(at, 'invalid pattern: at least one capture is required');
      }
      if (/<[A-Za-z_]\w*><[A-Za-z_]\w*>/.test(pattern)) {
        throw reader.fail(
          at,
          'invalid pattern: found consecutive capture, you need to add one or more literal between them',
        );
      }
      return { kind: 'pattern', pattern };
    }
    case 'unpack':
    case 'decolorize':
      return { kind: text };
    case 'line_format':
      return { kind: 'line_format', template: reader.expectKind('string').text };
    case 'label_format':
      return { kind: 'label_format', labels: parseLabelFormats(reader) };
    case 'drop':
    case 'keep':
      return { kind: text, labels: parseLabelList(reader) };
    default:
      throw reader.fail(offset, `syntax error: unexpected IDENTIFIER ${JSON.stringify(text)}`);
  }
}

/** `a, b="c.d"` behind json and logfmt; nothing means everything. */
function parseExtractions(reader: TokenReader): readonly Extraction[] {
  const extractions: Extraction[] = [];
  while (reader.peek().kind === 'name' && !reader.isName('by') && !reader.isName('without')) {
    const label = reader.next().text;
    const path = reader.accept('=') ? reader.expectKind('string').text : label;
    extractions.push({ label, path });
    if (!reader.accept(',')) break;
  }
  return extractions;
}

function parseLabelFormats(
  reader: TokenReader,
): readonly { readonly label: string; readonly from?: string; readonly template?: string }[] {
  const labels: { label: string; from?: string; template?: string }[] = [];
  do {
    const { text: label, offset } = reader.expectKind('name');
    if (labels.some((known) => known.label === label)) {
      throw reader.fail(offset, `multiple label name '${label}' not allowed in a single format operation`);
    }
    reader.expect('=');
    if (reader.peek().kind === 'string') labels.push({ label, template: reader.next().text });
    else labels.push({ label, from: reader.expectKind('name').text });
  } while (reader.accept(','));
  return labels;
}

function parseLabelList(
  reader: TokenReader,
): readonly { readonly name: string; readonly op?: MatchOp; readonly value?: string }[] {
  const labels: { name: string; op?: MatchOp; value?: string }[] = [];
  do {
    const name = reader.expectKind('name').text;
    const { kind, text, offset } = reader.peek();
    if (kind === 'operator' && /^(?:=|!=|=~|!~)$/.test(text)) {
      reader.next();
      const value = reader.expectKind('string').text;
      if (text.endsWith('~')) checkRegex(reader, value, offset);
      labels.push({ name, op: text as MatchOp, value });
    } else {
      labels.push({ name });
    }
  } while (reader.accept(','));
  return labels;
}

function parseUnwrap(reader: TokenReader): Pipeline['unwrap'] {
  const { offset } = reader.next();
  const { text: name } = reader.expectKind('name');
  let label = name;
  let conversion: Unwrap['conversion'] = 'number';
  if (reader.isOperator('(') && (name === 'duration' || name === 'duration_seconds' || name === 'bytes')) {
    reader.next();
    label = reader.expectKind('name').text;
    reader.expect(')');
    conversion = name === 'bytes' ? 'bytes' : 'duration';
  }
  const filters: LabelFilter[] = [];
  while (reader.accept('|')) filters.push(parseLabelFilter(reader));
  return { unwrap: { label, conversion, filters }, offset };
}
