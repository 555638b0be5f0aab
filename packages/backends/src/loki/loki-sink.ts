/**
 * Pushes logs to Loki (`POST /loki/api/v1/push`, protobuf and snappy). Entries that Loki refuses because
 * their stream has moved on are pushed again with the label `late="true"`; what is left of the answer is
 * judged by the shared table of HTTP verdicts.
 */
import { describeError } from '@sluice/core/errors';
import type { TenantId } from '@sluice/core/ids';
import type { Clock } from '@sluice/core/ports/clock';
import type { PushResult, Sink, TelemetryPart } from '@sluice/core/ports/sink';
import { TENANT_LABEL, type Tenancy, tenantHeaders } from '@sluice/core/tenancy';
import { parseDestination } from '../destination.ts';
import { type TextRule, verdictOf } from '../http-verdict.ts';
import { createLogShaper } from '../logs/shape-logs.ts';
import { createHttpPost, type Fetch, type RawAnswer } from '../push-http.ts';
import { redact } from '../redact.ts';
import { encodeSnappy } from '../snappy.ts';
import { createPushBuilder, encodePushRequest, type PushEntry, type PushStream } from './push-request.ts';
import { isTooFarBehind, isTooNew, isTooOld, parseLateEntries } from './refused-entries.ts';

export interface LokiSinkOptions {
  /** Base URL, without `/loki/api/v1/push`. */
  readonly url: string;
  /** `user:password`, a token, or a whole `Basic …` / `Bearer …` value. */
  readonly auth?: string;
  readonly tenancy?: Tenancy;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly timeoutMs?: number;
  /** Longest line; Loki's own limit is `max_line_size`, 256 KiB by default. */
  readonly maxLineBytes?: number;
}

const PATH = '/loki/api/v1/push';
/** Lines are some 2.5 times their OTLP bytes, and Loki's default burst is 6 MB (ingestion_burst_size_mb). */
const MAX_RAW_BYTES = 1_048_576;
const DEFAULT_TIMEOUT_MS = 30_000;
/** Each round finds the late entries of at least one more stream. */
const MAX_ROUNDS = 32;
/** Loki forgets how far a stream has come when it was idle for so long (ingester.chunk_idle_period). */
const IDLE_STREAM_MS = 30 * 60_000;
/** A clock that is ahead by less than this is waited for; Loki allows 10 minutes (creation_grace_period). */
const MAX_AHEAD_MS = 60 * 60_000;

const RULES: readonly TextRule[] = [
  { pattern: /message larger than max|request body too large|entity too large/i, status: 'too-large' },
];

export function createLokiSink(options: LokiSinkOptions): Sink {
  const {
    url,
    auth,
    tenancy = 'shared',
    fetch,
    clock,
    timeoutMs = DEFAULT_TIMEOUT_MS,
    maxLineBytes,
  } = options;
  const name = 'loki';
  const destination = parseDestination(url, auth);
  const shaper = createLogShaper(maxLineBytes === undefined ? {} : { maxLineBytes });
  const post = createHttpPost({
    name,
    destination,
    path: PATH,
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
    },
    fetch,
    timeoutMs,
  });

  const pushAll = async (
    streams: readonly PushStream[],
    { tenant, signal }: { readonly tenant: TenantId; readonly signal: AbortSignal },
  ): Promise<PushResult> => {
    const headers = tenantHeaders(tenancy, tenant);
    let current = streams;
    const late: PushStream[] = [];
    let lateLines = 0;
    for (let round = 0; hasEntries(current); round++) {
      if (round === MAX_ROUNDS) {
        return { status: 'retryable', reason: `${name} calls more entries late after ${MAX_ROUNDS} answers` };
      }
      const outcome = await post(encodeSnappy(encodePushRequest(current)), { signal, headers });
      if (outcome.kind === 'failed') return outcome.result;
      const { answer } = outcome;
      if (isPage(answer)) return notLoki(answer);
      if (isSuccess(answer)) break;
      const text = textOf(answer);
      if (answer.status !== 400 || !isTooFarBehind(text)) return judge(answer, text, current);
      const parted = partLate(current, text);
      if (!hasEntries(parted.late)) return judge(answer, text, current);
      late.push(...parted.late);
      current = parted.rest;
    }
    if (late.length === 0) return { status: 'ok' };

    for (const { entries } of late) lateLines += entries.length;
    const outcome = await post(encodeSnappy(encodePushRequest(mergeStreams(late), { late: true })), {
      signal,
      headers,
    });
    if (outcome.kind === 'failed') return outcome.result;
    if (isPage(outcome.answer)) return notLoki(outcome.answer);
    if (isSuccess(outcome.answer)) {
      return { status: 'ok', warning: `${lateLines} lines went to streams with late="true": too far behind` };
    }
    const text = textOf(outcome.answer);
    if (outcome.answer.status === 400 && isTooFarBehind(text)) {
      const reason = `loki: ${lateLines} lines are too far behind even their late="true" stream`;
      return { status: 'retryable', reason, retryAfterMs: IDLE_STREAM_MS };
    }
    return judge(outcome.answer, text, late);
  };

  const notLoki = ({ status }: RawAnswer): PushResult => ({
    status: 'retryable',
    misconfigured: true,
    reason: `${name} answered ${status} with a web page: is this the address of a Loki?`,
  });

  const judge = (answer: RawAnswer, text: string, streams: readonly PushStream[]): PushResult => {
    const nowMs = clock.nowMs();
    const message = redact(text, destination.secrets);
    if (answer.status === 429 && isBeyondLimit(text)) {
      return { status: 'too-large', reason: `${name} answered 429: ${message}` };
    }
    const verdict = verdictOf(
      { status: answer.status, retryAfter: answer.retryAfter, message },
      { destination: name, nowMs, rules: RULES },
    );
    // A clock somewhat ahead: the same entries are fine a little later.
    if (answer.status === 400 && isTooNew(text) && !isTooOld(text)) {
      const aheadMs = newestMs(streams) - nowMs;
      if (aheadMs > 0 && aheadMs <= MAX_AHEAD_MS) {
        return { status: 'retryable', reason: verdict.reason, retryAfterMs: aheadMs };
      }
    }
    return verdict;
  };

  return {
    name,
    maxRawBytes: MAX_RAW_BYTES,
    async push(tenant, parts, { signal }) {
      let streams: readonly PushStream[];
      try {
        streams = await buildStreams(parts, shaper);
      } catch (error) {
        return { status: 'permanent', reason: `${name}: logs cannot be read: ${describeError(error)}` };
      }
      if (!hasEntries(streams)) return { status: 'ok' };
      const own = tenancy === 'label' ? streams.map((stream) => ofTenant(stream, tenant)) : streams;
      return pushAll(own, { tenant, signal });
    },
  };
}

async function buildStreams(
  parts: readonly TelemetryPart[],
  shaper: ReturnType<typeof createLogShaper>,
): Promise<readonly PushStream[]> {
  // Inflated first: shaping must not be interrupted, its views are reused.
  const raws = await Promise.all(parts.map((part) => part.raw()));
  const builder = createPushBuilder({ rawBytes: raws.reduce((sum, raw) => sum + raw.length, 0) });
  parts.forEach(({ receivedAtMs }, i) => {
    builder.startMessage();
    shaper.shape(raws[i]!, receivedAtMs, builder);
  });
  return [...builder.streams.values()];
}

/** Tenants need no escapes, and their label comes after all others in the order in which Loki prints them. */
function ofTenant(stream: PushStream, tenant: TenantId): PushStream {
  const labelsText = `${stream.labelsText.slice(0, -1)}, ${TENANT_LABEL}="${tenant}"}`;
  return { ...stream, labels: { ...stream.labels, [TENANT_LABEL]: tenant }, labelsText };
}

/** Parts the streams by what the answer says; without a bound, all of the named stream counts as late. */
function partLate(
  streams: readonly PushStream[],
  text: string,
): { readonly late: readonly PushStream[]; readonly rest: readonly PushStream[] } {
  const { labelsText, oldestAcceptableSeconds } = parseLateEntries(text);
  const isNamed = ({ labelsText: own }: PushStream): boolean =>
    labelsText === undefined || own === labelsText;
  const bound = oldestAcceptableSeconds ?? Number.POSITIVE_INFINITY;
  const isLate = ({ seconds }: PushEntry): boolean => seconds < bound;
  // A stream that Loki prints otherwise than we do is found by its times alone.
  const named = streams.some(isNamed) ? isNamed : () => true;
  return {
    late: streams.filter(named).map((stream) => ({ ...stream, entries: stream.entries.filter(isLate) })),
    rest: streams.map((stream) =>
      named(stream) ? { ...stream, entries: stream.entries.filter((entry) => !isLate(entry)) } : stream,
    ),
  };
}

function mergeStreams(streams: readonly PushStream[]): readonly PushStream[] {
  const merged = new Map<string, PushStream>();
  for (const stream of streams) {
    const known = merged.get(stream.labelsText);
    const entries = known === undefined ? stream.entries : [...known.entries, ...stream.entries];
    merged.set(stream.labelsText, { ...stream, entries });
  }
  return [...merged.values()];
}

/** A rate limit that this push alone exceeds is never met by waiting. */
function isBeyondLimit(text: string): boolean {
  const match = /limit: (\d+) bytes\/sec\).*?totaling '?(\d+)'? bytes/i.exec(text);
  return match !== null && Number(match[2]) > Number(match[1]);
}

function newestMs(streams: readonly PushStream[]): number {
  let newest = 0;
  for (const { entries } of streams) {
    for (const { seconds } of entries) newest = Math.max(newest, seconds * 1000);
  }
  return newest;
}

function hasEntries(streams: readonly PushStream[]): boolean {
  return streams.some(({ entries }) => entries.length > 0);
}

function isSuccess({ status }: RawAnswer): boolean {
  return status >= 200 && status < 300;
}

/** A 200 from something in between, meant for people: nothing was taken. Loki answers 204 without a body. */
function isPage(answer: RawAnswer): boolean {
  return (
    isSuccess(answer) && (/html/i.test(answer.contentType) || textOf(answer).trimStart().startsWith('<'))
  );
}

function textOf({ body }: RawAnswer): string {
  return new TextDecoder().decode(body);
}
