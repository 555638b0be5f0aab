/**
 * The structured metadata of a stored line, read back from its JSON: the ids that the Loki sink sends beside
 * it, and the level, under the name that Loki itself gives to what it detects (Loki: discover_log_levels).
 */
import type { LogLabels } from '@sluice/backends/log-reader';
import { scanJson } from './scan-json.ts';

const LEVEL_LABEL = 'detected_level';

/** By the field of the record. */
const LABEL_OF: ReadonlyMap<string, string> = new Map([
  ['level', LEVEL_LABEL],
  ['trace_id', 'trace_id'],
  ['span_id', 'span_id'],
  ['tracking_id', 'tracking_id'],
]);

export const METADATA_LABELS: readonly string[] = [...LABEL_OF.values()];

export function readMetadata(line: string): LogLabels {
  const labels: Record<string, string> = {};
  if (!line.startsWith('{')) return labels;
  scanJson(line, {
    // They stand at the top, before any attribute.
    isWanted: (path) => path.length === 1 && LABEL_OF.has(path[0]!),
    value: (path, text) => {
      const label = LABEL_OF.get(path[0]!)!;
      labels[label] = label === LEVEL_LABEL ? text.toLowerCase() : text;
    },
  });
  return labels;
}
