/** Tokens into the tree of a template, with the checks that Go makes before anything is executed. */
import { lexTemplate, type Token, type TokenType } from './lex-template.ts';
import type { Command, Operand, ParsedTemplate, Pipeline, TemplateNode } from './template-ast.ts';
import { TemplateError } from './template-error.ts';

export interface ParseOptions {
  /** Names that may be called. */
  readonly functions: ReadonlySet<string>;
  /** Variables that are there from the start besides `$`, with the dollar sign. */
  readonly variables?: readonly string[];
}

/** Nested deeper than this is refused: nobody writes it, and it would exhaust the stack. */
const MAX_DEPTH = 200;

/** @throws TemplateError `template: <name>:<line>: …` */
export function parseTemplate(name: string, source: string, options: ParseOptions): ParsedTemplate {
  return new TemplateParser(name, lexTemplate(name, source), options).parse();
}

type Stop = 'end' | 'else' | 'eof';

class TemplateParser {
  private readonly name: string;
  private readonly tokens: readonly Token[];
  private readonly functions: ReadonlySet<string>;
  private readonly defined = new Map<string, readonly TemplateNode[]>();
  private variables: string[];
  private index = 0;
  private depth = 0;
  private rangeDepth = 0;

  constructor(name: string, tokens: readonly Token[], { functions, variables = [] }: ParseOptions) {
    this.name = name;
    this.tokens = tokens;
    this.functions = functions;
    this.variables = ['$', ...variables];
  }

  parse(): ParsedTemplate {
    const { nodes, stop } = this.parseList();
    if (stop !== 'eof') this.fail(`unexpected {{${stop}}}`);
    return { name: this.name, root: nodes, defined: this.defined };
  }

  private parseList(): { nodes: readonly TemplateNode[]; stop: Stop } {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) this.fail(`nested deeper than ${MAX_DEPTH}`);
    const nodes: TemplateNode[] = [];
    const done = (stop: Stop): { nodes: readonly TemplateNode[]; stop: Stop } => {
      this.depth -= 1;
      return { nodes, stop };
    };
    for (;;) {
      const token = this.next();
      if (token.type === 'end') return done('eof');
      if (token.type === 'text') {
        nodes.push({ type: 'text', text: token.text });
        continue;
      }
      this.skipSpace();
      const word = this.peek().type === 'identifier' ? this.peek().text : '';
      switch (word) {
        case 'end':
          this.next();
          this.expectClose('end');
          return done('end');
        case 'else':
          this.next();
          return done('else');
        case 'if':
        case 'with':
        case 'range':
          this.next();
          nodes.push(this.parseControl(word));
          break;
        case 'define':
          this.next();
          this.parseDefine();
          break;
        case 'block': {
          this.next();
          const at = this.peek().at;
          const name = this.expectName('block clause');
          const pipe = this.parsePipeline('block clause', 'close');
          this.parseBody(name);
          nodes.push({ type: 'template', name, pipe, at });
          break;
        }
        case 'template': {
          const { at } = this.next();
          const name = this.expectName('template clause');
          this.skipSpace();
          const pipe =
            this.peek().type === 'close' ? undefined : this.parsePipeline('template clause', 'close');
          if (pipe === undefined) this.next();
          nodes.push({ type: 'template', name, pipe, at });
          break;
        }
        case 'break':
        case 'continue':
          this.next();
          if (this.rangeDepth === 0) this.fail(`{{${word}}} outside {{range}}`);
          this.expectClose(word);
          nodes.push({ type: word });
          break;
        default:
          nodes.push({ type: 'action', pipe: this.parsePipeline('command', 'close') });
      }
    }
  }

  private parseControl(type: 'if' | 'with' | 'range'): TemplateNode {
    const outer = this.variables.length;
    const pipe = this.parsePipeline(type, 'close');
    if (type === 'range') this.rangeDepth += 1;
    const { nodes: body, stop } = this.parseList();
    if (type === 'range') this.rangeDepth -= 1;
    let otherwise: readonly TemplateNode[] = [];
    if (stop === 'else') {
      this.skipSpace();
      const word = this.peek().text;
      if (type !== 'range' && this.peek().type === 'identifier' && word === type) {
        // {{else if x}} is {{else}}{{if x}} with one {{end}} for both.
        this.next();
        otherwise = [this.parseControl(type)];
      } else {
        this.expectClose('else');
        const rest = this.parseList();
        if (rest.stop === 'else') this.fail('expected end; found {{else}}');
        if (rest.stop === 'eof') this.fail('unexpected EOF');
        otherwise = rest.nodes;
      }
    } else if (stop === 'eof') this.fail('unexpected EOF');
    this.variables.length = outer;
    return { type, pipe, body, otherwise };
  }

  private parseDefine(): void {
    const name = this.expectName('define clause');
    this.skipSpace();
    this.expectClose('define clause');
    this.parseBody(name);
  }

  private parseBody(name: string): void {
    const outer = { variables: this.variables, rangeDepth: this.rangeDepth };
    this.variables = ['$'];
    this.rangeDepth = 0;
    const { nodes, stop } = this.parseList();
    if (stop !== 'end') this.fail(stop === 'eof' ? 'unexpected EOF' : `unexpected {{${stop}}}`);
    this.variables = outer.variables;
    this.rangeDepth = outer.rangeDepth;
    this.defined.set(name, nodes);
  }

  private parsePipeline(context: string, until: 'close' | 'right-paren'): Pipeline {
    this.skipSpace();
    const start = this.index;
    const at = this.peek().at;
    const { variables, isAssignment } = this.parseDeclaration(context);
    const commands: Command[] = [];
    for (;;) {
      this.skipSpace();
      const token = this.peek();
      if (token.type === until) {
        const source = this.sourceBetween(start, this.index);
        this.next();
        if (commands.length === 0) this.fail(`missing value for ${context}`);
        for (const [index, command] of commands.slice(1).entries()) {
          const first = command.operands[0]!.type;
          if (first === 'dot' || first === 'nil' || first === 'literal')
            this.fail(`non executable command in pipeline stage ${index + 2}`);
        }
        return { variables, isAssignment, commands, at, source };
      }
      if (token.type === 'end') this.fail('unclosed action');
      commands.push(this.parseCommand(context));
    }
  }

  private parseDeclaration(context: string): { variables: string[]; isAssignment: boolean } {
    const start = this.index;
    const variables: string[] = [];
    while (this.peek().type === 'variable') {
      variables.push(this.next().text);
      this.skipSpace();
      const token = this.peek();
      if (token.type === 'declare' || token.type === 'assign') {
        this.next();
        const isAssignment = token.type === 'assign';
        for (const name of variables) {
          if (!isAssignment) this.variables.push(name);
          else if (!this.variables.includes(name)) this.fail(`undefined variable ${JSON.stringify(name)}`);
        }
        if (variables.length > 1 && context !== 'range') this.fail(`too many declarations in ${context}`);
        return { variables, isAssignment };
      }
      if (token.type !== 'comma' || context !== 'range' || variables.length > 1) break;
      this.next();
      this.skipSpace();
    }
    this.index = start;
    return { variables: [], isAssignment: false };
  }

  private parseCommand(context: string): Command {
    const start = this.index;
    const at = this.peek().at;
    const operands: Operand[] = [];
    for (;;) {
      this.skipSpace();
      const operand = this.parseOperand();
      if (operand === undefined) break;
      operands.push(operand);
      const token = this.peek();
      if (token.type === 'space') continue;
      if (token.type === 'pipe') {
        break;
      }
      if (token.type === 'close' || token.type === 'right-paren') break;
      this.fail(`unexpected ${describeToken(token)} in operand`);
    }
    const source = this.sourceBetween(start, this.index).trim();
    if (this.peek().type === 'pipe') {
      if (operands.length === 0) this.fail(`missing value for ${context}`);
      this.next();
      this.skipSpace();
      const { type } = this.peek();
      if (type === 'close' || type === 'right-paren') this.fail(`missing value for ${context}`);
    } else if (operands.length === 0) {
      this.fail(`unexpected ${describeToken(this.peek())} in ${context}`);
    }
    return { operands, at, source };
  }

  private parseOperand(): Operand | undefined {
    const start = this.index;
    const base = this.parseTerm();
    if (base === undefined) return undefined;
    const path: string[] = [];
    while (this.peek().type === 'field') path.push(this.next().text);
    if (path.length === 0) return base;
    const at = this.tokens[start]!.at;
    const source = this.sourceBetween(start, this.index);
    if (base.type === 'field' || base.type === 'variable')
      return { ...base, path: [...base.path, ...path], source };
    if (base.type === 'literal' || base.type === 'nil')
      this.fail(`unexpected . after term ${JSON.stringify(this.sourceBetween(start, start + 1))}`);
    return { type: 'chain', base, path, at, source };
  }

  private parseTerm(): Operand | undefined {
    const token = this.peek();
    const { at, text } = token;
    switch (token.type) {
      case 'identifier':
        this.next();
        if (text === 'true' || text === 'false') return { type: 'literal', value: text === 'true' };
        if (text === 'nil') return { type: 'nil' };
        if (!this.functions.has(text)) this.fail(`function ${JSON.stringify(text)} not defined`);
        return { type: 'function', name: text, at, source: text };
      case 'dot':
        this.next();
        return { type: 'dot' };
      case 'field':
        this.next();
        return { type: 'field', path: [text], at, source: `.${text}` };
      case 'variable':
        this.next();
        if (!this.variables.includes(text)) this.fail(`undefined variable ${JSON.stringify(text)}`);
        return { type: 'variable', name: text, path: [], at, source: text };
      case 'string':
        this.next();
        return { type: 'literal', value: text };
      case 'char':
        this.next();
        return { type: 'literal', value: BigInt(text.codePointAt(0)!) };
      case 'number':
        this.next();
        return { type: 'literal', value: toNumber(text) };
      case 'left-paren':
        this.next();
        this.depth += 1;
        if (this.depth > MAX_DEPTH) this.fail(`nested deeper than ${MAX_DEPTH}`);
        return this.leaveParen({
          type: 'pipeline',
          pipe: this.parsePipeline('parenthesized pipeline', 'right-paren'),
        });
      default:
        return undefined;
    }
  }

  private leaveParen(operand: Operand): Operand {
    this.depth -= 1;
    return operand;
  }

  private expectName(context: string): string {
    this.skipSpace();
    const token = this.next();
    if (token.type !== 'string') this.fail(`unexpected ${describeToken(token)} in ${context}`);
    return token.text;
  }

  private expectClose(context: string): void {
    this.skipSpace();
    const token = this.next();
    if (token.type !== 'close') this.fail(`unexpected ${describeToken(token)} in ${context}`);
  }

  private peek(): Token {
    return this.tokens[this.index]!;
  }

  private next(): Token {
    const token = this.tokens[this.index]!;
    if (token.type !== 'end') this.index += 1;
    return token;
  }

  private skipSpace(): void {
    while (this.peek().type === 'space') this.index += 1;
  }

  private sourceBetween(from: number, to: number): string {
    return this.tokens
      .slice(from, to)
      .map((token) =>
        token.type === 'field'
          ? `.${token.text}`
          : token.type === 'string'
            ? JSON.stringify(token.text)
            : token.text,
      )
      .join('');
  }

  private fail(message: string): never {
    const { line } = (this.tokens[Math.max(this.index - 1, 0)] ?? this.peek()).at;
    throw new TemplateError(`template: ${this.name}:${line}: ${message}`, line);
  }
}

function toNumber(text: string): number | bigint {
  const digits = text.replaceAll('_', '');
  const negative = digits.startsWith('-');
  const bare = digits.replace(/^[+-]/, '');
  if (/^(0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|\d+)$/.test(bare)) {
    const octal = /^0[0-7]+$/.test(bare) ? `0o${bare.slice(1)}` : bare;
    const value = BigInt(octal);
    return negative ? -value : value;
  }
  return Number(digits);
}

const TOKEN_NAMES: Partial<Record<TokenType, string>> = { end: 'EOF', close: '"}}"' };

function describeToken(token: Token): string {
  return TOKEN_NAMES[token.type] ?? `<${token.text}>`;
}
