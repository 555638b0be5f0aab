/** The text of a template into tokens: text between actions, and what stands inside `{{ }}`. */
import type { Position } from './template-ast.ts';
import { TemplateError } from './template-error.ts';

export type TokenType =
  | 'text'
  | 'open'
  | 'close'
  | 'space'
  | 'identifier'
  | 'field'
  | 'variable'
  | 'dot'
  | 'number'
  | 'string'
  | 'char'
  | 'pipe'
  | 'declare'
  | 'assign'
  | 'comma'
  | 'left-paren'
  | 'right-paren'
  | 'end';

export interface Token {
  readonly type: TokenType;
  /** As written; of strings the value. */
  readonly text: string;
  readonly at: Position;
}

/** @throws TemplateError as Go words it, `template: <name>:<line>: …` */
export function lexTemplate(name: string, source: string): readonly Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  let line = 1;
  let lineStart = 0;
  let trimNext = false;

  const at = (): Position => ({ line, column: Buffer.byteLength(source.slice(lineStart, offset)) });
  const advance = (end: number): void => {
    for (let i = source.indexOf('\n', offset); i >= 0 && i < end; i = source.indexOf('\n', i + 1)) {
      line += 1;
      lineStart = i + 1;
    }
    offset = end;
  };

  while (offset < source.length) {
    const open = source.indexOf('{{', offset);
    const end = open < 0 ? source.length : open;
    const trimsLeft = open >= 0 && source[open + 2] === '-' && isSpace(source[open + 3]);
    let text = source.slice(offset, end);
    const start = at();
    if (trimNext) text = text.replace(/^[ \t\r\n]+/, '');
    if (trimsLeft) text = text.replace(/[ \t\r\n]+$/, '');
    if (text !== '') tokens.push({ type: 'text', text, at: start });
    advance(end);
    trimNext = false;
    if (open < 0) break;
    const inside = open + 2 + (trimsLeft ? 2 : 0);
    if (source.startsWith('/*', inside)) {
      const close = source.indexOf('*/', inside + 2);
      if (close < 0) fail('unclosed comment');
      let behind = close + 2;
      if (/^[ \t\r\n]-\}\}/.test(source.slice(behind, behind + 4))) {
        trimNext = true;
        behind += 2;
      }
      if (!source.startsWith('}}', behind)) fail('comment ends before closing delimiter');
      advance(behind + 2);
      continue;
    }
    tokens.push({ type: 'open', text: '{{', at: at() });
    advance(inside);
    trimNext = lexAction();
  }
  tokens.push({ type: 'end', text: '', at: at() });
  return tokens;

  function fail(message: string): never {
    throw new TemplateError(`template: ${name}:${line}: ${message}`, line);
  }

  /** Answers whether the action ends with a trim marker. */
  function lexAction(): boolean {
    let depth = 0;
    const push = (type: TokenType, end: number, text = source.slice(offset, end)): void => {
      tokens.push({ type, text, at: at() });
      advance(end);
    };
    for (;;) {
      const rest = source.slice(offset, offset + 4);
      const trims = /^[ \t\r\n]-\}\}/.test(rest);
      if (trims || rest.startsWith('}}')) {
        if (depth > 0) fail('unclosed left paren');
        push('close', offset + (trims ? 4 : 2), '}}');
        return trims;
      }
      const character = source[offset];
      if (character === undefined) return fail('unclosed action');
      if (isSpace(character)) {
        let end = offset;
        while (isSpace(source[end]) && !/^[ \t\r\n]-\}\}/.test(source.slice(end, end + 4))) end += 1;
        push('space', end);
      } else if (source.startsWith(':=', offset)) push('declare', offset + 2);
      else if (character === '=') push('assign', offset + 1);
      else if (character === '|') push('pipe', offset + 1);
      else if (character === ',') push('comma', offset + 1);
      else if (character === '(') {
        depth += 1;
        push('left-paren', offset + 1);
      } else if (character === ')') {
        depth -= 1;
        if (depth < 0) fail('unexpected right paren');
        push('right-paren', offset + 1);
      } else if (character === '"') lexQuoted(push);
      else if (character === '`') {
        const close = source.indexOf('`', offset + 1);
        if (close < 0) fail('unterminated raw quoted string');
        push('string', close + 1, source.slice(offset + 1, close));
      } else if (character === "'") lexChar(push);
      else if (character === '$') push('variable', endOfName(offset + 1));
      else if (character === '.' && /\d/.test(source[offset + 1] ?? '')) lexNumber(push);
      else if (character === '.') {
        const end = endOfName(offset + 1);
        if (end === offset + 1) push('dot', end);
        else push('field', end, source.slice(offset + 1, end));
      } else if (/[\d+-]/.test(character)) lexNumber(push);
      else if (isNamePart(character)) push('identifier', endOfName(offset));
      else fail(`unexpected ${describe(character)} in command`);
    }
  }

  function endOfName(from: number): number {
    let end = from;
    while (isNamePart(source[end])) end += 1;
    return end;
  }

  function lexNumber(push: (type: TokenType, end: number) => void): void {
    const match =
      /^[+-]?(0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE][+-]?\d+)?)/.exec(
        source.slice(offset, offset + 64),
      );
    if (match === null || isNamePart(source[offset + match[0].length])) {
      fail(`bad number syntax: ${JSON.stringify(source.slice(offset, offset + 8).split(/[\s}]/)[0])}`);
    }
    push('number', offset + match[0].length);
  }

  function lexQuoted(push: (type: TokenType, end: number, text: string) => void): void {
    let end = offset + 1;
    while (source[end] !== '"') {
      if (source[end] === undefined || source[end] === '\n') fail('unterminated quoted string');
      end += source[end] === '\\' ? 2 : 1;
    }
    push('string', end + 1, unquote(source.slice(offset + 1, end)));
  }

  function lexChar(push: (type: TokenType, end: number, text: string) => void): void {
    let end = offset + 1;
    while (source[end] !== "'") {
      if (source[end] === undefined || source[end] === '\n') fail('unterminated character constant');
      end += source[end] === '\\' ? 2 : 1;
    }
    const text = unquote(source.slice(offset + 1, end));
    if ([...text].length !== 1) fail(`malformed character constant: ${source.slice(offset, end + 1)}`);
    push('char', end + 1, text);
  }

  function unquote(body: string): string {
    return body.replaceAll(
      /\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|[\s\S]?)/g,
      (whole, code: string) => {
        const simple = SIMPLE_ESCAPES[code];
        if (simple !== undefined) return simple;
        if (/^[xuU].+/.test(code)) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
        if (/^[0-7]{3}$/.test(code)) return String.fromCodePoint(Number.parseInt(code, 8));
        return fail(`invalid syntax: unknown escape ${whole} in a quoted string`);
      },
    );
  }
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n';
}

function isNamePart(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{Nd}_]/u.test(character);
}

function describe(character: string): string {
  const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  return /[\x20-\x7e]/.test(character) ? `U+${code} '${character}'` : `U+${code}`;
}
