/**
 * Finds the end of a number or a duration and reads its value: decimal, hexadecimal, octal and binary
 * integers with `_` between digits, floats, and durations such as `1h30m` or `500ms`.
 */
export interface ScannedNumber {
  /** Undefined when it is neither; `end` is then where the reading stopped. */
  readonly kind: 'number' | 'duration' | undefined;
  readonly end: number;
}

const HEX = /0[xX]_?[0-9a-fA-F][0-9a-fA-F_]*/y;
const DECIMAL = /(?:\d(?:_?\d)*)?(?:\.(?:\d(?:_?\d)*)?)?(?:[eE][+-]?\d(?:_?\d)*)?/y;
const DURATION = /\d+(?:ms|[smhdwy])(?:\d+(?:ms|[smhdw]))*/y;
const WORD = /[a-zA-Z0-9_.]*/y;

export function scanNumberOrDuration(input: string, start: number): ScannedNumber {
  for (const [kind, pattern] of [
    ['number', HEX],
    ['number', DECIMAL],
    ['duration', DURATION],
  ] as const) {
    const end = matchAt(pattern, input, start);
    if (end > start && !isWordCharacter(input[end])) return { kind, end };
  }
  return { kind: undefined, end: Math.max(matchAt(WORD, input, start), start + 1) };
}

/** The value of a number token; undefined when it has the form of one but no value (such as `0x`). */
export function parseNumber(text: string): number | undefined {
  const plain = text.replaceAll('_', '');
  if (/^inf$/i.test(plain)) return Number.POSITIVE_INFINITY;
  if (/^nan$/i.test(plain)) return Number.NaN;
  if (/^0[0-7]+$/.test(plain)) return Number.parseInt(plain, 8);
  const value = Number(plain);
  return Number.isNaN(value) ? undefined : value;
}

function matchAt(pattern: RegExp, input: string, start: number): number {
  pattern.lastIndex = start;
  return pattern.test(input) ? pattern.lastIndex : start;
}

function isWordCharacter(character: string | undefined): boolean {
  return character !== undefined && /[a-zA-Z0-9_.]/.test(character);
}
