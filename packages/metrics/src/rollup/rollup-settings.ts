/**
 * How finely and for how long increases are kept. The first tier is made from snapshots, the others
 * from the first; a file of a tier covers a span of its own, aligned to the epoch in UTC.
 */
import { UsageError } from '@sluice/core/errors';

export interface RollupTier {
  /** Part of table keys: a renamed tier starts anew. */
  readonly name: string;
  /** Distance of samples. */
  readonly slotMs: number;
  /** What one file covers. */
  readonly spanMs: number;
  /** From the end of a file's span on. */
  readonly keepMs: number;
}

export interface RollupSettings {
  /** From fine to coarse. */
  readonly tiers: readonly RollupTier[];
  /** A shard without a later tick is taken to be silent so long after the end of an hour, which then ends. */
  readonly graceMs: number;
  /** How long the parts of a file that is not complete live; also those that a later generation replaced. */
  readonly partKeepMs: number;
  /** Snapshots in memory at once. */
  readonly chunkTicks: number;
  /** A page of small families is cut at the first family after so many bytes before compression. */
  readonly pageBytes: number;
  /** A page within one large family; well below the 400 KB of a DynamoDB item even if nothing compresses. */
  readonly maxPageBytes: number;
  /** `up` is 1 for so long after a service was heard of, then 0 while its series are still published. */
  readonly upForMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export const DEFAULT_TIERS: readonly RollupTier[] = [
  { name: '1m', slotMs: MINUTE_MS, spanMs: HOUR_MS, keepMs: 35 * DAY_MS },
  { name: '5m', slotMs: 5 * MINUTE_MS, spanMs: 6 * HOUR_MS, keepMs: 100 * DAY_MS },
  { name: '1h', slotMs: HOUR_MS, spanMs: DAY_MS, keepMs: 400 * DAY_MS },
];

/** Fine data for 15 days, 5 minutes for 30 days, hours for a year: a common long-term Prometheus set-up. */
export const YEAR_TIERS: readonly RollupTier[] = [
  { name: '1m', slotMs: MINUTE_MS, spanMs: HOUR_MS, keepMs: 15 * DAY_MS },
  { name: '5m', slotMs: 5 * MINUTE_MS, spanMs: 6 * HOUR_MS, keepMs: 30 * DAY_MS },
  { name: '1h', slotMs: HOUR_MS, spanMs: DAY_MS, keepMs: 365 * DAY_MS },
];

export const DEFAULT_ROLLUP_SETTINGS: RollupSettings = {
  tiers: DEFAULT_TIERS,
  graceMs: 10 * MINUTE_MS,
  partKeepMs: 7 * DAY_MS,
  chunkTicks: 16,
  pageBytes: 5 * 1024,
  maxPageBytes: 200 * 1024,
  upForMs: 5 * MINUTE_MS,
};

/** The defaults with changes. @throws UsageError naming the tier that does not fit the one before it. */
export function createRollupSettings(changes: Partial<RollupSettings> = {}): RollupSettings {
  const settings = { ...DEFAULT_ROLLUP_SETTINGS, ...changes };
  if (settings.tiers.length === 0) throw new UsageError('rollup tiers: at least one is needed');
  settings.tiers.forEach((tier, index) => {
    const problem = problemOf(tier, settings.tiers[index - 1], settings.tiers[0]!);
    if (problem !== undefined) throw new UsageError(`rollup tier ${tier.name}: ${problem}`);
  });
  return settings;
}

/** The tier that is made from snapshots. */
export function baseTierOf({ tiers }: RollupSettings): RollupTier {
  return tiers[0]!;
}

function problemOf(tier: RollupTier, finer: RollupTier | undefined, base: RollupTier): string | undefined {
  if (!/^[a-z0-9]+$/.test(tier.name)) return 'the name is not of a-z and 0-9';
  if (!(tier.slotMs >= 1000) || tier.slotMs % 1000 !== 0) return `slotMs ${tier.slotMs} is not whole seconds`;
  if (tier.spanMs % tier.slotMs !== 0) return `spanMs ${tier.spanMs} is not a multiple of slotMs`;
  if (finer === undefined) return undefined;
  if (tier.slotMs <= finer.slotMs || tier.slotMs % finer.slotMs !== 0) {
    return `slotMs ${tier.slotMs} is not a multiple of the ${finer.slotMs} of tier ${finer.name}`;
  }
  // Files of the first tier are folded in whole, so that a generation never ends inside one.
  if (tier.spanMs % base.spanMs !== 0 || base.spanMs % tier.slotMs !== 0) {
    return `files of ${base.spanMs} ms (tier ${base.name}) do not fit its slots and spans`;
  }
  if (tier.keepMs < finer.keepMs) return `keepMs is less than that of tier ${finer.name}`;
  return undefined;
}
