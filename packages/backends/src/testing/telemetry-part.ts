/** Queue messages as sinks get them, made from OTLP bytes, for tests and benches. */
import { gzipSync } from 'node:zlib';
import { messageIdOf } from '@sluice/core/envelope';
import { inflateGzip } from '@sluice/core/gzip';
import { parseTenantId } from '@sluice/core/ids';
import type { Signal } from '@sluice/core/names';
import type { TelemetryPart } from '@sluice/core/ports/sink';

export interface PartOptions {
  readonly items?: number;
  readonly receivedAtMs?: number;
  readonly tenant?: string;
  readonly signal?: Signal;
}

export function makePart(
  raw: Uint8Array,
  { items = 1, receivedAtMs = 0, tenant = 'default', signal = 'traces' }: PartOptions = {},
): TelemetryPart {
  const gzip = gzipSync(raw);
  const messageId = messageIdOf(parseTenantId(tenant), signal, raw);
  return { messageId, items, receivedAtMs, gzip, raw: () => inflateGzip(gzip) };
}
