/**
 * Templates that are parsed once and executed often: sources share their definitions, as files of
 * `templates:` do, and each text is parsed on top of them.
 */
import { BUILTIN_FUNCTIONS, escapeHtmlText } from './builtin-functions.ts';
import { executeTemplate } from './execute-template.ts';
import type { GoFunction, GoValue } from './go-value.ts';
import { parseTemplate } from './parse-template.ts';
import type { ParsedTemplate, TemplateNode } from './template-ast.ts';

export interface TemplateSet {
  /**
   * The text of `source` executed over `data`. As `html`, what actions print is escaped.
   * @throws TemplateError in Go's words
   */
  render(source: string, data: GoValue, options?: RenderOptions): string;
  /** @throws TemplateError when the source cannot be parsed */
  check(source: string, name?: string): void;
  /** Names that `define` and `block` gave. */
  readonly definedNames: readonly string[];
}

export interface RenderOptions {
  readonly name?: string;
  readonly html?: boolean;
  readonly functions?: Readonly<Record<string, GoFunction>>;
  readonly variables?: Readonly<Record<string, GoValue>>;
}

export interface TemplateSetOptions {
  /** Functions besides Go's own. What is only known at execution is given again to `render`. */
  readonly functions: Readonly<Record<string, GoFunction>>;
  /** Names of variables that `render` will be given, with the dollar sign. */
  readonly variables?: readonly string[];
  /** Sources whose definitions all texts share. */
  readonly files?: readonly { readonly name: string; readonly source: string }[];
  readonly maxCached?: number;
}

/** @throws TemplateError when one of the files cannot be parsed */
export function createTemplateSet(options: TemplateSetOptions): TemplateSet {
  const known = { ...BUILTIN_FUNCTIONS, ...options.functions };
  const parseOptions = { functions: new Set(Object.keys(known)), variables: options.variables ?? [] };
  const shared = new Map<string, readonly TemplateNode[]>();
  for (const file of options.files ?? []) {
    for (const [name, nodes] of parseTemplate(file.name, file.source, parseOptions).defined)
      shared.set(name, nodes);
  }
  const cache = new Map<string, ParsedTemplate>();
  const parse = (source: string, name: string): ParsedTemplate => {
    const key = `${name}\0${source}`;
    const cached = cache.get(key);
    if (cached !== undefined) return cached;
    const parsed = parseTemplate(name, source, parseOptions);
    const whole = { ...parsed, defined: new Map([...shared, ...parsed.defined]) };
    if (cache.size >= (options.maxCached ?? 10_000)) cache.clear();
    cache.set(key, whole);
    return whole;
  };
  return {
    definedNames: [...shared.keys()],
    check: (source, name = '') => void parse(source, name),
    render(source, data, { name = '', html = false, functions = {}, variables = {} } = {}) {
      if (!source.includes('{{')) return source;
      return executeTemplate(parse(source, name), data, {
        functions: new Map(Object.entries({ ...known, ...functions })),
        variables,
        ...(html ? { escape: escapeHtmlText } : {}),
      });
    },
  };
}
