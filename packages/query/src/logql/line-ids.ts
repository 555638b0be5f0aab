/** The structured metadata of a stored line: the ids that the Loki sink sends beside it, read back from its JSON. */
import type { LogLabels } from '@sluice/backends/log-reader';
import { scanJson } from './scan-json.ts';

const IDS = ['trace_id', 'span_id', 'tracking_id'] as const;

export function readIds(line: string): LogLabels {
  const ids: Record<string, string> = {};
  if (!line.startsWith('{')) return ids;
  scanJson(line, {
    // Ids stand at the top, before any attribute.
    isWanted: (path) => path.length === 1 && (IDS as readonly string[]).includes(path[0]!),
    value: (path, text) => {
      ids[path[0]!] = text;
    },
  });
  return ids;
}
