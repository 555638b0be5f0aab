/** A place in a YAML document: its value, its position, and where to say what is wrong with it. */
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
} from 'yaml';
import type { Problem } from './problem.ts';

export type NodeKind = 'null' | 'text' | 'number' | 'boolean' | 'sequence' | 'mapping';

/** Both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface ConfigEntry {
  readonly key: string;
  readonly keyNode: ConfigNode;
  readonly value: ConfigNode;
}

export class ConfigNode {
  readonly path: string;
  private readonly context: NodeContext;
  private readonly node: Node | null;
  private readonly fallbackOffset: number;

  constructor(context: NodeContext, node: Node | null, place: { path: string; fallbackOffset: number }) {
    this.context = context;
    this.node = resolve(context.document, node);
    this.path = place.path;
    this.fallbackOffset = node?.range?.[0] ?? place.fallbackOffset;
    if (isAlias(node) && this.node === null) this.report(`the alias *${node.source} has no anchor before it`);
  }

  get kind(): NodeKind {
    if (isMap(this.node)) return 'mapping';
    if (isSeq(this.node)) return 'sequence';
    const value = isScalar(this.node) ? this.node.value : null;
    if (value === null || value === undefined) return 'null';
    if (typeof value === 'number' || typeof value === 'bigint') return 'number';
    return typeof value === 'boolean' ? 'boolean' : 'text';
  }

  /** Of a scalar: whether it stands without quotes, so that YAML decides what it is. */
  get isPlain(): boolean {
    return isScalar(this.node) && this.node.type === 'PLAIN';
  }

  /** Of a scalar: as it was written (`1.0`, `yes`), which is what fields of text take. */
  get source(): string {
    if (!isScalar(this.node)) return '';
    const isPlain = this.node.type === 'PLAIN';
    return isPlain && typeof this.node.source === 'string' && typeof this.node.value !== 'string'
      ? this.node.source
      : String(this.node.value ?? '');
  }

  get scalar(): string | number | boolean | null {
    if (!isScalar(this.node)) return null;
    const { value } = this.node;
    if (typeof value === 'bigint') return Number(value);
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? value
      : null;
  }

  get items(): readonly ConfigNode[] {
    if (!isSeq(this.node)) return [];
    return this.node.items.map((item, index) =>
      this.child(isPair(item) ? null : (item as Node), `${this.path}[${index}]`),
    );
  }

  /** With the pairs of `<<` merged in; what the mapping says itself wins. */
  get entries(): readonly ConfigEntry[] {
    if (!isMap(this.node)) return [];
    const found = new Map<string, ConfigEntry>();
    const merged: ConfigEntry[] = [];
    for (const pair of this.node.items as Pair<Node | null, Node | null>[]) {
      const keyNode = this.child(pair.key, this.path);
      const key = keyNode.source;
      const value = this.child(pair.value, this.path === '' ? key : `${this.path}.${key}`);
      if (key === '<<') {
        const sources = value.kind === 'sequence' ? value.items : [value];
        merged.push(...sources.flatMap((source) => source.withPath(this.path).entries));
      } else found.set(key, { key, keyNode, value });
    }
    for (const entry of merged) if (!found.has(entry.key)) found.set(entry.key, entry);
    return [...found.values()];
  }

  get line(): number {
    return this.context.lines.linePos(this.offset).line;
  }

  get column(): number {
    return this.context.lines.linePos(this.offset).col;
  }

  /** Offset of the scalar's first character in the file, for positions inside a text. */
  get offset(): number {
    return this.node?.range?.[0] ?? this.fallbackOffset;
  }

  /** Where a character of a text's value stands in the file; folded and quoted texts are followed line by line. */
  positionAt(index: number): Position {
    return this.locator()(index);
  }

  /** `positionAt` for keeping: it holds on to the file's text only, not to the document. */
  locator(): (index: number) => Position {
    const { source, lines } = this.context;
    const value = this.source;
    const isBlock = isScalar(this.node) && this.node.type?.startsWith('BLOCK') === true;
    const { offset } = this;
    return (index) => {
      const at = locate(index, { source, value, offset, isBlock });
      const { line, col } = lines.linePos(Math.min(at, source.length));
      return { line, column: col };
    };
  }

  report(
    message: string,
    options: {
      readonly severity?: 'error' | 'warning';
      readonly code?: string;
      /** Of the text's value: which character it is about. */
      readonly index?: number;
    } = {},
  ): void {
    const { severity = 'error', code, index } = options;
    const { line, column } = index === undefined ? this : this.positionAt(index);
    this.context.problems.push({
      file: this.context.file,
      line,
      column,
      path: this.path,
      message,
      severity,
      ...(code === undefined ? {} : { code }),
    });
  }

  /** Plain values all the way down, for what is only carried along. */
  toPlain(): unknown {
    switch (this.kind) {
      case 'mapping':
        return Object.fromEntries(this.entries.map(({ key, value }) => [key, value.toPlain()]));
      case 'sequence':
        return this.items.map((item) => item.toPlain());
      default:
        return this.scalar;
    }
  }

  private child(node: Node | null, path: string): ConfigNode {
    return new ConfigNode(this.context, node, { path, fallbackOffset: this.offset });
  }

  private withPath(path: string): ConfigNode {
    return new ConfigNode(this.context, this.node, { path, fallbackOffset: this.fallbackOffset });
  }
}

export interface NodeContext {
  readonly file: string;
  readonly source: string;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly problems: Problem[];
}

interface TextPlace {
  /** Of the whole file. */
  readonly source: string;
  readonly value: string;
  readonly offset: number;
  readonly isBlock: boolean;
}

/** The offset in the file of a character of a text's value. */
function locate(index: number, { source, value, offset, isBlock }: TextPlace): number {
  let at = offset;
  if (isBlock) at = source.indexOf('\n', at) + 1;
  else if (/["']/.test(source[at] ?? '') && value[0] !== source[at]) at += 1;
  const last = Math.min(index, value.length);
  for (let done = 0; at < source.length && done < value.length; at++) {
    const isSpace = /\s/.test(source[at]!);
    const isSame = source[at] === value[done] || (isSpace && /\s/.test(value[done] ?? ''));
    if (isSame && done === last) break;
    if (isSame) done += 1;
    else if (!isSpace && source[at] === '\\') {
      // An escape of several characters stands for one of the value.
      if (done === last) break;
      at += 1;
      done += 1;
    }
  }
  return at;
}

function resolve(document: Document, node: Node | null): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node;
}
