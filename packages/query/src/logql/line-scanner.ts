/** A log selector over one chunk at a time: the lines that pass its pipeline, found by one search of the whole chunk. */
import type { LogChunk, LogLabels, LogLines, LogRange } from '@sluice/backends/log-reader';
import type { LineFilter, LogSelector, Stage } from './ast.ts';
import { createEntry, type Entry } from './entry.ts';
import { linesWith, neededText } from './line-filters.ts';
import { createStreamFilter } from './parse-selector.ts';
import { createPipeline } from './pipeline.ts';

export interface LineScanner {
  /** Whether the stream is one of the selector's. */
  isWanted(labels: LogLabels): boolean;
  /** Text that a chunk must hold somewhere for any of its lines to pass; '' when there is none. */
  readonly needle: string;
  /** Calls `found` for every line that passes, until it answers false. */
  visit(lines: LogLines, chunk: Pick<LogChunk, 'stream'>, options: VisitOptions): void;
}

export interface VisitOptions {
  /** All lines of the chunk without it. */
  readonly range?: LogRange;
  /** The newest first. */
  readonly isBackward?: boolean;
  readonly found: (entry: Entry) => boolean;
}

/** @throws LogqlError */
export function createLineScanner({
  matchers,
  stages,
}: Pick<LogSelector, 'matchers' | 'stages'>): LineScanner {
  const pipeline = createPipeline(stages);
  const needle = longestNeeded(stages);
  const needleBytes = Buffer.from(needle);
  return {
    needle,
    isWanted: createStreamFilter(matchers),
    visit(lines, { stream }, { range, isBackward = false, found }) {
      for (const i of lineNumbers(lines, needleBytes, isBackward)) {
        const timeNs = lines.timesNs[i]!;
        if (range !== undefined && (timeNs < range.startNs || timeNs >= range.endNs)) continue;
        const entry = createEntry(timeNs, lineText(lines, i), stream.labels);
        if (pipeline(entry) && !found(entry)) return;
      }
    },
  };
}

export function lineText({ starts, text }: LogLines, i: number): string {
  return text.toString('utf8', starts[i]!, starts[i + 1]! - 1);
}

function lineNumbers(lines: LogLines, needle: Buffer, isBackward: boolean): Iterable<number> {
  if (needle.length > 0) {
    const found = linesWith(lines, needle);
    return isBackward ? [...found].reverse() : found;
  }
  return isBackward ? countDown(lines.count) : countUp(lines.count);
}

function* countUp(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i;
}

function* countDown(count: number): Generator<number> {
  for (let i = count - 1; i >= 0; i--) yield i;
}

/** Of the line filters that see the line as it is stored, the text that rules out most. */
function longestNeeded(stages: readonly Stage[]): string {
  let longest = '';
  for (const stage of stages) {
    if (stage.kind === 'line_format' || stage.kind === 'unpack' || stage.kind === 'decolorize') break;
    if (stage.kind !== 'line') continue;
    const text = neededText(stage as LineFilter);
    if (text.length > longest.length) longest = text;
  }
  // A stored line holds no line feed.
  return longest.includes('\n') ? '' : longest;
}
