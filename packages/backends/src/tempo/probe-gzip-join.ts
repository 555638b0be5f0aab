/**
 * Proves, or disproves, that a destination reads all members of a joined gzip: two traces of one span
 * each go out as two members of one body, and both are looked up afterwards. A reader that stops after
 * the first member answers 200 and keeps one.
 */
import { deflateGzip } from '@sluice/core/gzip';
import { HEADER } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import { ProtoWriter } from '@sluice/otlp/proto-writer';
import { parseDestination } from '../destination.ts';
import { createHttpPost, type Fetch } from '../push-http.ts';
import { tempoVerdict } from './tempo-verdict.ts';

export interface ProbeOptions {
  /** Base of the OTLP endpoint. */
  readonly url: string;
  /** Base of Tempo's query API (`/api/traces/<id>`), where it is another address. */
  readonly queryUrl?: string;
  readonly auth?: string;
  readonly orgId?: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** How long the spans may take to appear. */
  readonly patienceMs?: number;
}

export type ProbeResult =
  /** Both traces were found: joining is safe. */
  | { readonly verdict: 'safe' }
  /** One trace is missing: with joining, spans would be lost. */
  | { readonly verdict: 'unsafe'; readonly reason: string }
  | { readonly verdict: 'unknown'; readonly reason: string };

const PATIENCE_MS = 30_000;
const POLL_MS = 1000;
const TIMEOUT_MS = 10_000;

export async function probeGzipJoin(options: ProbeOptions): Promise<ProbeResult> {
  const { url, queryUrl = url, auth, orgId, fetch, clock, random, patienceMs = PATIENCE_MS } = options;
  const traceIds = [randomHex(32, random), randomHex(32, random)] as const;
  const members = await Promise.all(
    traceIds.map((id) => deflateGzip(canary(id, randomHex(16, random), clock.nowMs()))),
  );
  const destination = parseDestination(url, auth);
  const signal = new AbortController().signal;
  const tenancy = orgId === undefined ? {} : { [HEADER.scopeOrgId]: orgId };
  const post = createHttpPost({
    name: 'probe',
    destination,
    path: '/v1/traces',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip', ...tenancy },
    fetch,
    timeoutMs: TIMEOUT_MS,
  });
  const outcome = await post(Buffer.concat(members), { signal });
  if (outcome.kind === 'failed') return { verdict: 'unknown', reason: outcome.result.reason };
  const pushed = tempoVerdict(outcome.answer, {
    name: 'probe',
    items: 2,
    nowMs: clock.nowMs(),
    secrets: destination.secrets,
  });
  if (pushed.status === 'permanent') return { verdict: 'unsafe', reason: pushed.reason };
  if (pushed.status !== 'ok') return { verdict: 'unknown', reason: pushed.reason };

  const query = parseDestination(queryUrl, auth);
  const headers = {
    ...(query.authorization === undefined ? {} : { authorization: query.authorization }),
    ...tenancy,
  };
  const isStored = async (id: string): Promise<boolean> => {
    try {
      const response = await fetch(`${query.url}/api/traces/${id}`, {
        headers,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      return response.status === 200;
    } catch {
      return false;
    }
  };
  const deadlineMs = clock.nowMs() + patienceMs;
  let found: readonly boolean[] = [];
  do {
    found = await Promise.all(traceIds.map(isStored));
    if (found.every(Boolean)) return { verdict: 'safe' };
    await clock.sleep(POLL_MS);
  } while (clock.nowMs() < deadlineMs);
  if (!found.some(Boolean)) {
    return {
      verdict: 'unknown',
      reason: `neither trace can be found at ${query.url}/api/traces: is it the query address of the same Tempo?`,
    };
  }
  const missing = found[0] === true ? 'second' : 'first';
  return { verdict: 'unsafe', reason: `the span in the ${missing} gzip member did not arrive` };
}

/** A request with one span that says what it is for. */
function canary(traceId: string, spanId: string, nowMs: number): Uint8Array {
  const nowNs = BigInt(nowMs) * 1_000_000n;
  const writer = new ProtoWriter();
  const resourceSpans = writer.begin(1);
  const resource = writer.begin(1);
  const attribute = writer.begin(1);
  writer.string(1, 'service.name');
  const value = writer.begin(2);
  writer.string(1, 'sluice-doctor');
  writer.end(value);
  writer.end(attribute);
  writer.end(resource);
  const scopeSpans = writer.begin(2);
  const span = writer.begin(2);
  writer.bytes(1, Buffer.from(traceId, 'hex'));
  writer.bytes(2, Buffer.from(spanId, 'hex'));
  writer.string(5, 'probe of joined gzip members');
  writer.uint(6, 1);
  writer.fixed64(7, nowNs);
  writer.fixed64(8, nowNs + 1n);
  writer.end(span);
  writer.end(scopeSpans);
  writer.end(resourceSpans);
  return writer.finish();
}

function randomHex(digits: number, random: () => number): string {
  let hex = '';
  while (hex.length < digits) hex += Math.floor(random() * 15 + 1).toString(16);
  return hex;
}
