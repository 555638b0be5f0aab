/**
 * The dead-man ping: a request that goes out only while routing works, to a service that raises the alarm when it
 * stays away. What pages people cannot be what tells them that nothing pages them any more.
 */
import * as d from '@sluice/config/decoder';
import { type ReferenceSource, withReferences } from '@sluice/config/references';
import { describeError } from '@sluice/core/errors';
import type { Logger } from '@sluice/core/logger';
import { METRIC } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { SelfMetrics } from '@sluice/core/self-metrics';

export interface DeadManSettings {
  /** Secret: whoever knows it can keep the alarm quiet. */
  readonly url: string;
  readonly intervalMs: number;
}

const DEFAULT_INTERVAL_MS = 60_000;
const MIN_INTERVAL_MS = 1_000;
const TIMEOUT_MS = 10_000;
/** Routing ticks every second; one that is older than this has stopped. */
const MAX_TICK_AGE_MS = 60_000;

/** The section `dead_man` of `sluice.yml`: `{url: https://…, interval: 1m}`. */
export function deadManDecoder(references: ReferenceSource): d.Decoder<DeadManSettings> {
  return d.mapped(
    d.mapping({
      url: d.required(withReferences(d.nonEmptyText, references)),
      interval: d.withDefault(d.durationMs, DEFAULT_INTERVAL_MS),
    }),
    ({ url, interval }, node) => {
      if (!/^https?:\/\//.test(url)) node.report('url must begin with http:// or https://');
      if (interval < MIN_INTERVAL_MS) node.report('interval must be at least 1s');
      return { url, intervalMs: interval };
    },
  );
}

export interface DeadManOptions {
  readonly settings: () => DeadManSettings | undefined;
  /** When routing last worked. */
  readonly lastTickMs: () => number | undefined;
  readonly fetch: typeof fetch;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
}

/** To be called often: pings when the interval has passed. */
export function createDeadMan(options: DeadManOptions): () => Promise<void> {
  const { clock, logger } = options;
  const pings = options.selfMetrics.counter(METRIC.deadManPings, 'Dead-man pings, by outcome.');
  let nextMs = 0;
  return async () => {
    const settings = options.settings();
    const nowMs = clock.nowMs();
    if (settings === undefined || nowMs < nextMs) return;
    const tickMs = options.lastTickMs();
    if (tickMs === undefined || nowMs - tickMs > MAX_TICK_AGE_MS) return;
    nextMs = nowMs + settings.intervalMs;
    try {
      const { ok, status } = await options.fetch(settings.url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      pings.add(1, { outcome: ok ? 'ok' : 'refused' });
      if (!ok) logger.warn('the dead-man ping was refused', { status });
    } catch (error) {
      pings.add(1, { outcome: 'failed' });
      const reason = describeError(error).replaceAll(settings.url, '<redacted>');
      logger.warn('the dead-man ping failed', { error: reason });
    }
  };
}
