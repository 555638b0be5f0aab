/**
 * Files by pattern as Go's path/filepath.Glob finds them, which promtool uses: `*` and `?` stay within a name
 * and find hidden files too, there is no `**` and no braces, a pattern without any of them names one file.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

/** As they are written in the pattern, sorted. @throws Error for a pattern that Go cannot read. */
export function goGlob(pattern: string, cwd: string): readonly string[] {
  const at = (path: string): string => (isAbsolute(path) ? path : join(cwd, path));
  if (!/[*?[\\]/.test(pattern)) return exists(at(pattern)) ? [pattern] : [];
  const name = pattern.slice(pattern.lastIndexOf('/') + 1);
  const folder = pattern.includes('/') ? dirname(pattern) : '.';
  const matcher = toMatcher(name);
  const folders = folder === '.' || folder === '/' ? [folder] : goGlob(folder, cwd);
  return folders.flatMap((own) =>
    namesIn(at(own))
      .filter((one) => matcher.test(one))
      .map((one) => join(own, one)),
  );
}

function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function toMatcher(pattern: string): RegExp {
  const bad = (): never => {
    throw new Error('syntax error in pattern');
  };
  const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  let source = '';
  let i = 0;
  /** A character of a class or behind a backslash. */
  const take = (): string => {
    if (pattern[i] === '\\') i += 1;
    const text = pattern[i] ?? bad();
    i += 1;
    return text;
  };
  while (i < pattern.length) {
    const char = pattern[i]!;
    if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    if (char === '*' || char === '?') i += 1;
    else if (char === '[') {
      i += 1;
      const isNegated = pattern[i] === '^';
      if (isNegated) i += 1;
      let members = '';
      while (members === '' || pattern[i] !== ']') {
        if (pattern[i] === ']' || pattern[i] === '-') bad();
        const low = take();
        if (pattern[i] !== '-') {
          members += literal(low);
          continue;
        }
        i += 1;
        if (pattern[i] === ']' || pattern[i] === '-') bad();
        const high = take();
        // A range that runs backwards holds nothing.
        members += low <= high ? `${literal(low)}-${literal(high)}` : '[]';
      }
      i += 1;
      source += `[${isNegated ? '^/' : ''}${members}]`;
    } else source += literal(take());
  }
  return new RegExp(`^${source}$`, 's');
}
