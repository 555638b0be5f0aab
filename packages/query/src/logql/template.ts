/**
 * The templates of `line_format` and `label_format`: Go's text/template as far as LogQL documents it
 * (fields, pipelines, functions, parentheses, if / else if / else / with / end, trim markers, comments).
 */
import type { Entry } from './entry.ts';
import { LogqlError } from './logql-error.ts';
import { TEMPLATE_FUNCTIONS, type TemplateValue, toText } from './template-functions.ts';

type Expr = (entry: Entry) => TemplateValue;

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly expr: Expr }
  | { readonly kind: 'if'; readonly branches: readonly Branch[] };

interface Branch {
  /** `undefined`: else. */
  readonly condition: Expr | undefined;
  readonly body: readonly Node[];
}

interface Action {
  readonly words: readonly string[];
}
type Piece = { readonly text: string } | Action;

interface FunctionName {
  readonly functionName: string;
}

const ACTION = /\{\{(-\s)?((?:"(?:[^"\\]|\\.)*"|`[^`]*`|(?!\}\})[\s\S])*?)(\s-)?\}\}/g;
const WORD =
  /\s*(?:("(?:[^"\\]|\\.)*"|`[^`]*`)|(-?\d+(?:\.\d+)?)|(\.[A-Za-z_]\w*|\.)|([A-Za-z_]\w*)|([()|]))/y;

/** @throws LogqlError when the template is not one; the result throws TemplateError when a function refuses its input */
export function createTemplate(source: string): (entry: Entry) => string {
  const pieces = split(source);
  const { nodes, at } = parseNodes(pieces, 0);
  if (at < pieces.length) throw invalid(`unexpected {{${wordsOf(pieces[at]!).join(' ')}}}`);
  return (entry) => render(nodes, entry);
}

function render(nodes: readonly Node[], entry: Entry): string {
  let text = '';
  for (const node of nodes) {
    if (node.kind === 'text') text += node.text;
    else if (node.kind === 'value') text += toText(node.expr(entry));
    else {
      const branch = node.branches.find(
        ({ condition }) => condition === undefined || isTrue(condition(entry)),
      );
      if (branch !== undefined) text += render(branch.body, entry);
    }
  }
  return text;
}

/** Go's idea of truth: not empty, not zero, not false. */
function isTrue(value: TemplateValue): boolean {
  return value !== '' && value !== 0 && value !== false;
}

function split(source: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trimsNext = false;
  const addText = (raw: string, trimsEnd: boolean): void => {
    const start = trimsNext ? raw.trimStart() : raw;
    const text = trimsEnd ? start.trimEnd() : start;
    if (text !== '') pieces.push({ text });
  };
  for (const match of source.matchAll(ACTION)) {
    addText(source.slice(at, match.index), match[1] !== undefined);
    at = match.index + match[0].length;
    trimsNext = match[3] !== undefined;
    const body = match[2]!.trim();
    if (!/^\/\*[\s\S]*\*\/$/.test(body)) pieces.push({ words: toWords(body) });
  }
  const rest = source.slice(at);
  if (rest.includes('{{')) throw invalid('unclosed action');
  addText(rest, false);
  return pieces;
}

function toWords(body: string): readonly string[] {
  const words: string[] = [];
  WORD.lastIndex = 0;
  while (WORD.lastIndex < body.length) {
    const start = WORD.lastIndex;
    const match = WORD.exec(body);
    if (match === null) throw invalid(`unexpected ${JSON.stringify(body.slice(start).trim())} in action`);
    words.push(match[0].trim());
  }
  if (words.length === 0) throw invalid('missing value for command');
  return words;
}

function wordsOf(piece: Piece): readonly string[] {
  return 'words' in piece ? piece.words : [];
}

function parseNodes(
  pieces: readonly Piece[],
  from: number,
): { readonly nodes: readonly Node[]; readonly at: number } {
  const nodes: Node[] = [];
  let at = from;
  while (at < pieces.length) {
    const piece = pieces[at]!;
    if (!('words' in piece)) {
      nodes.push({ kind: 'text', text: piece.text });
      at += 1;
      continue;
    }
    const [first] = piece.words;
    if (first === 'end' || first === 'else') break;
    if (first === 'if') {
      const parsed = parseIf(pieces, at);
      nodes.push(parsed.node);
      at = parsed.at;
      continue;
    }
    nodes.push({ kind: 'value', expr: parsePipeline(piece.words) });
    at += 1;
  }
  return { nodes, at };
}

function parseIf(pieces: readonly Piece[], from: number): { readonly node: Node; readonly at: number } {
  const branches: Branch[] = [];
  let condition: Expr | undefined = parsePipeline(wordsOf(pieces[from]!).slice(1));
  let at = from + 1;
  for (;;) {
    const body = parseNodes(pieces, at);
    branches.push({ condition, body: body.nodes });
    const words = body.at < pieces.length ? wordsOf(pieces[body.at]!) : [];
    at = body.at + 1;
    if (words[0] === 'end') return { node: { kind: 'if', branches }, at };
    if (words[0] !== 'else' || condition === undefined) throw invalid('unexpected EOF: an if has no end');
    condition = words[1] === 'if' ? parsePipeline(words.slice(2)) : undefined;
  }
}

/** `a | b x | c`: each value becomes the last argument of the next. */
function parsePipeline(words: readonly string[]): Expr {
  const commands: string[][] = [[]];
  let depth = 0;
  for (const word of words) {
    if (word === '(') depth += 1;
    if (word === ')') depth -= 1;
    if (depth < 0) throw invalid('unexpected right paren');
    if (word === '|' && depth === 0) commands.push([]);
    else commands.at(-1)!.push(word);
  }
  if (depth > 0) throw invalid('unclosed left paren');
  let expr: Expr | undefined;
  for (const command of commands) expr = parseCommand(command, expr);
  return expr!;
}

function parseCommand(words: readonly string[], piped: Expr | undefined): Expr {
  const operands: (Expr | FunctionName)[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word !== '(') {
      operands.push(parseOperand(word));
      continue;
    }
    let depth = 1;
    const start = i + 1;
    while (depth > 0) {
      i += 1;
      if (words[i] === '(') depth += 1;
      if (words[i] === ')') depth -= 1;
    }
    operands.push(parsePipeline(words.slice(start, i)));
  }
  const [head, ...rest] = operands;
  if (head === undefined) throw invalid('missing value for command');
  const values = rest.map((operand) =>
    typeof operand === 'function' ? operand : call(operand.functionName, []),
  );
  if (typeof head !== 'function')
    return call(head.functionName, piped === undefined ? values : [...values, piped]);
  if (values.length > 0 || piped !== undefined) throw invalid("can't give argument to non-function");
  return head;
}

function parseOperand(word: string): Expr | FunctionName {
  if (word.startsWith('"') || word.startsWith('`')) {
    const text = word.startsWith('`') ? word.slice(1, -1) : unquote(word);
    return () => text;
  }
  if (/^-?\d/.test(word)) {
    const value = Number(word);
    return () => value;
  }
  if (word === '.') throw invalid('the whole of the labels cannot be printed');
  if (word.startsWith('.')) {
    const name = word.slice(1);
    return (entry) => entry.get(name);
  }
  if (word === 'true' || word === 'false') return () => word === 'true';
  return { functionName: word };
}

function call(name: string, values: readonly Expr[]): Expr {
  if (name === '__line__') return (entry) => entry.line;
  if (name === '__timestamp__') return (entry) => new Date(Number(entry.timeNs / 1_000_000n)).toISOString();
  const apply = TEMPLATE_FUNCTIONS.get(name);
  if (apply === undefined) throw invalid(`function ${JSON.stringify(name)} not defined`);
  return (entry) => apply(values.map((value) => value(entry)));
}

function unquote(word: string): string {
  try {
    return JSON.parse(word) as string;
  } catch {
    throw invalid(`invalid string ${word}`);
  }
}

function invalid(what: string): LogqlError {
  return new LogqlError(`invalid template: ${what}`);
}
