/**
 * Regular expressions of queries: RE2 syntax and RE2's promise that no expression and no text makes a
 * match take more than linear time. A literal that every match must contain is looked for first, since
 * that is some fifty times faster than the automaton.
 */
import { RE2JS } from 're2js';

export interface LinearRegex {
  readonly source: string;
  /** Found anywhere in the text. */
  test(text: string): boolean;
  /** The first match: its groups by number (0 is the whole), `null` for those that took no part. */
  exec(text: string): readonly (string | null)[] | undefined;
  /** All matches replaced; `$1` and `${name}` stand for groups. */
  replaceAll(text: string, replacement: string): string;
  /** Group names by group number; `undefined` for unnamed ones. */
  readonly groupNames: readonly (string | undefined)[];
  /** Text that every match contains, or ''. */
  readonly literal: string;
}

/** @throws SyntaxError with what RE2 says is wrong */
export function createLinearRegex(source: string, { isAnchored = false } = {}): LinearRegex {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(isAnchored ? `^(?s:${source})$` : source);
  } catch (cause) {
    const said =
      cause instanceof Error ? cause.message.replace(/^error parsing regexp: /, '') : String(cause);
    throw new SyntaxError(`error parsing regexp: ${said}`, { cause });
  }
  const literal = requiredLiteral(source);
  const isLiteral = literal !== '' && literal === source;
  const test = (text: string): boolean => {
    if (literal !== '' && !text.includes(literal)) return false;
    if (isLiteral) return isAnchored ? text === literal : true;
    return compiled.matcher(text).find();
  };
  return {
    source,
    literal,
    test,
    exec(text) {
      if (literal !== '' && !text.includes(literal)) return undefined;
      const matcher = compiled.matcher(text);
      if (!matcher.find()) return undefined;
      return Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group));
    },
    replaceAll: (text, replacement) =>
      compiled.matcher(text).replaceAll(toJavaReplacement(replacement), true),
    groupNames: namesOf(compiled, source),
  };
}

/**
 * The longest run of plain characters that any match must hold: only of expressions that are one
 * sequence without groups, alternatives and flags; '' when in doubt.
 */
export function requiredLiteral(source: string): string {
  if (/[|()]/.test(source)) return '';
  let best = '';
  let run = '';
  const end = (): void => {
    if (run.length > best.length) best = run;
    run = '';
  };
  for (let i = 0; i < source.length; i++) {
    const character = source[i]!;
    if (character === '\\') {
      const escaped = source[i + 1] ?? '';
      i += 1;
      if (/[\p{L}\p{N}]/u.test(escaped)) {
        // A class or a code of unknown length: nothing behind it is trusted.
        end();
        return /^[dDwWsSbB]$/.test(escaped)
          ? longer(best, requiredLiteral(source.slice(i + 1).replace(/^[*+?]+|^\{[^}]*\}\??/, '')))
          : best;
      }
      run += escaped;
    } else if (character === '[') {
      end();
      const close = closingBracket(source, i);
      if (close < 0) return '';
      i = close;
    } else if (character === '*' || character === '?' || character === '{') {
      // The character before may be missing: all of it, if it takes two of UTF-16.
      run = run.replace(/.$/su, '');
      end();
      if (character === '{') {
        const close = source.indexOf('}', i);
        if (close < 0) return '';
        i = close;
      }
    } else if (character === '+' || character === '.' || character === '^' || character === '$') {
      end();
    } else {
      run += character;
    }
  }
  end();
  return best;
}

function longer(a: string, b: string): string {
  return b.length > a.length ? b : a;
}

function closingBracket(source: string, open: number): number {
  let i = open + 1;
  if (source[i] === '^') i += 1;
  if (source[i] === ']') i += 1;
  for (; i < source.length; i++) {
    if (source[i] === '\\') i += 1;
    else if (source.startsWith('[:', i)) i = Math.max(i, source.indexOf(':]', i) + 1);
    else if (source[i] === ']') return i;
  }
  return -1;
}

function namesOf(compiled: RE2JS, source: string): readonly (string | undefined)[] {
  const names: (string | undefined)[] = new Array(compiled.matcher('').groupCount() + 1).fill(undefined);
  if (!source.includes('(?')) return names;
  for (const [name, index] of Object.entries(compiled.namedGroups())) names[Number(index)] = name;
  return names;
}

/** Go's `$name` and `${name}` → the form that re2js takes. */
function toJavaReplacement(text: string): string {
  return text.replaceAll(/\$(\w+)/g, (_, name: string) => (/^\d+$/.test(name) ? `$${name}` : `\${${name}}`));
}
