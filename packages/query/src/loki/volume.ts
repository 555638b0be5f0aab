/** How much there is, from the chunks' own counts: nothing is read for it. Chunks at the borders count by their share. */
import type { LogChunk, LogLabels, LogReader } from '@sluice/backends/log-reader';
import type { TenantId } from '@sluice/core/ids';
import { labelsKey } from '../logql/log-query.ts';
import type { Series } from '../logql/metric-query.ts';
import { createStreamFilter, parseMatchers } from '../logql/parse-selector.ts';
import { BadParameter, type Parameters, readLimit, type TimeRange } from './parameters.ts';

export function sumIndex(chunks: readonly LogChunk[]): {
  readonly streams: number;
  readonly chunks: number;
  readonly entries: number;
  readonly bytes: number;
} {
  let entries = 0;
  let bytes = 0;
  for (const chunk of chunks) {
    entries += chunk.count;
    bytes += chunk.bytes;
  }
  return {
    streams: new Set(chunks.map(({ stream }) => stream.id)).size,
    chunks: chunks.length,
    entries,
    bytes,
  };
}

export interface VolumeOptions {
  readonly tenant: TenantId;
  readonly range: TimeRange;
  readonly timesMs: readonly number[];
  /** Width of the window behind each time; `undefined` for the whole range. */
  readonly stepMs: number | undefined;
}

/** Bytes per stream, or summed by `targetLabels` (with `aggregateBy=labels` by each label alone); the largest first. */
export function readVolumes(
  reader: LogReader,
  parameters: Parameters,
  { tenant, range, timesMs, stepMs }: VolumeOptions,
): readonly Series[] {
  const query = parameters.get('query');
  if (query === undefined) throw new BadParameter('query is required');
  const matchers = parseMatchers(query);
  const targets = (parameters.get('targetLabels') ?? '').split(',').filter((name) => name !== '');
  const isByLabel = parameters.get('aggregateBy') === 'labels';
  // Without targets a volume is by the labels that the selector names.
  const names = targets.length > 0 ? targets : matchers.map(({ name }) => name);
  const groups = new Map<string, { labels: LogLabels; values: number[] }>();
  for (const chunk of reader.chunks({ tenant, isWanted: createStreamFilter(matchers), ...range })) {
    for (const labels of groupsOf(chunk.stream.labels, names, isByLabel)) {
      const key = labelsKey(labels);
      const group = groups.get(key) ?? { labels, values: timesMs.map(() => 0) };
      groups.set(key, group);
      timesMs.forEach((timeMs, i) => {
        const startMs = stepMs === undefined ? Number(range.startNs / 1_000_000n) : timeMs - stepMs;
        group.values[i] = group.values[i]! + chunk.bytes * shareWithin(chunk, startMs, timeMs);
      });
    }
  }
  return [...groups.values()]
    .map(({ labels, values }) => ({
      labels,
      values: values.map((value) => (value === 0 ? undefined : Math.round(value))),
    }))
    .filter(({ values }) => values.some((value) => value !== undefined))
    .sort((a, b) => total(b) - total(a))
    .slice(0, readLimit(parameters));
}

function groupsOf(labels: LogLabels, names: readonly string[], isByLabel: boolean): readonly LogLabels[] {
  const present = names.filter((name) => labels[name] !== undefined);
  if (isByLabel) return (names.length === 0 ? Object.keys(labels) : present).map((name) => ({ [name]: '' }));
  return [Object.fromEntries(present.map((name) => [name, labels[name]!]))];
}

/** Lines are taken to be spread evenly over a chunk's time. */
function shareWithin({ firstNs, lastNs }: LogChunk, startMs: number, endMs: number): number {
  const first = Number(firstNs) / 1e6;
  const last = Number(lastNs) / 1e6;
  if (last <= startMs || first > endMs) return last === first && last === startMs ? 1 : 0;
  if (last === first) return 1;
  return (Math.min(last, endMs) - Math.max(first, startMs)) / (last - first);
}

function total({ values }: Series): number {
  return values.reduce((sum: number, value) => sum + (value ?? 0), 0);
}
