/** Walks a parsed template over its data. Bounded in steps and output, so that no template can hang the process. */
import { methodOf } from './go-methods.ts';
import { printValue } from './go-print.ts';
import { type GoFunction, GoMap, type GoValue, isTruthy, SafeHtml, typeName } from './go-value.ts';
import type { Command, Operand, ParsedTemplate, Pipeline, Position, TemplateNode } from './template-ast.ts';
import { TemplateError } from './template-error.ts';

export interface ExecuteOptions {
  readonly functions: ReadonlyMap<string, GoFunction>;
  /** Values of the variables named to the parser, with the dollar sign. */
  readonly variables?: Readonly<Record<string, GoValue>>;
  /** Applied to what actions print, unless it is SafeHtml. */
  readonly escape?: (text: string) => string;
  readonly maxSteps?: number;
  readonly maxOutput?: number;
}

/** Arguments whose evaluation `and` and `or` decide themselves. */
const SHORT_CIRCUIT: Readonly<Record<string, boolean>> = { and: false, or: true };
const MAX_CALLS = 100;

/** Thrown through ranges by `break` and `continue`. */
class LoopSignal {
  readonly kind: 'break' | 'continue';

  constructor(kind: 'break' | 'continue') {
    this.kind = kind;
  }
}

/**
 * The text that `name` (the root by default) gives for `data`.
 * @throws TemplateError `template: <name>:<line>:<column>: executing "<template>" at <…>: …`
 */
export function executeTemplate(
  parsed: ParsedTemplate,
  data: GoValue,
  options: ExecuteOptions,
  name: string = parsed.name,
): string {
  const nodes = parsed.defined.get(name) ?? (name === parsed.name ? parsed.root : undefined);
  if (nodes === undefined) throw new TemplateError(`template: no template ${JSON.stringify(name)}`, 1);
  const execution = new Execution(parsed, options);
  execution.runBody(name, nodes, data, options.variables ?? {});
  return execution.output();
}

class Execution {
  private readonly parsed: ParsedTemplate;
  private readonly options: ExecuteOptions;
  private readonly written: string[] = [];
  private writtenLength = 0;
  private steps = 0;
  private calls = 0;
  private template = '';
  private scope: { name: string; value: GoValue }[] = [];

  constructor(parsed: ParsedTemplate, options: ExecuteOptions) {
    this.parsed = parsed;
    this.options = options;
  }

  output(): string {
    return this.written.join('');
  }

  runBody(
    name: string,
    nodes: readonly TemplateNode[],
    data: GoValue,
    variables: Readonly<Record<string, GoValue>>,
  ): void {
    const outer = { template: this.template, scope: this.scope };
    this.template = name;
    this.scope = [
      { name: '$', value: data },
      ...Object.entries(variables).map(([key, value]) => ({ name: key, value })),
    ];
    this.walk(nodes, data);
    this.template = outer.template;
    this.scope = outer.scope;
  }

  private walk(nodes: readonly TemplateNode[], dot: GoValue): void {
    for (const node of nodes) this.walkNode(node, dot);
  }

  private walkNode(node: TemplateNode, dot: GoValue): void {
    switch (node.type) {
      case 'text':
        this.write(node.text);
        return;
      case 'action': {
        const value = this.evaluate(node.pipe, dot);
        if (node.pipe.variables.length === 0) this.print(value);
        return;
      }
      case 'if':
      case 'with':
        this.scoped(() => {
          const value = this.evaluate(node.pipe, dot);
          if (isTruthy(value)) this.walk(node.body, node.type === 'with' ? value : dot);
          else this.walk(node.otherwise, dot);
        });
        return;
      case 'range':
        this.scoped(() => this.walkRange(node, dot));
        return;
      case 'template': {
        const nodes = this.parsed.defined.get(node.name);
        if (nodes === undefined)
          this.fail(node.at, `{{template "${node.name}"}}`, `template "${node.name}" not defined`);
        const data = node.pipe === undefined ? undefined : this.evaluate(node.pipe, dot);
        this.calls += 1;
        if (this.calls > MAX_CALLS)
          this.fail(node.at, node.name, `exceeded maximum template depth (${MAX_CALLS})`);
        this.runBody(node.name, nodes, data, {});
        this.calls -= 1;
        return;
      }
      case 'break':
      case 'continue':
        throw new LoopSignal(node.type);
    }
  }

  private walkRange(node: TemplateNode & { type: 'range' }, dot: GoValue): void {
    const { variables, isAssignment } = node.pipe;
    const value = this.evaluate({ ...node.pipe, variables: [] }, dot);
    const items = this.itemsOf(value, node.pipe);
    if (items.length === 0) this.walk(node.otherwise, dot);
    for (const [key, item] of items) {
      const depth = this.scope.length;
      const set = (name: string | undefined, content: GoValue): void => {
        if (name === undefined) return;
        if (isAssignment) this.assign(name, content);
        else this.scope.push({ name, value: content });
      };
      if (variables.length === 2) {
        set(variables[0], key);
        set(variables[1], item);
      } else set(variables[0], item);
      try {
        this.step(node.pipe.at);
        this.walk(node.body, item);
      } catch (signal) {
        if (!(signal instanceof LoopSignal)) throw signal;
        if (signal.kind === 'break') {
          this.scope.length = depth;
          return;
        }
      }
      this.scope.length = depth;
    }
  }

  private itemsOf(value: GoValue, pipe: Pipeline): readonly (readonly [GoValue, GoValue])[] {
    if (value === null || value === undefined) return [];
    if (value instanceof GoMap) return value.sorted();
    if (isSlice(value)) return value.map((item, index) => [BigInt(index), item]);
    if (typeof value === 'bigint') {
      const count = Number(value < 0n ? 0n : value);
      if (count > (this.options.maxSteps ?? DEFAULT_MAX_STEPS))
        this.fail(pipe.at, pipe.source, 'too many steps');
      return Array.from({ length: count }, (_, index) => [BigInt(index), BigInt(index)]);
    }
    return this.fail(
      pipe.at,
      pipe.source,
      `range can't iterate over ${printValue(value, { isNested: true })}`,
    );
  }

  private scoped(work: () => void): void {
    const depth = this.scope.length;
    try {
      work();
    } finally {
      this.scope.length = depth;
    }
  }

  private evaluate(pipe: Pipeline, dot: GoValue): GoValue {
    let value: GoValue;
    for (const [index, command] of pipe.commands.entries()) {
      value = this.runCommand(command, dot, index === 0 ? [] : [value]);
    }
    const name = pipe.variables[0];
    if (name !== undefined) {
      if (pipe.isAssignment) this.assign(name, value);
      else this.scope.push({ name, value });
    }
    return value;
  }

  private runCommand(command: Command, dot: GoValue, piped: readonly GoValue[]): GoValue {
    this.step(command.at);
    const [first, ...rest] = command.operands as readonly [Operand, ...Operand[]];
    if (first.type === 'function') return this.callFunction(first, rest, { dot, piped, command });
    const args = (): readonly GoValue[] => [...rest.map((operand) => this.valueOf(operand, dot)), ...piped];
    switch (first.type) {
      case 'field':
        return this.follow(dot, first.path, first, args());
      case 'variable':
        return first.path.length === 0
          ? this.notAFunction(this.lookUp(first.name), command, args())
          : this.follow(this.lookUp(first.name), first.path, first, args());
      case 'chain':
        return this.follow(this.valueOf(first.base, dot), first.path, first, args());
      case 'nil':
        return this.fail(command.at, command.source, 'nil is not a command');
      default:
        return this.notAFunction(this.valueOf(first, dot), command, args());
    }
  }

  private notAFunction(value: GoValue, command: Command, args: readonly GoValue[]): GoValue {
    if (args.length > 0)
      return this.fail(command.at, command.source, `can't give argument to non-function ${command.source}`);
    return value;
  }

  private callFunction(
    operand: Operand & { type: 'function' },
    rest: readonly Operand[],
    { dot, piped, command }: { dot: GoValue; piped: readonly GoValue[]; command: Command | undefined },
  ): GoValue {
    const decides = SHORT_CIRCUIT[operand.name];
    if (decides !== undefined) {
      let value: GoValue;
      if (rest.length + piped.length === 0)
        return this.fail(
          operand.at,
          operand.source,
          `wrong number of args for ${operand.name}: want at least 1 got 0`,
        );
      for (const argument of rest) {
        value = this.valueOf(argument, dot);
        if (isTruthy(value) === decides) return value;
      }
      return piped.length > 0 ? piped[0] : value;
    }
    const run = this.options.functions.get(operand.name)!;
    const args = [...rest.map((argument) => this.valueOf(argument, dot)), ...piped];
    try {
      return run(...args);
    } catch (cause) {
      if (cause instanceof TemplateError || !(cause instanceof Error) || cause instanceof RestartSignal)
        throw cause;
      return this.fail(
        operand.at,
        command?.source ?? operand.source,
        cause.message.startsWith('wrong number of args')
          ? cause.message
          : `error calling ${operand.name}: ${cause.message}`,
        cause,
      );
    }
  }

  private valueOf(operand: Operand, dot: GoValue): GoValue {
    switch (operand.type) {
      case 'dot':
        return dot;
      case 'nil':
        return undefined;
      case 'literal':
        return operand.value;
      case 'field':
        return this.follow(dot, operand.path, operand, []);
      case 'variable':
        return this.follow(this.lookUp(operand.name), operand.path, operand, []);
      case 'chain':
        return this.follow(this.valueOf(operand.base, dot), operand.path, operand, []);
      case 'pipeline':
        return this.evaluate(operand.pipe, dot);
      case 'function':
        return this.callFunction(operand, [], { dot, piped: [], command: undefined });
    }
  }

  /** `.A.B.C`; the arguments go to the last of the path, which is then a method. */
  private follow(
    receiver: GoValue,
    path: readonly string[],
    operand: { readonly at: Position; readonly source: string },
    args: readonly GoValue[],
  ): GoValue {
    let value = receiver;
    for (const [index, name] of path.entries()) {
      value = this.fieldOf(value, name, { operand, args: index === path.length - 1 ? args : [] });
    }
    return value;
  }

  private fieldOf(
    receiver: GoValue,
    name: string,
    {
      operand,
      args,
    }: { operand: { readonly at: Position; readonly source: string }; args: readonly GoValue[] },
  ): GoValue {
    if (receiver === null || receiver === undefined)
      return this.fail(operand.at, operand.source, `nil data; no entry for key ${JSON.stringify(name)}`);
    const method = methodOf(receiver, name);
    if (method !== undefined) return method(...args);
    const refuseArguments = (): void => {
      if (args.length > 0) this.fail(operand.at, operand.source, `${name} is not a method but has arguments`);
    };
    if (receiver instanceof GoMap) {
      refuseArguments();
      return receiver.entries.has(name) ? receiver.entries.get(name) : receiver.zero;
    }
    if (isStruct(receiver) && Object.hasOwn(receiver, name)) {
      refuseArguments();
      return receiver[name];
    }
    return this.fail(
      operand.at,
      operand.source,
      `can't evaluate field ${name} in type ${typeName(receiver)}`,
    );
  }

  private lookUp(name: string): GoValue {
    for (let i = this.scope.length - 1; i >= 0; i--)
      if (this.scope[i]!.name === name) return this.scope[i]!.value;
    throw new TemplateError(`template: ${this.parsed.name}: undefined variable: ${name}`, 1);
  }

  private assign(name: string, value: GoValue): void {
    for (let i = this.scope.length - 1; i >= 0; i--) {
      if (this.scope[i]!.name === name) {
        this.scope[i]!.value = value;
        return;
      }
    }
  }

  private print(value: GoValue): void {
    const text = printValue(value);
    this.write(
      this.options.escape === undefined || value instanceof SafeHtml ? text : this.options.escape(text),
    );
  }

  private write(text: string): void {
    this.writtenLength += text.length;
    const limit = this.options.maxOutput ?? DEFAULT_MAX_OUTPUT;
    if (this.writtenLength > limit)
      throw new TemplateError(
        `template: ${this.parsed.name}: the output is longer than ${limit} characters`,
        1,
      );
    this.written.push(text);
  }

  private step(at: Position): void {
    this.steps += 1;
    const limit = this.options.maxSteps ?? DEFAULT_MAX_STEPS;
    if (this.steps > limit) this.fail(at, this.template, `took more than ${limit} steps`);
  }

  private fail(at: Position, source: string, message: string, cause?: unknown): never {
    const shown = source.length > 20 ? `${source.slice(0, 20)}...` : source;
    throw new TemplateError(
      `template: ${this.parsed.name}:${at.line}:${at.column}: executing ${JSON.stringify(this.template)} at <${shown}>: ${message}`,
      at.line,
      cause === undefined ? undefined : { cause },
    );
  }
}

const DEFAULT_MAX_STEPS = 100_000;
const DEFAULT_MAX_OUTPUT = 1_048_576;

/** Thrown by a function that needs something which must be awaited; passes through unwrapped. */
export class RestartSignal extends Error {
  override readonly name = 'RestartSignal';
}

function isSlice(value: GoValue): value is readonly GoValue[] {
  return Array.isArray(value);
}

function isStruct(value: GoValue): value is Readonly<Record<string, GoValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
