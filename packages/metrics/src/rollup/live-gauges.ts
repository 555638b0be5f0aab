/**
 * Which gauges are published from snapshot to snapshot, so that the one that no longer lists a gauge gives it
 * a stale marker. A gauge leaves the snapshots at once when its source says that it ended (the flag
 * NO_RECORDED_VALUE, a series that a rule no longer gives); one that merely fell silent stays for an hour.
 */
import type { GaugeSnapshot, Snapshot } from '../model/snapshot.ts';
import type { SeriesName } from './entry-set.ts';
import {
  familyOf,
  type GaugeEntry,
  isEndedAt,
  isGaugeEntry,
  type RollupEntry,
  SEEN_FAMILY,
} from './rollup-entry.ts';

export interface LiveGauge extends SeriesName {
  readonly kind: GaugeEntry['kind'];
  readonly startMs: number;
  /** Its newest value. */
  readonly changedMs: number;
}

export interface LiveGauges {
  /** The present snapshot lists it. */
  note(name: SeriesName, series: Pick<GaugeSnapshot, 'kind' | 'startMs' | 'changedTickMs'>): void;
  /** Those that earlier snapshots listed and the present one, of `tickMs`, does not. Then the next one begins. */
  takeEnded(tickMs: number): readonly LiveGauge[];
}

/** The look-back of Prometheus: a value that is so old is not seen any more, ended or not. */
const LOOKBACK_MS = 5 * 60_000;

export function createLiveGauges(before: Iterable<LiveGauge> = []): LiveGauges {
  let snapshot = 0;
  const known = new Map<string, LiveGauge & { changedMs: number; notedIn: number }>();
  for (const gauge of before) known.set(gauge.key, { ...gauge, notedIn: snapshot });
  snapshot += 1;
  return {
    note({ labels, key }, { kind, startMs, changedTickMs }) {
      const gauge = known.get(key);
      if (gauge === undefined || gauge.kind !== kind)
        known.set(key, { labels, key, kind, startMs, changedMs: changedTickMs, notedIn: snapshot });
      else {
        gauge.changedMs = Math.max(gauge.changedMs, changedTickMs);
        gauge.notedIn = snapshot;
      }
    },
    takeEnded(tickMs) {
      const ended: LiveGauge[] = [];
      for (const gauge of known.values()) {
        if (gauge.notedIn === snapshot) continue;
        known.delete(gauge.key);
        if (tickMs - gauge.changedMs < LOOKBACK_MS) ended.push(gauge);
      }
      snapshot += 1;
      return ended;
    },
  };
}

/** The gauges that a file's slots leave alive; `coveredMs` is the end of its last slot. */
export function* liveInEntries(
  entries: readonly RollupEntry[],
  {
    spanStartMs,
    coveredMs,
    slotMs,
  }: { readonly spanStartMs: number; readonly coveredMs: number; readonly slotMs: number },
): Generator<LiveGauge> {
  for (const entry of entries) {
    const slot = isGaugeEntry(entry) ? entry.at.at(-1) : undefined;
    if (slot === undefined || !isGaugeEntry(entry) || familyOf(entry) === SEEN_FAMILY) continue;
    const changedMs = spanStartMs + (slot + 1) * slotMs;
    if (coveredMs - changedMs >= LOOKBACK_MS || isEndedAt(entry, entry.at.length - 1)) continue;
    const { labels, key, kind, startMs } = entry;
    yield { labels, key, kind, startMs, changedMs };
  }
}

export function liveInSnapshot(
  { series, tickMs }: Snapshot,
  nameOf: (series: GaugeSnapshot) => SeriesName,
): readonly LiveGauge[] {
  return series.flatMap((own) => {
    if (own.kind !== 'gauge' && own.kind !== 'updown') return [];
    if (tickMs - own.changedTickMs >= LOOKBACK_MS) return [];
    const { kind, startMs, changedTickMs } = own;
    return [{ ...nameOf(own), kind, startMs, changedMs: changedTickMs }];
  });
}
