/** One line on the terminal that is written over and over; nothing when the output is no terminal. */
import type { Clock } from '@sluice/core/ports/clock';
import type { Output } from '../io.ts';
import { formatCount } from '../quantity.ts';

export interface Progress {
  /** One request is done. */
  add(items: number): void;
  clear(): void;
}

const EVERY_MS = 100;

export function createProgress(output: Output, { nowMs }: Clock): Progress {
  const startMs = nowMs();
  let shownAtMs = Number.NEGATIVE_INFINITY;
  let requests = 0;
  let items = 0;
  return {
    add(newItems) {
      requests++;
      items += newItems;
      const now = nowMs();
      if (!output.isTerminal || now - shownAtMs < EVERY_MS) return;
      shownAtMs = now;
      const perSecond = (items / Math.max(1, now - startMs)) * 1000;
      const line = `${formatCount(requests)} requests, ${formatCount(items)} items, ${formatCount(perSecond)} items/s`;
      output.write(`\r\u001b[2K${line.slice(0, output.columns - 1)}`);
    },
    clear() {
      if (output.isTerminal && shownAtMs > Number.NEGATIVE_INFINITY) output.write('\r\u001b[2K');
    },
  };
}
