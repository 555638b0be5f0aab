/** The messages of many processes as load: what a queue would hold, tick by tick, in batches of five seconds. */
import { encodeEnvelope, messageIdOf } from '@sluice/core/envelope';
import { deflateGzip } from '@sluice/core/gzip';
import { parseTenantId } from '@sluice/core/ids';
import { encodeMetrics, type RequestSpec } from './encode-metrics.ts';
import { createLoadSource, type LoadShape } from './load-source.ts';
import type { MetricMessage } from './metrics-world.ts';

export interface LoadScene extends LoadShape {
  readonly sources: number;
  /** Every message comes from a process of its own. */
  readonly isOneShot?: boolean;
}

export interface LoadBatch {
  readonly atMs: number;
  readonly messages: readonly MetricMessage[];
}

const TENANT = parseTenantId('default');
export const LOAD_START_MS = Date.UTC(2026, 0, 1, 12);
export const LOAD_TICK_MS = 60_000;
const BATCHES_A_TICK = 12;

/** The batches that arrive in the minute before a tick; to be asked in order, from 1 on. */
export function createLoad(scene: LoadScene): (tick: number) => Promise<readonly LoadBatch[]> {
  const make = (number: number) => createLoadSource(number, scene, LOAD_START_MS);
  const standing = Array.from({ length: scene.sources }, (_, number) => make(number));
  return async (tick) => {
    const sources =
      scene.isOneShot === true ? standing.map((_, place) => make(tick * scene.sources + place)) : standing;
    const batches: LoadBatch[] = [];
    for (let batch = 0; batch < BATCHES_A_TICK; batch++) {
      const atMs = loadTickMs(tick - 1) + (batch * LOAD_TICK_MS) / BATCHES_A_TICK + 1000;
      const own = sources.filter((_, place) => place % BATCHES_A_TICK === batch);
      batches.push({ atMs, messages: await Promise.all(own.map((source) => toMessage(source(atMs), atMs))) });
    }
    return batches;
  };
}

export function loadTickMs(tick: number): number {
  return LOAD_START_MS + tick * LOAD_TICK_MS;
}

async function toMessage(request: RequestSpec, receivedAtMs: number): Promise<MetricMessage> {
  const raw = encodeMetrics(request);
  const id = messageIdOf(TENANT, 'metrics', raw);
  const gzip = await deflateGzip(raw);
  const envelope = { id, signal: 'metrics', tenant: TENANT, items: 1, receivedAtMs, gzip } as const;
  return { messageId: id, ...encodeEnvelope(envelope) };
}
