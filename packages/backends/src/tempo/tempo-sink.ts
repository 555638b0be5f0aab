/**
 * Traces to Tempo, or to anything else that takes OTLP over HTTP: the messages of a push become one
 * request, since ExportTraceServiceRequest only has repeated fields and so concatenating is merging.
 */
import { describeError, PermanentError } from '@sluice/core/errors';
import { deflateGzip } from '@sluice/core/gzip';
import type { Clock } from '@sluice/core/ports/clock';
import type { Sink, TelemetryPart } from '@sluice/core/ports/sink';
import { type Tenancy, tenantHeaders } from '@sluice/core/tenancy';
import { parseDestination } from '../destination.ts';
import { createHttpPost, type Fetch } from '../push-http.ts';
import { tempoVerdict } from './tempo-verdict.ts';

export interface TempoSinkOptions {
  /** Base of the OTLP endpoint: `/v1/traces` is appended. */
  readonly url: string;
  /** `user:password`, a token, or a whole Authorization value: see parseDestination. */
  readonly auth?: string;
  /**
   * Sends the gzip members of the messages one after the other instead of inflating and compressing
   * anew. Legal gzip and 25 times cheaper, but a reader that stops after the first member loses the rest
   * without a word: only for destinations that probeGzipJoin has proved.
   */
  readonly joinGzip?: boolean;
  /** Spans have no labels: `label` is as `shared` here. */
  readonly tenancy?: Tenancy;
  readonly fetch: Fetch;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly timeoutMs?: number;
  readonly maxRawBytes?: number;
  readonly name?: string;
}

/** Tempo's receiver takes 20 MB by default and gRPC behind it 16 MiB; 4 MiB also passes every proxy. */
const MAX_RAW_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 15_000;

export function createTempoSink({
  url,
  auth,
  joinGzip = false,
  tenancy = 'shared',
  fetch,
  clock,
  timeoutMs = TIMEOUT_MS,
  maxRawBytes = MAX_RAW_BYTES,
  name = 'tempo',
}: TempoSinkOptions): Sink {
  const destination = parseDestination(url, auth);
  const post = createHttpPost({
    name,
    destination,
    path: '/v1/traces',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' },
    fetch,
    timeoutMs,
  });

  return {
    name,
    maxRawBytes,
    async push(tenant, parts, { signal }) {
      let body: Uint8Array;
      try {
        body = await (joinGzip ? joinMembers(parts) : recompress(parts));
      } catch (error) {
        if (!(error instanceof PermanentError)) throw error;
        return { status: 'permanent', reason: `${name}: ${describeError(error)}` };
      }
      const outcome = await post(body, { signal, headers: tenantHeaders(tenancy, tenant) });
      if (outcome.kind === 'failed') return outcome.result;
      const items = parts.reduce((sum, part) => sum + part.items, 0);
      return tempoVerdict(outcome.answer, {
        name,
        items,
        nowMs: clock.nowMs(),
        secrets: destination.secrets,
      });
    },
  };
}

function joinMembers(parts: readonly TelemetryPart[]): Uint8Array {
  return parts.length === 1 ? parts[0]!.gzip : Buffer.concat(parts.map(({ gzip }) => gzip));
}

async function recompress(parts: readonly TelemetryPart[]): Promise<Uint8Array> {
  const raws = await Promise.all(parts.map((part) => part.raw()));
  return deflateGzip(raws.length === 1 ? raws[0]! : Buffer.concat(raws));
}
