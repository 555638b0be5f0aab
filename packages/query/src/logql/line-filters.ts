/** Line filters: as tests over a line, and over a whole chunk's bytes where one search finds all candidates. */
import { createLinearRegex } from '@sluice/backends/linear-regex';
import type { LogLines } from '@sluice/backends/log-reader';
import type { LineFilter } from './ast.ts';
import { createByteSearch } from './find-bytes.ts';
import { createLineIpTest } from './ip-range.ts';
import { createPatternMatcher } from './pattern-matcher.ts';

export type LineTest = (line: string) => boolean;

export function createLineTest({ op, values }: LineFilter): LineTest {
  const tests = values.map(({ isIp, text }): LineTest => {
    if (isIp) return createLineIpTest(text);
    if (op === '|=' || op === '!=') return (line) => line.includes(text);
    if (op === '|~' || op === '!~') {
      const regex = createLinearRegex(text);
      return (line) => regex.test(line);
    }
    return createPatternMatcher(text);
  });
  const [only] = tests;
  const any: LineTest = tests.length === 1 ? only! : (line) => tests.some((test) => test(line));
  return op.startsWith('|') ? any : (line) => !any(line);
}

/** Text that every line which passes must hold, if there is any: what a chunk is searched for. */
export function neededText({ op, values }: LineFilter): string {
  const [only] = values;
  if (values.length !== 1 || only!.isIp) return '';
  if (op === '|=') return only!.text;
  return op === '|~' ? createLinearRegex(only!.text).literal : '';
}

/**
 * The numbers of the lines that hold the text, in order. One native search runs over the whole chunk, so
 * lines without it cost next to nothing.
 */
export function* linesWith({ count, starts, text }: LogLines, needle: Buffer): Generator<number> {
  const search = createByteSearch(needle);
  let line = 0;
  for (let at = search.find(text, 0); at >= 0; ) {
    line = lineAt(starts, { at, from: line, count });
    // A needle with a line feed in it could reach over two lines.
    if (at + needle.length < starts[line + 1]!) yield line;
    const next = starts[line + 1]!;
    at = next >= text.length ? -1 : search.find(text, next);
  }
}

function lineAt(
  starts: Uint32Array,
  { at, from, count }: { at: number; from: number; count: number },
): number {
  let low = from;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
