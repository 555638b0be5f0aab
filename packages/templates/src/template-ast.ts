/** What a template is parsed into. Lines count from 1, columns (bytes into the line) from 0, as Go says them. */

export interface Position {
  readonly line: number;
  readonly column: number;
}

export type TemplateNode =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'action'; readonly pipe: Pipeline }
  | {
      readonly type: 'if' | 'with';
      readonly pipe: Pipeline;
      readonly body: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
    }
  | {
      readonly type: 'range';
      readonly pipe: Pipeline;
      readonly body: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
    }
  | {
      readonly type: 'template';
      readonly name: string;
      readonly pipe: Pipeline | undefined;
      readonly at: Position;
    }
  | { readonly type: 'break' | 'continue' };

/** `$a, $b := first | second`. */
export interface Pipeline {
  readonly variables: readonly string[];
  /** `=` instead of `:=`. */
  readonly isAssignment: boolean;
  readonly commands: readonly Command[];
  readonly at: Position;
  readonly source: string;
}

export interface Command {
  readonly operands: readonly Operand[];
  readonly at: Position;
  readonly source: string;
}

export type Operand =
  | { readonly type: 'dot' | 'nil' }
  | { readonly type: 'literal'; readonly value: string | boolean | number | bigint }
  | {
      readonly type: 'field';
      readonly path: readonly string[];
      readonly at: Position;
      readonly source: string;
    }
  | {
      readonly type: 'variable';
      readonly name: string;
      readonly path: readonly string[];
      readonly at: Position;
      readonly source: string;
    }
  | { readonly type: 'function'; readonly name: string; readonly at: Position; readonly source: string }
  | { readonly type: 'pipeline'; readonly pipe: Pipeline }
  | {
      readonly type: 'chain';
      readonly base: Operand;
      readonly path: readonly string[];
      readonly at: Position;
      readonly source: string;
    };

/** The main template and those that `define` and `block` name. */
export interface ParsedTemplate {
  readonly name: string;
  readonly root: readonly TemplateNode[];
  readonly defined: ReadonlyMap<string, readonly TemplateNode[]>;
}
