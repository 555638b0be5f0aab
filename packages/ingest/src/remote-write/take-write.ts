/**
 * The way of one remote-write request: key, headers, limits before and after inflation, decoding, quota,
 * queue. Success is answered only once everything that was not refused by name is on the metrics queue.
 */
import { decodeSnappy } from '@sluice/backends/snappy';
import { HEADER } from '@sluice/core/names';
import type { Queue } from '@sluice/core/ports/queue';
import { OtlpFormatError } from '@sluice/otlp/format-error';
import type { RateLimiter } from '@sluice/platform/limits/rate-limiter';
import { authenticate, type KeyPolicy } from '../authenticate.ts';
import { enqueueParts } from '../enqueue.ts';
import type { BodyLimits } from '../ingest-limits.ts';
import { packMessages } from '../pack-messages.ts';
import { readBody } from '../read-body.ts';
import { type Refusal, refuse, refuseForNow } from '../refusal.ts';
import type { RequestMetrics } from '../request-metrics.ts';
import { type DecodedWrite, decodeWriteV1, decodeWriteV2 } from './decode-write-request.ts';
import type { FamilyMemory } from './family-memory.ts';
import { toMetricsRequest } from './to-metrics-request.ts';

export interface WriteDeps {
  /** The queue of metrics. */
  readonly queue: Queue;
  readonly keys: KeyPolicy;
  readonly limiter?: Pick<RateLimiter, 'check' | 'refund'>;
  readonly limits: BodyLimits;
  readonly families: FamilyMemory;
  readonly metrics: RequestMetrics;
  readonly nowMs: () => number;
}

export type WriteOutcome =
  | {
      readonly status: 'ok';
      readonly version: WriteVersion;
      readonly samples: number;
      /** Left out for good, as one sentence; '' when nothing was. */
      readonly refused: string;
    }
  | Refusal;

export type WriteVersion = '1.0' | '2.0';

const V2_PROTO = 'io.prometheus.write.v2.Request';
const V1_PROTO = 'prometheus.WriteRequest';

export async function takeWrite(request: Request, deps: WriteDeps): Promise<WriteOutcome> {
  const { limits, metrics, queue } = deps;
  const caller = await authenticate(request.headers, deps.keys);
  if (caller.status === 'refused') return caller;
  const version = versionOf(request.headers.get('content-type'));
  if (typeof version !== 'string') return version;
  const coding = request.headers.get('content-encoding');
  if (coding?.trim().toLowerCase() !== 'snappy') {
    const message = `content-encoding ${JSON.stringify(coding)} is not taken: remote write is compressed with snappy`;
    return refuse(415, message, { [HEADER.acceptEncoding]: 'snappy' });
  }
  const read = await readBody(request, limits.maxWireBytes);
  if (read.status === 'refused') return read;
  metrics.bytes('metrics', read.body.length);
  const decoded = decode(read.body, version, limits.maxInflatedBytes);
  if ('httpStatus' in decoded) return decoded;

  const { tenant, key } = caller;
  deps.families.note(tenant, decoded.metadata);
  const { bytes, points } = toMetricsRequest(decoded.series, {
    describe: (name) => deps.families.find(tenant, name),
  });
  const rejections = [...decoded.refused].map(([reason, { count, example }]) => ({ reason, count, example }));
  if (points > 0) {
    const limit = key === undefined ? undefined : deps.limiter?.check(key, points);
    if (limit?.status === 'limited') {
      metrics.rejected('metrics', tenant, [{ reason: 'rate-limited', count: points }]);
      return refuseForNow(429, limit.reason, limit.retryAfterSeconds);
    }
    const packed = await packMessages('metrics', bytes, { items: points });
    const sent = await enqueueParts(queue, packed.parts, {
      signal: 'metrics',
      tenant,
      receivedAtMs: deps.nowMs(),
    });
    if (sent.status === 'retryable') {
      if (key !== undefined) deps.limiter?.refund(key, points);
      const message = 'the metrics queue cannot take the request now: send it again, nothing counts twice';
      return { ...refuseForNow(503, message, 2), cause: sent.reason };
    }
    const lost = packed.oversized + sent.refused;
    if (lost > 0) rejections.push({ reason: 'item-too-large', count: lost, example: 'larger than 1 MiB' });
    metrics.accepted('metrics', tenant, sent.queued);
  }
  metrics.rejected('metrics', tenant, rejections);
  const refused = rejections
    .map(({ reason, count, example }) => `${count} × ${reason}, e.g. ${example}`)
    .join('; ');
  return { status: 'ok', version, samples: points, refused };
}

/** Which message the content type names; without a `proto` parameter it is that of 1.0. */
function versionOf(type: string | null): WriteVersion | Refusal {
  const [main = '', ...parameters] = (type ?? '').split(';').map((part) => part.trim());
  const proto = parameters.find((part) => part.toLowerCase().startsWith('proto='))?.slice('proto='.length);
  if (main.toLowerCase() === 'application/x-protobuf') {
    if (proto === undefined || proto === V1_PROTO) return '1.0';
    if (proto === V2_PROTO) return '2.0';
  }
  return refuse(
    415,
    `content-type ${JSON.stringify(type)} is not taken: use application/x-protobuf, for ${V1_PROTO} or with proto=${V2_PROTO}`,
  );
}

function decode(body: Uint8Array, version: WriteVersion, maxBytes: number): DecodedWrite | Refusal {
  let bytes: Uint8Array;
  try {
    bytes = decodeSnappy(body, maxBytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return /larger than/.test(error.message)
      ? refuse(413, `${error.message}: send smaller batches`)
      : refuse(400, `the body is not a snappy block: ${error.message}`);
  }
  try {
    return version === '1.0' ? decodeWriteV1(bytes) : decodeWriteV2(bytes);
  } catch (error) {
    if (error instanceof OtlpFormatError) return refuse(400, error.message);
    throw error;
  }
}
