/**
 * Names that one object of a JSON text has twice. JSON.parse keeps the last without a word, and other readers keep
 * the first: an event that says two things under one name says neither (RFC 8785 § 3.1 asks for unique names).
 */
import { toPath } from './unrepresentable.ts';

export interface RepeatedName {
  /** Place in the array, when the text is one. */
  readonly index: number | undefined;
  /** Path within the element of the array, or within the whole. */
  readonly path: string;
}

interface Level {
  /** Of an object, the names so far; of an array, nothing. */
  readonly names: Set<string> | undefined;
  /** The name or the place of the value that is read. */
  at: string | number;
  expectsName: boolean;
}

/** `text` is valid JSON. One finding per object at most. */
export function findRepeatedNames(text: string): readonly RepeatedName[] {
  const levels: Level[] = [];
  const found: RepeatedName[] = [];
  for (let i = 0; i < text.length; i++) {
    const level = levels.at(-1);
    switch (text[i]) {
      case '{':
        levels.push({ names: new Set(), at: '', expectsName: true });
        break;
      case '[':
        levels.push({ names: undefined, at: 0, expectsName: false });
        break;
      case '}':
      case ']':
        levels.pop();
        break;
      case ',':
        if (level?.names !== undefined) level.expectsName = true;
        else if (level !== undefined) level.at = Number(level.at) + 1;
        break;
      case '"': {
        const end = endOfString(text, i);
        if (level?.expectsName && level.names !== undefined) {
          level.at = JSON.parse(text.slice(i, end + 1)) as string;
          level.expectsName = false;
          if (level.names.has(level.at)) found.push(toFinding(levels));
          level.names.add(level.at);
        }
        i = end;
        break;
      }
    }
  }
  return found;
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === '"') return i;
  }
  return text.length;
}

function toFinding(levels: readonly Level[]): RepeatedName {
  const [first, ...rest] = levels;
  const isList = first!.names === undefined;
  return {
    index: isList ? Number(first!.at) : undefined,
    path: (isList ? rest : levels).reduce(
      (path, { names, at }) => (names === undefined ? `${path}[${at}]` : toPath(path, String(at))),
      '$',
    ),
  };
}
