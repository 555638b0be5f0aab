/** The lines around each line that was found, as `grep -C` shows them: overlapping pieces become one. */
import { UsageError } from '@sluice/core/errors';
import type { ApiClient } from '../api-client.ts';
import type { LogLine } from './log-answer.ts';

export interface BlockLine extends LogLine {
  readonly isMatch: boolean;
}

/** Lines without a gap between them. */
export type Block = readonly BlockLine[];

interface WireContext {
  readonly before: readonly WireLine[];
  readonly at: readonly WireLine[];
  readonly after: readonly WireLine[];
}

interface WireLine {
  readonly timeNs: string;
  readonly line: string;
}

/** Stream by stream, each in the order of time. @throws UsageError */
export async function readBlocks(
  matches: readonly LogLine[],
  { api, count }: { readonly api: ApiClient; readonly count: number },
): Promise<readonly Block[]> {
  const byStream = Map.groupBy(matches, ({ stream }) => selectorOf(stream));
  const blocks: Block[] = [];
  for (const [selector, found] of byStream) {
    let block: BlockLine[] = [];
    for (const match of found) {
      const piece = await readPiece(match, selector, { api, count, matches: found });
      const last = block.at(-1);
      if (last !== undefined && !piece.some((line) => isSame(line, last))) {
        blocks.push(block);
        block = [];
      }
      block.push(...piece.filter((line) => !block.some((known) => isSame(known, line))));
    }
    blocks.push(block);
  }
  return blocks;
}

interface PieceOptions {
  readonly api: ApiClient;
  readonly count: number;
  readonly matches: readonly LogLine[];
}

async function readPiece(
  { timeNs, stream }: LogLine,
  selector: string,
  { api, count, matches }: PieceOptions,
): Promise<Block> {
  const search = new URLSearchParams({
    query: selector,
    time: String(timeNs),
    before: String(count),
    after: String(count),
  });
  const { status, text } = await api.ask(`/v1/logs/context?${search}`);
  if (status !== 200) throw new UsageError(`the lines around a line could not be read: ${text.trim()}`);
  const { before, at, after } = JSON.parse(text) as WireContext;
  const found = matches.filter((match) => at.some((wire) => BigInt(wire.timeNs) === match.timeNs));
  // A query that changes lines answers none as it is stored: then all of that time are meant.
  const isChanged = !at.some((wire) => found.some(({ line }) => line === wire.line));
  return [...before, ...at, ...after].map((wire) => {
    const line = { timeNs: BigInt(wire.timeNs), line: wire.line, stream, labels: stream };
    const isMatch = isChanged ? line.timeNs === timeNs : matches.some((match) => isSame(match, line));
    return { ...line, isMatch };
  });
}

function isSame(a: LogLine, b: LogLine): boolean {
  return a.timeNs === b.timeNs && a.line === b.line;
}

/** The selector that chooses exactly the streams with these labels. */
function selectorOf(labels: Readonly<Record<string, string>>): string {
  const matchers = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{${matchers.join(', ')}}`;
}
