/**
 * Which services were heard of, as gauges among the entries: 1 while a (job, instance) has news within the
 * window, 0 while its series are still published without. `up` is read from them.
 */
import { fromPairs, type Labels, labelsKey, labelValue, METRIC_NAME } from '@sluice/promql/model/labels';
import type { Snapshot } from '../model/snapshot.ts';
import type { EntrySet } from './entry-set.ts';
import { SEEN_FAMILY } from './rollup-entry.ts';

export interface SeenTarget {
  readonly job: string;
  readonly instance: string;
  readonly lastSeenMs: number;
  readonly series: number;
}

/** Services of a snapshot by their labels `job` and `instance`; series without a job are of no service. */
export function findTargets(snapshot: Snapshot): readonly SeenTarget[] {
  const targets = new Map<string, SeenTarget>();
  for (const { labels, eventMs, changedTickMs } of snapshot.series) {
    const job = labelValue(labels, 'job');
    if (job === '') continue;
    const instance = labelValue(labels, 'instance');
    const id = `${job}\u0000${instance}`;
    const known = targets.get(id);
    // A source whose clock is behind is heard of all the same: by when its news was applied.
    const seenMs = Math.max(eventMs, changedTickMs - (snapshot.tickMs - snapshot.previousTickMs));
    targets.set(id, {
      job,
      instance,
      lastSeenMs: Math.max(known?.lastSeenMs ?? 0, Math.min(seenMs, snapshot.tickMs)),
      series: (known?.series ?? 0) + 1,
    });
  }
  return [...targets.values()];
}

export function applySeen(
  set: EntrySet,
  snapshot: Snapshot,
  { slot, upForMs }: { readonly slot: number; readonly upForMs: number },
): void {
  for (const { job, instance, lastSeenMs } of findTargets(snapshot)) {
    const value = snapshot.tickMs - lastSeenMs <= upForMs ? 1 : 0;
    const labels = seenLabels(job, instance);
    const key = labelsKey(labels);
    set.addGauge({
      labels,
      key,
      kind: 'gauge',
      startMs: 0,
      slot,
      last: value,
      min: value,
      max: value,
      sum: value,
      count: 1,
    });
  }
}

function seenLabels(job: string, instance: string): Labels {
  return fromPairs([
    [METRIC_NAME, SEEN_FAMILY],
    ['instance', instance],
    ['job', job],
  ]);
}
