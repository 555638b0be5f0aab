/**
 * Attribute names matched by globs: `*` stands for any run of characters, everything else for itself. Names
 * are compared in one spelling, so that `api_key` also matches `api-key` and `apiKey`. Linear: each literal
 * piece is looked for once, from left to right.
 */
import { UsageError } from '@sluice/core/errors';

export type KeyTest = (normalizedKey: string) => boolean;

const MAX_GLOB_CHARS = 256;

/** `Set-Cookie`, `setCookie` and `set_cookie` become `set_cookie`; dots stay. */
export function normalizeKey(key: string): string {
  let normal = '';
  for (let i = 0; i < key.length; i++) {
    const character = key[i]!;
    const lower = character.toLowerCase();
    if (character === '-') normal += '_';
    else if (lower !== character && i > 0 && isLowerOrDigit(key[i - 1]!)) normal += `_${lower}`;
    else normal += lower;
  }
  return normal;
}

/** @throws UsageError naming the glob. */
export function compileGlobs(globs: readonly string[]): KeyTest {
  const exact = new Set<string>();
  const tests: KeyTest[] = [];
  for (const glob of globs) {
    if (glob === '' || glob.length > MAX_GLOB_CHARS) {
      throw new UsageError(
        `${JSON.stringify(glob.slice(0, 40))} is not a name of 1-${MAX_GLOB_CHARS} characters`,
      );
    }
    const normal = normalizeKey(glob);
    if (normal.includes('*')) tests.push(compileGlob(normal));
    else exact.add(normal);
  }
  return (key) => exact.has(key) || tests.some((test) => test(key));
}

function compileGlob(glob: string): KeyTest {
  const pieces = glob.split('*');
  const head = pieces[0]!;
  const tail = pieces.at(-1)!;
  const middle = pieces.slice(1, -1).filter((piece) => piece !== '');
  return (key) => {
    if (!key.startsWith(head) || !key.endsWith(tail) || key.length < head.length + tail.length) return false;
    let at = head.length;
    for (const piece of middle) {
      const found = key.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return at <= key.length - tail.length;
  };
}

function isLowerOrDigit(character: string): boolean {
  return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
}
