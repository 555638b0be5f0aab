/** Log requests as lines of text: for tests and for small amounts, where speed does not matter. */
import { createByteBuffer, writtenBytes } from './byte-buffer.ts';
import type { ResourceContext } from './resource-context.ts';
import { createLogShaper } from './shape-logs.ts';

const decoder = new TextDecoder();

/** One line per record as text, for small amounts. */
export function shapeToText(
  raw: Uint8Array,
  receivedAtMs: number,
): readonly { readonly labels: ResourceContext['labels']; readonly timeNs: bigint; readonly line: string }[] {
  const lines: { labels: ResourceContext['labels']; timeNs: bigint; line: string }[] = [];
  const buffer = createByteBuffer();
  createLogShaper().shape(raw, receivedAtMs, {
    begin(resource, { seconds, nanos }) {
      buffer.length = 0;
      lines.push({
        labels: resource.labels,
        timeNs: BigInt(seconds) * 1_000_000_000n + BigInt(nanos),
        line: '',
      });
      return buffer;
    },
    end() {
      lines.at(-1)!.line = decoder.decode(writtenBytes(buffer));
    },
  });
  return lines;
}
