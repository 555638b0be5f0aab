/**
 * Stacks in the words of the sources. The map lies beside the bundle and is read when something was thrown: Node's own
 * `--enable-source-maps` parses it at every cold start, which takes ingest a third of its time.
 */

import type { SourceMap } from 'node:module';

/** `file:///var/task/bundle.mjs:1:234` within a line of a stack. */
const PLACE = /(file:\/\/[^\s()]+?):(\d+):(\d+)/g;

const maps = new Map<string, SourceMap | undefined>();

/** Runs `work`; what it throws has a stack that leads to the sources. */
export async function withSourceStack<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && error.stack !== undefined) error.stack = toSources(error.stack);
    throw error;
  }
}

function toSources(stack: string): string {
  return stack.replaceAll(PLACE, (place: string, file: string, line: string, column: string) => {
    const entry = mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !('originalSource' in entry)) return place;
    return `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

/** `undefined` where there is none: then the stack stays as it is. */
function mapOf(file: string): SourceMap | undefined {
  if (!maps.has(file)) maps.set(file, readMap(file));
  return maps.get(file);
}

function readMap(file: string): SourceMap | undefined {
  const { readFileSync } = process.getBuiltinModule('node:fs');
  const { SourceMap } = process.getBuiltinModule('node:module');
  try {
    return new SourceMap(JSON.parse(readFileSync(new URL(`${file}.map`), 'utf8')));
  } catch {
    // An error about the error would hide it.
    return undefined;
  }
}
