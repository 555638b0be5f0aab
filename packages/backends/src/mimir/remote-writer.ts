/**
 * Remote write over HTTP to Mimir, Grafana Cloud, Prometheus or anything else that receives it: requests
 * of a bounded size, the retry table of the specification, and the way back to 1.0 for receivers that do
 * not know 2.0. What cannot be delivered within a tick is left to the next one, which sends levels again.
 */
import { backoffMs } from '@sluice/core/backoff';
import type { TenantId } from '@sluice/core/ids';
import { HEADER } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import { type Tenancy, tenantHeaders } from '@sluice/core/tenancy';
import type { FamilyMetadata } from '@sluice/metrics/model/snapshot';
import { createEncoderV1, encodeMetadataV1 } from '@sluice/metrics/remote-write/encode-v1';
import { createEncoderV2 } from '@sluice/metrics/remote-write/encode-v2';
import { packRequests, type RequestLimits } from '@sluice/metrics/remote-write/pack-requests';
import type { WireSample } from '@sluice/metrics/remote-write/wire-sample';
import type { SymbolStore } from '@sluice/metrics/remote-write/wire-series';
import { parseDestination } from '../destination.ts';
import { type FailedPush, verdictOf } from '../http-verdict.ts';
import { createHttpPost, type Fetch, type HttpPostOutcome } from '../push-http.ts';
import { redact } from '../redact.ts';
import { encodeSnappy } from '../snappy.ts';
import { toPushUrl } from './push-url.ts';

export interface RemoteWriterOptions {
  /** See toPushUrl. */
  readonly url: string;
  /** `user:password`, a token, or a whole Authorization value: see parseDestination. */
  readonly auth?: string;
  /** Labels come with the samples: `label` is as `shared` here. */
  readonly tenancy?: Tenancy;
  /** Default 1.0. A receiver that does not know 2.0 gets 1.0 from its first answer on. */
  readonly protocol?: '1.0' | '2.0';
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly limits?: RequestLimits;
  readonly timeoutMs?: number;
  readonly name?: string;
}

export interface RemoteWriteOptions {
  readonly signal: AbortSignal;
  /** Of the expander that the samples come from. */
  readonly symbols: SymbolStore;
}

/** Samples that the receiver will never take, in its own words. */
export interface RefusedSamples {
  readonly reason: string;
  readonly samples: number;
}

export type WriteResult =
  /** Everything was taken or refused for good. */
  | { readonly status: 'ok'; readonly written: number; readonly refused: readonly RefusedSamples[] }
  /** At least one request may not have been taken: the whole is to be sent again, later. */
  | (Extract<FailedPush, { status: 'retryable' }> & { readonly refused: readonly RefusedSamples[] });

export interface RemoteWriter {
  readonly name: string;
  write(tenant: TenantId, samples: readonly WireSample[], options: RemoteWriteOptions): Promise<WriteResult>;
  /** Descriptions of metric families, always in 1.0: 2.0 carries them with the samples. */
  describe(
    tenant: TenantId,
    families: ReadonlyMap<string, FamilyMetadata>,
    options: { readonly signal: AbortSignal },
  ): Promise<WriteResult>;
  /** What is spoken with the receiver now. */
  protocol(): '1.0' | '2.0';
}

type Protocol = '1.0' | '2.0';

const MAX_RETRIES = 2;
const BACKOFF = { baseMs: 500, capMs: 5_000 };
/** A receiver that asks for more patience is left to the next tick. */
const MAX_PATIENCE_MS = 10_000;
const TIMEOUT_MS = 15_000;
const CONCURRENCY = 4;
/** Requests that one write may spend on finding out which samples of a refused request are to blame. */
const MAX_ISOLATING_REQUESTS = 64;
const MAX_FAMILIES = 1000;
const USER_AGENT = 'sluice/0.1';

/** Faults of single samples, for which Prometheus throws away the whole request and Mimir only the samples. */
const SAMPLE_FAULT =
  /out of order|out-of-order|duplicate sample|out of bounds|too old|too far in the (future|past)|label|metric name/i;

const HEADERS: Readonly<Record<Protocol, Readonly<Record<string, string>>>> = {
  '1.0': {
    'content-type': 'application/x-protobuf',
    [HEADER.remoteWriteVersion]: '0.1.0',
  },
  '2.0': {
    'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
    [HEADER.remoteWriteVersion]: '2.0.0',
  },
};

type Attempt =
  | { readonly status: 'ok'; readonly written: number }
  | { readonly status: 'unknown-protocol' }
  | FailedPush;

export function createRemoteWriter(options: RemoteWriterOptions): RemoteWriter {
  const {
    url,
    auth,
    tenancy = 'shared',
    fetch,
    clock,
    random,
    limits = {},
    timeoutMs = TIMEOUT_MS,
    name = 'mimir',
  } = options;
  const destination = parseDestination(toPushUrl(url), auth);
  let protocol: Protocol = options.protocol ?? '1.0';
  const encodeV1 = createEncoderV1();
  const encodeV2 = createEncoderV2();
  const post = createHttpPost({
    name,
    destination,
    path: '',
    headers: { 'content-encoding': 'snappy', [HEADER.userAgent]: USER_AGENT },
    fetch,
    timeoutMs,
  });

  const encode = (samples: readonly WireSample[], symbols: SymbolStore, version: Protocol): Uint8Array =>
    encodeSnappy(version === '2.0' ? encodeV2(samples, symbols) : encodeV1(samples));

  /** One request with its retries. */
  async function send(
    body: Uint8Array,
    { tenant, signal, version, samples }: Request,
  ): Promise<Exclude<Attempt, { status: 'too-large' }> | Extract<FailedPush, { status: 'too-large' }>> {
    for (let retry = 0; ; retry++) {
      const outcome = await post(body, {
        signal,
        headers: {
          ...HEADERS[version],
          ...tenantHeaders(tenancy, tenant),
          ...(retry === 0 ? {} : { [HEADER.retryAttempt]: String(retry) }),
        },
      });
      const attempt = judge(outcome, version, samples);
      if (attempt.status !== 'retryable' || attempt.misconfigured === true) return attempt;
      const waitMs = attempt.retryAfterMs ?? backoffMs(retry + 1, { ...BACKOFF, random });
      if (retry === MAX_RETRIES || waitMs > MAX_PATIENCE_MS || signal.aborted) return attempt;
      await clock.sleep(waitMs, signal);
    }
  }

  function judge(outcome: HttpPostOutcome, version: Protocol, samples: readonly WireSample[]): Attempt {
    if (outcome.kind === 'failed') return outcome.result;
    const { answer, headers } = outcome;
    const text = redact(new TextDecoder().decode(answer.body), destination.secrets);
    if (answer.status >= 200 && answer.status < 300) {
      if (/html/i.test(answer.contentType))
        return {
          status: 'retryable',
          misconfigured: true,
          reason: `${name} answered ${answer.status} with a web page: is this the address of a remote-write receiver?`,
        };
      if (version === '1.0') return { status: 'ok', written: samples.length };
      return judgeWritten(headers, samples);
    }
    if (answer.status === 415 && version === '2.0') return { status: 'unknown-protocol' };
    const verdict = verdictOf(
      { status: answer.status, retryAfter: answer.retryAfter, message: text },
      { destination: name, nowMs: clock.nowMs() },
    );
    // Of the 4xx only 429 may be tried again (remote write 1.0 and 2.0 § Retries & Backoff).
    const isFinal = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
    return isFinal && verdict.status === 'retryable' && verdict.misconfigured !== true
      ? { status: 'permanent', reason: verdict.reason }
      : verdict;
  }

  async function writeRequest(request: Request, run: Run): Promise<void> {
    const { samples, signal } = request;
    if (run.failure !== undefined || signal.aborted) {
      run.failure ??= { status: 'retryable', reason: `${name}: stopped before everything was sent` };
      return;
    }
    const body = encode(samples, run.symbols, request.version);
    const attempt = await send(body, request);
    switch (attempt.status) {
      case 'ok':
        run.written += attempt.written;
        if (attempt.written < samples.length)
          run.refused.push({
            reason: `${name} stored ${attempt.written} of ${samples.length} samples and did not say why`,
            samples: samples.length - attempt.written,
          });
        return;
      case 'unknown-protocol':
        protocol = '1.0';
        return writeRequest({ ...request, version: '1.0' }, run);
      case 'retryable':
        run.failure = attempt;
        return;
      case 'too-large':
      case 'permanent': {
        const canPart = attempt.status === 'too-large' || SAMPLE_FAULT.test(attempt.reason);
        if (samples.length === 1 || !canPart || run.isolating === 0) {
          run.refused.push({ reason: attempt.reason, samples: samples.length });
          return;
        }
        run.isolating -= 1;
        const middle = Math.ceil(samples.length / 2);
        await writeRequest({ ...request, samples: samples.slice(0, middle) }, run);
        await writeRequest({ ...request, samples: samples.slice(middle) }, run);
      }
    }
  }

  return {
    name,
    protocol: () => protocol,
    async write(tenant, samples, { signal, symbols }) {
      const run: Run = {
        symbols,
        written: 0,
        refused: [],
        failure: undefined,
        isolating: MAX_ISOLATING_REQUESTS,
      };
      const requests = packRequests(samples, limits);
      let next = 0;
      const work = async (): Promise<void> => {
        while (next < requests.length) {
          const own = requests[next++]!;
          await writeRequest({ tenant, signal, version: protocol, samples: own }, run);
        }
      };
      // The first alone: it finds out whether the receiver is there and which protocol it speaks.
      if (requests.length > 0) {
        next = 1;
        await writeRequest({ tenant, signal, version: protocol, samples: requests[0]! }, run);
      }
      await Promise.all(Array.from({ length: CONCURRENCY }, work));
      const { written, refused, failure } = run;
      return failure === undefined ? { status: 'ok', written, refused } : { ...failure, refused };
    },
    async describe(tenant, families, { signal }) {
      const all = [...families];
      for (let at = 0; at < all.length; at += MAX_FAMILIES) {
        const body = encodeSnappy(encodeMetadataV1(all.slice(at, at + MAX_FAMILIES)));
        const attempt = await send(body, { tenant, signal, version: '1.0', samples: [] });
        if (attempt.status === 'retryable') return { ...attempt, refused: [] };
        if (attempt.status !== 'ok' && attempt.status !== 'unknown-protocol')
          return { status: 'ok', written: 0, refused: [{ reason: attempt.reason, samples: 0 }] };
      }
      return { status: 'ok', written: 0, refused: [] };
    },
  };
}

interface Request {
  readonly tenant: TenantId;
  readonly signal: AbortSignal;
  readonly version: Protocol;
  readonly samples: readonly WireSample[];
}

/** What the requests of one write have come to so far. */
interface Run {
  readonly symbols: SymbolStore;
  written: number;
  readonly refused: RefusedSamples[];
  failure: Extract<FailedPush, { status: 'retryable' }> | undefined;
  isolating: number;
}

/**
 * A receiver of 2.0 must say how much it stored. One that says nothing may have read the request as 1.0,
 * found no series in it, and answered success (remote write 2.0 § Required Written Response Headers).
 */
function judgeWritten(headers: Headers, samples: readonly WireSample[]): Attempt {
  const counts = [headers.get(HEADER.samplesWritten), headers.get(HEADER.histogramsWritten)];
  if (counts.every((count) => count === null)) return { status: 'unknown-protocol' };
  const written = counts.reduce((sum, count) => sum + (Number(count) || 0), 0);
  return { status: 'ok', written: Math.min(samples.length, written) };
}
