/** Where in an expression something stands, and how Prometheus writes it: `line:column`, in bytes from 1. */
export interface PositionRange {
  /** Index of the first UTF-16 unit, and of the one behind the last. */
  readonly start: number;
  readonly end: number;
}

export function formatPosition(query: string, position: PositionRange): string {
  if (query === '') return 'unknown position';
  const { start } = position;
  if (start < 0 || start > query.length) return 'invalid position';
  const before = query.slice(0, start);
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = before.split('\n').length;
  return `${line}:${utf8Length(before.slice(lineStart)) + 1}`;
}

function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
}
