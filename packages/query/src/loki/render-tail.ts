/** A tail's frame in the JSON of Loki's tail endpoint. */
import type { LogLabels } from '@sluice/backends/log-reader';
import { labelsKey } from '../logql/log-query.ts';
import type { TailFrame } from './live-tail.ts';

export interface LokiTailFrame {
  readonly streams: readonly { readonly stream: LogLabels; readonly values: readonly [string, string][] }[];
  /** `null` when nothing was lost, as Loki writes it. */
  readonly dropped_entries: readonly { readonly labels: LogLabels; readonly timestamp: string }[] | null;
}

export function toLokiFrame({ entries, dropped }: TailFrame): LokiTailFrame {
  const streams = new Map<string, { stream: LogLabels; values: [string, string][] }>();
  for (const { timeNs, line, categories } of entries) {
    const labels = { ...categories.stream, ...categories.structuredMetadata, ...categories.parsed };
    const key = labelsKey(labels);
    const stream = streams.get(key) ?? { stream: labels, values: [] };
    streams.set(key, stream);
    stream.values.push([String(timeNs), line]);
  }
  return {
    streams: [...streams.values()],
    dropped_entries:
      dropped.length === 0
        ? null
        : dropped.map(({ labels, timeNs }) => ({ labels, timestamp: String(timeNs) })),
  };
}
