/** LogQL's pattern language: literals and captures `<name>`, `<_>`; also as line filter (`|>`), where it must cover the line. */
interface Part {
  readonly literal?: string;
  readonly capture?: string;
}

function parsePattern(pattern: string): readonly Part[] {
  const parts: Part[] = [];
  let literal = '';
  const capture = /<([A-Za-z_][A-Za-z0-9_]*)>/y;
  for (let i = 0; i < pattern.length; ) {
    capture.lastIndex = i;
    const match = capture.exec(pattern);
    if (match === null) {
      literal += pattern[i];
      i += 1;
      continue;
    }
    if (literal !== '') parts.push({ literal });
    literal = '';
    parts.push({ capture: match[1]! });
    i += match[0].length;
  }
  if (literal !== '') parts.push({ literal });
  return parts;
}

/**
 * Captures by name, as far as the text matches: a capture reaches to the next place of the literal behind
 * it, the last one to the end.
 */
export function createPatternParser(
  pattern: string,
): (text: string) => readonly (readonly [string, string])[] {
  const parts = parsePattern(pattern);
  return (text) => {
    const found: (readonly [string, string])[] = [];
    let at = 0;
    for (let i = 0; i < parts.length; i++) {
      const { literal, capture } = parts[i]!;
      if (literal !== undefined) {
        if (!text.startsWith(literal, at)) return found;
        at += literal.length;
        continue;
      }
      const behind = parts[i + 1]?.literal;
      const end = behind === undefined ? text.length : text.indexOf(behind, at);
      if (end < 0) return found;
      if (capture !== '_') found.push([capture!, text.slice(at, end)]);
      at = end;
    }
    return found;
  };
}

/** Whether the pattern covers the whole line. `<_>` stands for any text, also none. */
export function createPatternMatcher(pattern: string): (line: string) => boolean {
  const literals: string[] = [];
  const parts = parsePattern(pattern);
  for (const { literal } of parts) if (literal !== undefined) literals.push(literal);
  const startsOpen = parts[0]?.capture !== undefined;
  const endsOpen = parts.at(-1)?.capture !== undefined;
  return (line) => {
    let at = 0;
    for (let i = 0; i < literals.length; i++) {
      const literal = literals[i]!;
      const isLast = i === literals.length - 1;
      const found = isLast && !endsOpen ? line.length - literal.length : line.indexOf(literal, at);
      if (found < at || !line.startsWith(literal, found)) return false;
      if (i === 0 && !startsOpen && found !== 0) return false;
      at = found + literal.length;
    }
    return literals.length > 0 || startsOpen ? endsOpen || at === line.length : line === '';
  };
}
